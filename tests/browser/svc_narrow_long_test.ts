/** A WebRTC viewer of pictures in temporal layers, over a link that does not carry all of them. */
import { assert, assertEquals } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { chromiumMissing } from "./chromium.ts";

const ignore = chromiumMissing() || lossyNetworkMissing();

/** Of what sound and pictures take together. */
const NARROW_PART = "0.7";

for (const codec of ["VP8", "VP9", "AV1"]) {
  Deno.test(
    { name: `a narrow link carries the lower layers of ${codec}, evenly`, ignore },
    async () => {
      const watch = new URL("svc_narrow_watch.ts", import.meta.url);
      const told = await runInLossyNetwork(watch, [codec, NARROW_PART]);
      const { narrow, wide } = JSON.parse(told);
      assertEquals(narrow.quality, "referenced", told);
      // Every picture that is sent can be decoded.
      assertEquals([narrow.plis, wide.plis], [0, 0], told);
      assert(narrow.framesPerS > 4 && narrow.framesPerS < 0.8 * wide.framesPerS, told);
      assert(narrow.longestGapMs < 600, told);
    },
  );
}
