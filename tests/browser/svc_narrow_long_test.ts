/** A WebRTC viewer of pictures in temporal layers, over a link that does not carry all of them. */
import { assert, assertEquals } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { chromiumMissing } from "./chromium.ts";

const ignore = chromiumMissing() || lossyNetworkMissing();

/** How wide the link is, by what sound and pictures take together: the lower layers of VP9 take more. */
const NARROW_PARTS = [["VP8", "0.85"], ["VP9", "0.95"]] as const;

for (const [codec, part] of NARROW_PARTS) {
  Deno.test(
    { name: `a narrow link carries the lower layers of ${codec}, evenly`, ignore },
    async () => {
      const watch = new URL("svc_narrow_watch.ts", import.meta.url);
      const told = await runInLossyNetwork(watch, [codec, part]);
      const { narrow, wide } = JSON.parse(told);
      assertEquals(narrow.quality, "referenced", told);
      // Every picture that is sent can be decoded.
      assertEquals([narrow.plis, wide.plis], [0, 0], told);
      assert(narrow.framesPerS > 4 && narrow.framesPerS < 0.8 * wide.framesPerS, told);
      assert(narrow.longestGapMs < 600, told);
    },
  );
}
