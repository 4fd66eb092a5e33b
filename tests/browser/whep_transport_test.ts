/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { SessionDescription } from "../../src/shard/webrtc/session.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";
import { longForm } from "../../testing/long_form.ts";

const PATH = "live/transport";

const ignore = chromiumMissing();

for (const transport of longForm(["any", "tcp"] as const, 1)) {
  const name = `Chromium tells when each packet came, over ${transport === "any" ? "udp" : "tcp"}`;
  Deno.test({ name, ignore }, async () => {
    await using gateway = await startGateway({ args: ["--webrtc-feedback", "twcc"] });
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
    await using browser = await launchChromium();
    const { page } = browser;
    await streamReady(gateway, PATH);
    const viewer = await watchByWhep(page, gateway, PATH, { transport });
    const description = async () => {
      const response = await fetch(gateway.httpUrl(viewer.location));
      return await response.json() as SessionDescription;
    };
    const { reception, packetsSent } = await until("two seconds are told of", async () => {
      const told = await description();
      return told.reception?.transport?.queueingTrendMs === undefined ? undefined : told;
    });
    const told = reception!.transport!;
    console.log(`${packetsSent} packets: ${JSON.stringify(told)}`);
    assert(told.feedbackCount >= 10);
    assert(told.reportedCount > packetsSent / 2 && told.reportedCount <= packetsSent);
    assertEquals(told.lostCount, 0);
    assert(told.receivedBitrateBps! > 100_000);
    assert(told.queueingDelayMs! < 100);
    await until("it shows pictures, and is heard", async () => {
      const { framesDecoded, concealedSamples, audioSamples } = await viewer.statistics();
      return framesDecoded > 30 && audioSamples > 48_000 && concealedSamples < audioSamples / 2;
    });
    const { counters } = await gateway.status();
    assertEquals(counters.webrtcAuthenticationFailures, 0);
    await viewer.leave();
  });
}
