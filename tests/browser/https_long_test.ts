/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const PATIENCE_MS = 60_000;
/** Two seconds at 30 a second. */
const FRAMES = 60;

Deno.test({
  name: "the page over HTTPS plays over TLS alone, with a certificate made at start",
  ignore: chromiumMissing(),
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--tls", "self-signed"] });
    await using _publisher = publishWithFfmpeg({
      url: `rtmps://127.0.0.1:${gateway.rtmpsPort}/live/test`,
    });
    await using browser = await launchChromium({ ignoreHTTPSErrors: true });
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    const schemes = new Set<string>();
    page.on("request", (request) => schemes.add(new URL(request.url()).protocol));
    const socketUrls: string[] = [];
    page.on("websocket", (socket) => socketUrls.push(socket.url()));
    const url = `https://localhost:${gateway.httpsPort}`;
    // The list is polled: only a stream that is live is played at once.
    await until("the stream is live", async () => (await gateway.stream("live/test"))?.video);

    for (const transport of ["http-flv", "ws-flv", "webrtc"]) {
      await t.step(transport, async () => {
        await page.goto(`${url}/#live/test?via=${transport}`);
        await page.reload();
        const player = `#player[data-state="playing"][data-transport="${transport}"]`;
        await page.locator(player).waitFor();
        await page.waitForFunction((frames) => {
          const video = document.querySelector("video")!;
          return video.getVideoPlaybackQuality().totalVideoFrames >= frames;
        }, FRAMES);
      });
    }
    await t.step("nothing was asked for without TLS", () => {
      schemes.delete("blob:");
      assertEquals([...schemes], ["https:"]);
      assertEquals([...new Set(socketUrls)], [
        `${url.replace("https", "wss")}/live/test.flv?vtrack=auto`,
      ]);
      assertEquals(faults, []);
    });
    const { counters, gateway: { shardRestarts } } = await gateway.status();
    assertEquals([counters.tlsTimeouts, shardRestarts], [0, 0]);
  },
});
