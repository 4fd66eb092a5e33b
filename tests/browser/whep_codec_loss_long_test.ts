import { assert, assertEquals } from "@std/assert";
import { chromiumMissing } from "./chromium.ts";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import type { WhepStatistics } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const WATCH_S = IS_LONG ? 20 : 4;
const SOURCE_FPS = 30;
const LOSS = 0.03;

const ignore = chromiumMissing() || lossyNetworkMissing();

/** Encoders at a bitrate that makes some packets of each picture. */
const CODECS: Readonly<Record<string, readonly string[]>> = {
  "video/VP9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"],
  "video/AV1": ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "2M"],
  "video/VP8": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"],
};

Deno.test({ name: "what is lost of VP9, AV1 and VP8 is sent again", ignore }, async (t) => {
  // The short form looks at the first two.
  for (const [mimeType, codecArgs] of Object.entries(CODECS).slice(0, IS_LONG ? 3 : 2)) {
    await t.step(mimeType, async () => {
      const args = [`${WATCH_S}`, `${LOSS}`, ...codecArgs];
      const printed = await runInLossyNetwork(
        new URL("whep_codec_loss_watch.ts", import.meta.url),
        args,
      );
      const { before, after } = JSON.parse(printed) as Record<"before" | "after", WhepStatistics>;
      assertEquals([after.videoCodec, after.connection], [mimeType, "connected"], printed);
      assert(after.nackCount > before.nackCount, printed);
      assert(after.framesDecoded - before.framesDecoded >= 0.9 * SOURCE_FPS * WATCH_S, printed);
      // Nothing had to wait for the next key frame, two seconds later.
      assert(after.freezesS - before.freezesS < 0.5, printed);
      assertEquals(after.pliCount, before.pliCount, printed);
    });
  }
});
