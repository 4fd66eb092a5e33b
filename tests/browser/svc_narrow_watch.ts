/// <reference lib="dom" />
/**
 * Gateway, a page that publishes pictures in temporal layers, and one that watches them over a link that
 * becomes narrow and wide again. Prints what was shown meanwhile, as JSON. To be run by
 * `runInLossyNetwork` with a codec.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { delay, until } from "../../testing/waiting.ts";
import { launchChromium } from "./chromium.ts";
import { noteShown } from "./simulcast_watch.ts";
import { watchByWhep } from "./whep_viewer.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/layers";
const WIDE_KBPS = 100_000;
const SETTLED_MS = 6000;
const PHASE_MS = 12_000;

const [codec, narrowPart] = Deno.args as [string, string];

await using gateway = await startGateway({ args: ["--shards", "1"] });
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, WIDE_KBPS);
await using browser = await launchChromium({ hasCamera: true });
const publisher = await publishByWhip(browser.page, gateway, PATH, {
  codec,
  scalabilityMode: "L1T3",
});
const viewer = await watchByWhep(await browser.page.context().newPage(), gateway, PATH);
await viewer.moreFrames(100);
const stream = await until("its bitrate is known", async () => {
  const found = await gateway.stream(PATH);
  return found?.bitrateBps ? found : undefined;
});
const kbps = Math.round(stream.bitrateBps! / 1000 * Number(narrowPart));
setNarrowLink(kbps);
await delay(SETTLED_MS);
const narrow = await phase();
setNarrowLink(WIDE_KBPS);
await delay(SETTLED_MS);
const wide = await phase();
console.log(JSON.stringify({ kbps, narrow, wide, sent: await publisher.statistics() }));

async function phase() {
  const shown = await noteShown(viewer.page);
  const before = await viewer.statistics();
  await delay(PHASE_MS);
  const after = await viewer.statistics();
  const described = await (await fetch(gateway.httpUrl(viewer.location))).json();
  return {
    quality: described.quality,
    framesPerS: (after.framesReceived - before.framesReceived) / PHASE_MS * 1000,
    decodedPerS: (after.framesDecoded - before.framesDecoded) / PHASE_MS * 1000,
    plis: after.pliCount - before.pliCount,
    longestGapMs: Math.max(...(await shown()).map(({ longestGapMs }) => longestGapMs)),
    link: described.link,
  };
}
