import { assertEquals, assertLess } from "@std/assert";
import { configure, reset } from "@logtape/logtape";
import { DatagramSocket, type DatagramSource } from "../../../src/shard/net/datagram_socket.ts";
import { until } from "../../../testing/waiting.ts";

const FROM: Deno.NetAddr = { transport: "udp", hostname: "192.0.2.1", port: 5000 };

/** A socket that receives and sends as a test says. */
class FakeSource implements DatagramSource {
  readonly sends: PromiseWithResolvers<number>[] = [];
  readonly #incoming: (Uint8Array | Error)[];
  readonly #ended = Promise.withResolvers<never>();

  constructor(incoming: (Uint8Array | Error)[]) {
    this.#incoming = incoming;
  }

  receive(): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
    const next = this.#incoming.shift();
    if (next === undefined) return this.#ended.promise;
    if (next instanceof Error) return Promise.reject(next);
    return Promise.resolve([next.slice(), FROM]);
  }

  send(): Promise<number> {
    const send = Promise.withResolvers<number>();
    this.sends.push(send);
    return send.promise;
  }

  close(): void {
    // Nobody may be receiving.
    this.#ended.promise.catch(() => {});
    this.#ended.reject(new Deno.errors.BadResource());
  }
}

Deno.test("DatagramSocket: one datagram that cannot be taken does not stop the others", async () => {
  const logged: unknown[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => logged.push(record) },
    loggers: [
      { category: ["sluice"], lowestLevel: "error", sinks: ["list"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
    ],
  });
  const source = new FakeSource([
    Uint8Array.of(1),
    new Deno.errors.ConnectionRefused(),
    Uint8Array.of(2),
    new Error("out of something"),
    Uint8Array.of(3),
  ]);
  const received: number[] = [];
  const socket = new DatagramSocket(source, (datagram) => {
    received.push(datagram[0]!);
    if (datagram[0] === 1) throw new Error("a defect");
  }, () => {});
  const running = socket.run();
  await until("all are received", () => received.length === 3);
  assertEquals([received, logged.length], [[1, 2, 3], 1]);
  socket.close();
  await running;
  await reset();
});

Deno.test("DatagramSocket: there is room for as many sends as may be under way", async () => {
  const source = new FakeSource([]);
  let failed = 0;
  const socket = new DatagramSocket(source, () => {}, () => failed++);
  for (let at = 0; at < 16; at++) {
    assertEquals(socket.room(), undefined);
    socket.send(Uint8Array.of(at), FROM);
  }
  const room = socket.room();
  let hasRoom = false;
  const waiting = room!.then(() => hasRoom = true);
  source.sends[0]!.reject(new Deno.errors.NetworkUnreachable());
  await waiting;
  assertEquals([hasRoom, failed, socket.room()], [true, 1, undefined]);
  socket.close();
  socket.send(Uint8Array.of(1), FROM);
  assertEquals(source.sends.length, 16);
});

Deno.test("DatagramSocket: datagrams that are always there leave the thread to others", async () => {
  const endMs = performance.now() + 60_000;
  const source = new FakeSource([]);
  source.receive = () => {
    if (performance.now() > endMs) return Promise.reject(new Deno.errors.BadResource());
    return Promise.resolve([new Uint8Array(20), FROM]);
  };
  let received = 0;
  const socket = new DatagramSocket(source, () => received++, () => {});
  const running = socket.run();
  await until("many have come", () => received > 1000);
  assertLess(performance.now(), endMs, "all had to wait for their end");
  await socket.close();
  await running;
});
