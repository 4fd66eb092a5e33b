import { assertEquals } from "@std/assert";
import { ClientInput } from "../../../src/shard/http/client_input.ts";
import type { PeerConn } from "../../../src/shard/net/connection_listener.ts";
import { TimeSlice } from "../../../src/shard/time_slice.ts";

Deno.test("what comes between a look and a read is not waited for once more", async () => {
  const reads: PromiseWithResolvers<number | null>[] = [];
  const conn = {
    read: () => {
      const reading = Promise.withResolvers<number | null>();
      reads.push(reading);
      return reading.promise;
    },
  };
  const taken: number[] = [];
  const input = new ClientInput(
    conn as unknown as PeerConn,
    new TimeSlice().share("one peer"),
    ({ length }) => taken.push(length),
  );
  // One that only wants to know whether the client is there, while it is answered.
  const watching = input.read(input.pieces);
  const { pieces } = input;
  assertEquals(taken, []);
  reads[0]!.resolve(10);
  assertEquals(await watching, true);
  assertEquals([await input.read(pieces), taken, reads.length], [true, [10], 1]);
  const next = input.read(input.pieces);
  assertEquals(reads.length, 2);
  reads[1]!.resolve(null);
  assertEquals(await next, false);
});
