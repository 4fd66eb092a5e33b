/**
 * Gateway, publisher and Chromium, on a network that loses more and more. Prints the viewer's
 * statistics before, between and after phases, as JSON. To be run by `runInLossyNetwork` with the
 * seconds of a phase and the probabilities of loss in each.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay } from "../../testing/waiting.ts";
import { launchChromium } from "./chromium.ts";
import { setLoss } from "../../testing/network/lossy_network.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/lossy";
const [phaseS = 0, ...probabilities] = Deno.args.map(Number);

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
await using browser = await launchChromium();
await streamReady(gateway, PATH);
setLoss(probabilities[0] ?? 0);
const viewer = await watchByWhep(browser.page, gateway, PATH);
await viewer.moreFrames(60);
const statistics = [await viewer.statistics()];
for (const probability of probabilities) {
  setLoss(probability);
  await delay(phaseS * 1000);
  statistics.push(await viewer.statistics());
}
const { counters } = await gateway.status();
console.log(JSON.stringify({ statistics, counters }));
