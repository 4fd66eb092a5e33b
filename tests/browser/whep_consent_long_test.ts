import { assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/consent";
/** Media stop after so long without an answer to a check of the gateway's. */
const CONSENT_MS = 3000;
const FRAMES_PER_SECOND = 30;

for (const transport of ["any", "tcp"] as const) {
  const name = `Chromium answers the gateway's checks, over ${transport === "any" ? "udp" : "tcp"}`;
  Deno.test({ name, ignore: chromiumMissing() }, async () => {
    const config = { timeouts: { consentMs: CONSENT_MS } };
    await using gateway = await startGateway({ args: ["--shards", "1"], config });
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const viewer = await watchByWhep(browser.page, gateway, PATH, { transport });
    await viewer.moreFrames(2 * CONSENT_MS / 1000 * FRAMES_PER_SECOND);
    assertEquals((await viewer.statistics()).transport, transport === "any" ? "udp" : "tcp");
    assertEquals((await gateway.status()).counters.webrtcConsentsLost, 0);
    await viewer.leave();
  });
}
