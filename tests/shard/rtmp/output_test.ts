import { assert, assertEquals } from "@std/assert";
import { ServerSession } from "../../../src/rtmp/session/server_session.ts";
import { RtmpOutput } from "../../../src/shard/rtmp/output.ts";
import { clientAnswer, clientHello, ClientMessages } from "../../../testing/rtmp/client.ts";

/** A connection that takes what it is given when the test says so. */
class TestConn {
  readonly written: Uint8Array[] = [];
  #resolve: ((length: number) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #piece: Uint8Array = new Uint8Array(0);

  write(piece: Uint8Array): Promise<number> {
    assert(this.#resolve === undefined, "one write at a time");
    this.#piece = piece;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isWriting(): boolean {
    return this.#resolve !== undefined;
  }

  /** Takes `length` bytes of what is being written, by default all of them. */
  async take(length = this.#piece.length): Promise<void> {
    this.written.push(this.#piece.slice(0, length));
    const resolve = this.#resolve!;
    this.#resolve = undefined;
    resolve(length);
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#reject!(error);
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await undefined;
}

/** A source of pieces of one byte each. */
class TestSource {
  readonly #pieces: number[];

  constructor(...pieces: readonly number[]) {
    this.#pieces = [...pieces];
  }

  add(...pieces: readonly number[]): void {
    this.#pieces.push(...pieces);
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    const piece = this.#pieces.shift();
    return piece === undefined ? undefined : Uint8Array.of(piece);
  }
}

const PING = { kind: "userControl", eventType: 6, data: new Uint8Array(4) } as const;

function open() {
  const session = new ServerSession({ random: (length) => new Uint8Array(length) });
  session.push(clientHello());
  session.push(clientAnswer());
  session.takeOutput();
  const conn = new TestConn();
  const lost: unknown[] = [];
  const output = new RtmpOutput(conn, session, {
    lost: (error) => void lost.push(error),
    sent: () => {},
  });
  /** Makes the session have something to say: the answer to a ping. */
  const ping = () => {
    session.push(new ClientMessages().send(PING).take());
    session.next();
  };
  return { session, conn, lost, output, ping };
}

Deno.test("RtmpOutput: sources take turns, and what the session says goes between their pieces", async () => {
  const { conn, output, ping } = open();
  const [first, second] = [new TestSource(1, 2, 3), new TestSource(11)];
  output.add(first);
  output.add(second);
  output.wake();
  await conn.take();
  ping();
  output.wake();
  while (conn.isWriting) await conn.take();
  const told = conn.written.map((piece) => piece.length === 1 ? piece[0] : "pong");
  assertEquals(told, [11, 1, "pong", 2, 3]);
  // It sleeps until it is woken.
  second.add(12);
  assertEquals(conn.isWriting, false);
  output.remove(first);
  first.add(4);
  output.wake();
  while (conn.isWriting) await conn.take();
  assertEquals(conn.written.at(-1), Uint8Array.of(12));
});

Deno.test("RtmpOutput: what is taken in parts is sent in order, before all else", async () => {
  const { conn, output, ping } = open();
  const piece = Uint8Array.from({ length: 10 }, (_, at) => at);
  let pieces = 1;
  output.add({ next: () => pieces-- > 0 ? piece : undefined });
  output.wake();
  await conn.take(3);
  ping();
  output.wake();
  await conn.take(0);
  await conn.take(6);
  await conn.take();
  const sent = conn.written.flatMap((part) => [...part]);
  assertEquals(sent, [...piece]);
  await conn.take();
  assertEquals(conn.isWriting, false);
});

Deno.test("RtmpOutput: what a source says at its end is sent, and idle waits for it", async () => {
  const { conn, output, ping } = open();
  const source = {
    next() {
      output.remove(source);
      ping();
      output.wake();
      return undefined;
    },
  };
  output.add(source);
  output.wake();
  assert(conn.isWriting);
  let isIdle = false;
  const idle = output.idle().then(() => isIdle = true);
  await settled();
  assertEquals(isIdle, false);
  await conn.take();
  await idle;
});

Deno.test("RtmpOutput: is stuck as long as nothing is taken", async () => {
  const { conn, output } = open();
  const source = new TestSource(1, 2);
  output.add(source);
  output.wake();
  // What has begun since it was last looked at counts from now on: it may have begun just now.
  assertEquals(output.stuckMs(100_000), 0);
  assertEquals(output.stuckMs(101_000), 1000);
  assertEquals(output.stuckMs(102_000), 2000);
  await conn.take();
  assertEquals(output.stuckMs(103_000), 0);
  assertEquals(output.stuckMs(104_000), 1000);
  await conn.take();
  assertEquals(output.stuckMs(160_000), 0);
  source.add(3);
  output.wake();
  assertEquals(output.stuckMs(200_000), 0);
  assertEquals(output.stuckMs(201_000), 1000);
});

Deno.test("RtmpOutput: a peer that does not read is read no further once enough waits for it", async () => {
  const { session, conn, output, ping } = open();
  output.add(new TestSource(1));
  output.wake();
  await output.room();
  while (session.outputLength <= 16 * 1024) ping();
  let hasRoom = false;
  const room = output.room().then(() => hasRoom = true);
  await settled();
  assertEquals(hasRoom, false);
  await conn.take();
  await room;
});

Deno.test("RtmpOutput: ends with the connection", async () => {
  const { conn, lost, output, ping } = open();
  output.add(new TestSource(1, 2));
  output.wake();
  const idle = output.idle();
  const error = new Error("gone");
  await conn.fail(error);
  await idle;
  assertEquals(lost, [error]);
  ping();
  output.wake();
  await output.room();
  await output.idle();
  assertEquals(conn.written, []);
});
