import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { delay } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import {
  PAINTED_FPS,
  paintedMoments,
  publishPainted,
  sendPainted,
  startPainting,
} from "./painted_pictures.ts";
import {
  latenessMs,
  median,
  notedPaintings,
  notePaintings,
  soundAfterPictureMs,
} from "./painted_watch.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/painted";
const SETTLE_MS = 3000;
const WATCH_MS = 20_000;

/** What is wished for, and what a busy machine may make of it. */
const BAR_MS = 40;
const MAX_LATER_MS = 5 * BAR_MS;

/** What viewers do not notice (ITU-R BT.1359-1), and twice that for a busy machine. */
const SOUND_BAR_MS = 45;
const MAX_DIFFERENCE_MS = 2 * SOUND_BAR_MS;

interface Shown {
  readonly lateMs: number;
  readonly soundMs: number;
}

const ignore = chromiumMissing();

for (
  const { codec, hasSound } of [
    { codec: "H264", hasSound: true },
    { codec: "H264", hasSound: false },
    { codec: "VP8", hasSound: true },
  ]
) {
  const what = `${codec} ${hasSound ? "with" : "without"} sound`;
  Deno.test(
    {
      name: `from browser to browser by WHIP and WHEP, beside a direct connection: ${what}`,
      ignore,
    },
    async () => {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      await using browser = await launchChromium({ hasCamera: true });
      const { page } = browser;
      const viewer = await page.context().newPage();
      await startPainting(page, gateway, { hasSound });
      await publishPainted(page, PATH, { codec });
      await streamReady(gateway, PATH);
      const kinds = hasSound ? ["audio", "video"] as const : ["video"] as const;
      const watching = await watchByWhep(viewer, gateway, PATH, { kinds });
      await sendPainted(page, viewer, codec);
      await watching.moreFrames(PAINTED_FPS * SETTLE_MS / 1000);
      for (const connection of ["whep", "direct"] as const) {
        await notePaintings(viewer, connection);
      }
      await delay(WATCH_MS);
      const noted = await notedPaintings(viewer, "whep");
      const notedDirectly = await notedPaintings(viewer, "direct");
      const moments = await paintedMoments(page);
      const [byGateway, directly] = [noted, notedDirectly].map((noted) => {
        assertEquals(noted.damaged, []);
        const shownMs = latenessMs(noted, moments);
        assert(shownMs.length > 0.5 * PAINTED_FPS * WATCH_MS / 1000, `${shownMs.length} pictures`);
        return { lateMs: median(shownMs), soundMs: median(soundAfterPictureMs(noted, moments)) };
      }) as [Shown, Shown];
      const laterMs = byGateway.lateMs - directly.lateMs;
      console.log(
        `Camera to shown picture, ${what}, p50: ${
          byGateway.lateMs.toFixed(0)
        } ms by the gateway, ` +
          `${directly.lateMs.toFixed(0)} ms directly, ${
            laterMs.toFixed(0)
          } ms more (bar ${BAR_MS}); ` +
          `sound after its picture ${byGateway.soundMs.toFixed(0)} and ` +
          `${directly.soundMs.toFixed(0)} ms (bar ${SOUND_BAR_MS})`,
      );
      assert(laterMs <= MAX_LATER_MS, `${laterMs} ms`);
      if (hasSound) {
        assert(Math.abs(byGateway.soundMs) <= MAX_DIFFERENCE_MS, `${byGateway.soundMs} ms`);
      }
    },
  );
}
