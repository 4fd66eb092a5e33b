import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";
import { longForm } from "../../testing/long_form.ts";

const PATH = "live/six";
const FRAMES = 45;
const FREE_PORTS = ["rtmp", "http", "webrtc", "webtransport"].flatMap((purpose) => [
  `--${purpose}-port`,
  "0",
]);

const ignore = chromiumMissing();

/** Published, asked for and watched over IPv6. */
for (
  const { host, denoArgs, transport, used } of longForm(
    [
      { host: "::", denoArgs: ["-P=net"], transport: "any", used: "udp" },
      { host: "::", denoArgs: ["-P"], transport: "any", used: "tcp" },
      { host: "::1", denoArgs: ["-P=net"], transport: "tcp", used: "tcp" },
    ] as const,
    1,
  )
) {
  const permissions = denoArgs[0] === "-P" ? "start" : "start:net";
  const name =
    `Chromium watches over IPv6 and ${used}: host ${host}, permissions of ${permissions}`;
  Deno.test({ name, ignore }, async () => {
    await using gateway = await startGateway({
      denoArgs,
      listenArgs: ["--host", host, ...FREE_PORTS],
      args: ["--shards", "2"],
      reachedBy: "[::1]",
    });
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const viewer = await watchByWhep(browser.page, gateway, PATH, { transport });
    await viewer.moreFrames(FRAMES);
    const before = await viewer.statistics();
    await viewer.moreFrames(FRAMES);
    const after = await viewer.statistics();
    const told = JSON.stringify({ before, after });
    assertEquals([after.connection, after.transport], ["connected", used], told);
    assertEquals(after.remoteAddress, "::1", told);
    assertEquals(after.freezeCount, before.freezeCount, told);
    assert(after.audioEnergy > before.audioEnergy, told);
    assertEquals(await viewer.leave(), 200);
  });
}
