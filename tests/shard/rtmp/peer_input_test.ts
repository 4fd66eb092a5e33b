import { assertEquals, assertRejects } from "@std/assert";
import { PeerInput } from "../../../src/shard/rtmp/peer_input.ts";

/** A peer that sends what it is told to, when it is told to. */
function peer() {
  const reads: PromiseWithResolvers<Uint8Array | null>[] = [];
  const conn = {
    async read(buffer: Uint8Array) {
      const read = Promise.withResolvers<Uint8Array | null>();
      reads.push(read);
      const bytes = await read.promise;
      if (bytes !== null) buffer.set(bytes);
      return bytes && bytes.length;
    },
  };
  const take = () => reads.shift()!;
  return {
    input: new PeerInput(conn),
    reads,
    send: (...bytes: number[]) => take().resolve(Uint8Array.from(bytes)),
    close: () => take().resolve(null),
    lose: () => take().reject(new Deno.errors.ConnectionReset("test")),
  };
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

async function readFrom(input: PeerInput, size = 10): Promise<number[] | null> {
  const buffer = new Uint8Array(size);
  const length = await input.read(buffer);
  return length === null ? null : [...buffer.subarray(0, length)];
}

Deno.test("PeerInput: what was read ahead is given before anything is waited for", async () => {
  const { input, send, close } = peer();
  const work = Promise.withResolvers<void>();
  const waiting = input.during(work.promise);
  send(1, 2, 3);
  await settled();
  work.resolve();
  await waiting;
  // A read is still going on, of what may never come.
  assertEquals(await readFrom(input, 2), [1, 2]);
  assertEquals(await readFrom(input, 2), [3]);
  const next = readFrom(input);
  send(4);
  assertEquals(await next, [4]);
  const last = readFrom(input);
  await settled();
  close();
  assertEquals(await last, null);
});

Deno.test("PeerInput: who leaves while something is waited for is noticed", async () => {
  const gone = peer();
  const never = new Promise<void>(() => {});
  const waiting = gone.input.during(never);
  gone.send(1);
  await settled();
  gone.close();
  await waiting;
  assertEquals(gone.input.isOver, true);
  assertEquals([await readFrom(gone.input), await readFrom(gone.input)], [[1], null]);
  const lost = peer();
  const waitingFor = lost.input.during(never);
  lost.lose();
  await waitingFor;
  await assertRejects(() => readFrom(lost.input), Deno.errors.ConnectionReset);
});

Deno.test("PeerInput: what comes byte by byte takes no memory of its own for each", async () => {
  let sent = 0;
  const input = new PeerInput({
    read(buffer) {
      if (sent === 16 * 1024) return Promise.resolve(null);
      buffer[0] = sent++;
      return Promise.resolve(1);
    },
  });
  const work = Promise.withResolvers<void>();
  const waiting = input.during(work.promise);
  while (sent < 16 * 1024) await settled();
  work.resolve();
  await waiting;
  const all = await readFrom(input, 32 * 1024);
  assertEquals([all?.length, all?.at(-1)], [16 * 1024, 255]);
  assertEquals(await readFrom(input), null);
});

Deno.test("PeerInput: only so much is read ahead, and what fails is told", async () => {
  const { input, reads, send } = peer();
  const work = Promise.withResolvers<void>();
  const waiting = input.during(work.promise);
  for (let piece = 0; piece < 4; piece++) {
    send(...new Array(4096).fill(piece));
    await settled();
  }
  assertEquals(reads.length, 0);
  work.reject(new Error("test"));
  await assertRejects(() => waiting, Error, "test");
});
