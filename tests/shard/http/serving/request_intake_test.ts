import { assertEquals } from "@std/assert";
import { allocateCounters, Counters } from "../../../../src/metrics/counters.ts";
import { RequestIntake } from "../../../../src/shard/http/serving/request_intake.ts";
import type { PeerConn } from "../../../../src/shard/net/connection_listener.ts";
import type { TimeShare } from "../../../../src/shard/time_slice.ts";
import { openMemory } from "../../open_memory.ts";

const REQUEST = new TextEncoder().encode("GET /next HTTP/1.1\r\nHost: here\r\n\r\n");

/** All that was waiting for a promise that is settled has gone on. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a request that a read takes which was begun before is not waited for once more", async () => {
  const reads: PromiseWithResolvers<number>[] = [];
  const conn = {
    read(buffer: Uint8Array) {
      buffer.set(REQUEST);
      reads.push(Promise.withResolvers());
      return reads.at(-1)!.promise;
    },
  };
  const pauses: PromiseWithResolvers<void>[] = [];
  const share = {
    begin() {},
    pause() {
      pauses.push(Promise.withResolvers());
      return pauses.at(-1)!.promise;
    },
  };
  const intake = new RequestIntake({
    conn: conn as unknown as PeerConn,
    share: share as unknown as TimeShare,
    counters: new Counters(allocateCounters(1), 0),
    memory: openMemory(),
    holder: 0,
    begun() {},
    goOn: () => Promise.resolve(),
    permits: () => Promise.resolve(true),
  });
  // As while the request before it was answered.
  const watching = intake.watch(() => reads.length < 1);
  const next = intake.next();
  // Others have the thread now, and meanwhile all that the client sends comes.
  reads[0]!.resolve(REQUEST.length);
  await settled();
  pauses[1]!.resolve();
  assertEquals(await watching, true);
  pauses[0]!.resolve();
  await settled();
  assertEquals(reads.length, 1);
  pauses[2]!.resolve();
  assertEquals((await next)?.target, "/next");
});
