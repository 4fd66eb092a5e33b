import { assertLess } from "@std/assert";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { fromHex } from "../../testing/mutation.ts";

/** H.264 with one SPS and one PPS. */
const CONFIGURATION = fromHex("17 00 000000 01 4d400a ff e1 0004 674d0001 01 0002 68ee");

/** A message of so many parameter sets, none like another. */
function messageOfSets(count: number, salt: number): Uint8Array {
  const sets = Array.from({ length: count }, (_, at) => {
    return [0, 0, 0, 6, 0x67, 0x4d, 0x40, at & 255, at >> 8, salt & 255];
  });
  return Uint8Array.from([0x17, 1, 0, 0, 0, ...sets.flat()]);
}

/** The least that one of many such messages takes: others may have had the processor meanwhile. */
function leastMs(count: number): number {
  const publication = new Publication(
    new LogWriter(LogWriter.allocate(1 << 20), { windowMs: 10_000 }),
    { trackSettleMs: 1000 },
  );
  publication.video(0, CONFIGURATION, 0);
  let least = Infinity;
  for (let round = 0; round < 200; round++) {
    const message = messageOfSets(count, round);
    const startedMs = performance.now();
    publication.video(round, message, round);
    least = Math.min(least, performance.now() - startedMs);
  }
  return least;
}

Deno.test("Publication: what a message of parameter sets costs is bounded, however many there are", () => {
  // Each is looked at and compared with all that are known; a picture has ten at most.
  assertLess(leastMs(1000), 50 * Math.max(leastMs(2), 0.005));
});
