/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/camera";
const ignore = chromiumMissing();

/** Within so long a page knows of the end: without being told, it takes Chromium seven seconds. */
const MAX_KNOWN_MS = 1000;

const WITH_VIEWER = { ignore, sanitizeOps: false, sanitizeResources: false };

async function publishing(drainSeconds: number) {
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(
    await startGateway({ args: ["--shards", "1", "--drain-seconds", `${drainSeconds}`] }),
  );
  const { page } = stack.use(await launchChromium({ hasCamera: true }));
  await publishByWhip(page, gateway, PATH, { codec: "VP8" });
  await until("it is live", async () => (await gateway.stream(PATH))?.video?.width);
  return { gateway, page, stack: stack.move() };
}

Deno.test({
  name: "Chromium publishes on while the gateway is drained, and knows at once of its end",
  ...WITH_VIEWER,
  fn: async () => {
    const { gateway, page, stack } = await publishing(3);
    await using _ = stack;
    await using viewer = await WhepViewer.open(gateway, {
      path: PATH,
      offer: (sdp) => sdp.replaceAll("H264/", "VP8/"),
    });
    const heard = () => viewer.isConnected ? viewer.audio?.packets.length ?? 0 : 0;
    await until("it is heard", () => heard() > 20);
    await page.evaluate(() => {
      // deno-lint-ignore no-explicit-any
      const { peer } = (globalThis as any).whip;
      // Its connectionState follows where ICE has found out by itself.
      const { transport } = peer.getSenders()[0];
      transport.onstatechange = () => console.log(transport.state);
    });
    const changes: { readonly text: string; readonly atMs: number }[] = [];
    page.on("console", (message) => {
      changes.push({ text: message.text(), atMs: performance.now() });
    });
    const stopping = gateway.stop("SIGTERM");
    await until("it is drained", () => gateway.output().includes("Draining: "));
    const before = heard();
    await until("it is heard still", () => heard() > before + 50);
    assertEquals(changes, []);
    assertEquals((await stopping).code, 0);
    const endedMs = performance.now();
    const { text, atMs } = await until("the page knows", () => changes[0]);
    assertEquals(text, "closed");
    assert(atMs - endedMs < MAX_KNOWN_MS, `${text} after ${Math.round(atMs - endedMs)} ms`);
  },
});

Deno.test({
  name: "a page that leaves while the gateway is drained is not waited for",
  ...WITH_VIEWER,
  fn: async () => {
    const { gateway, page, stack } = await publishing(60);
    await using _ = stack;
    const stopping = gateway.stop("SIGTERM");
    await until("it is drained", () => gateway.output().includes("Draining: "));
    // The ports are closed: it says so where its media go.
    // deno-lint-ignore no-explicit-any
    await page.evaluate(() => (globalThis as any).whip.peer.close());
    const leftMs = performance.now();
    assertEquals((await stopping).code, 0);
    const tookMs = performance.now() - leftMs;
    assert(tookMs < 3000, `it has waited for ${Math.round(tookMs)} ms`);
  },
});
