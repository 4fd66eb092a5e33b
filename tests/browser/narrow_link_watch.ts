/**
 * Gateway, publisher of one rendition and Chromium, over a link whose width changes. Prints what the
 * viewer got in each phase, as JSON. To be run by `runInLossyNetwork` with phases such as "1000:10",
 * kilobits a second and seconds.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { launchChromium } from "./chromium.ts";
import type { LinkPhase } from "./narrow_link_phase.ts";
import { publishTwoMegabits } from "./two_megabits.ts";
import { phasesOf, watchPhase } from "./watch_phase.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/narrow";
const WIDE_KBPS = 100_000;

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishTwoMegabits(gateway, PATH);
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, WIDE_KBPS);
await using browser = await launchChromium();
await streamReady(gateway, PATH);
const viewer = await watchByWhep(browser.page, gateway, PATH);
await viewer.moreFrames(90);
const results: LinkPhase[] = [];
for (const phase of phasesOf(Deno.args)) {
  setNarrowLink(phase.kbps);
  results.push(await watchPhase(viewer, phase));
}
console.log(JSON.stringify(results));
