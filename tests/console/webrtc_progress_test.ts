import { assertEquals } from "@std/assert";
import { WebRtcProgress } from "../../src/console/webrtc_progress.js";

/** Whether there was progress at each look, of frames decoded, packets of pictures, and samples. */
function follow(looks: readonly (readonly (number | undefined)[])[]): boolean[] {
  const progress = new WebRtcProgress();
  return looks.map(([framesDecoded, videoPackets, audibleSamples]) => {
    const before = progress.position;
    progress.take({ framesDecoded, videoPackets, audibleSamples });
    return progress.position > before;
  });
}

Deno.test("WebRtcProgress: pictures that are decoded", () => {
  assertEquals(
    follow([[0, 0, 0], [1, 10, 0], [30, 300, 0], [30, 300, 0], [31, 310, 0]]),
    [false, true, true, false, true],
  );
});

Deno.test("WebRtcProgress: pictures that arrive and are not decoded are none, whatever is heard", () => {
  assertEquals(
    follow([[30, 300, 48_000], [30, 400, 96_000], [30, 500, 144_000], [31, 510, 150_000]]),
    [true, false, false, true],
  );
});

Deno.test("WebRtcProgress: where no pictures arrive, sound is progress", () => {
  assertEquals(
    follow([[30, 300, 48_000], [30, 300, 96_000], [30, 300, 96_000]]),
    [true, true, false],
  );
  assertEquals(
    follow([[undefined, undefined, 0], [undefined, undefined, 960], [undefined, undefined, 960]]),
    [false, true, false],
  );
  assertEquals(follow([[], []]), [false, false]);
});
