import { assert, assertEquals } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { type GatewayOptions, startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { inOneWindow } from "./smooth_window.ts";
import { streamReady, watchByWhep, type WhepOptions } from "./whep_viewer.ts";

const PATH = "live/tcp";
/** A second and a half. */
const MORE_FRAMES = 45;

const ignore = chromiumMissing();

/** Ports that the profile of `deno task start:strict` grants, which its flags' defaults are. */
const STRICT_PORTS = project.permissions.strict.net.map((address) => Number(address.split(":")[1]));

function areStrictPortsBusy(): boolean {
  const busy = STRICT_PORTS.filter((port) => {
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return false;
    } catch {
      return true;
    }
  });
  if (busy.length === 0) return false;
  const message = `WHEP under "start:strict" needs port ${busy.join(", ")}, which another has`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(`Cannot test: ${message}`);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return true;
}

Deno.test({
  name: "Chromium watches over TCP under the permissions of `deno task start:strict`",
  ignore: ignore || areStrictPortsBusy(),
  fn: () => assertPlaysOverTcp({ denoArgs: ["-P=strict"], listenArgs: [] }, { transport: "any" }),
});

Deno.test({
  name: "Chromium watches over TCP where it cannot use UDP",
  ignore,
  fn: () => assertPlaysOverTcp({}, { transport: "tcp" }),
});

async function assertPlaysOverTcp(gatewayOptions: GatewayOptions, options: WhepOptions) {
  await using gateway = await startGateway({ ...gatewayOptions, args: ["--shards", "2"] });
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
  await using browser = await launchChromium();
  await streamReady(gateway, PATH);
  const viewer = await watchByWhep(browser.page, gateway, PATH, options);
  await viewer.moreFrames(MORE_FRAMES);
  await inOneWindow(async () => {
    const before = await viewer.statistics();
    await viewer.moreFrames(MORE_FRAMES);
    const after = await viewer.statistics();
    const told = JSON.stringify({ before, after });
    assertEquals([after.connection, after.transport], ["connected", "tcp"], told);
    assertEquals(after.freezeCount, before.freezeCount, told);
    assertEquals([after.videoPacketsLost, after.audioPacketsLost], [0, 0], told);
    assertEquals(after.pliCount, before.pliCount, told);
    assert(after.audioEnergy > before.audioEnergy, told);
    const samples = after.audioSamples - before.audioSamples;
    assert(after.concealedSamples - before.concealedSamples < samples / 1000, told);
  });
  assertEquals(await viewer.leave(), 200);
  await until("no viewer is left", async () => {
    return (await gateway.stream(PATH))?.webrtc.viewers === 0;
  });
}
