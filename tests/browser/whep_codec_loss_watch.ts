/**
 * Chromium watches pictures of a codec on a network that loses packets. Prints the viewer's
 * statistics before and after, as JSON. To be run by `runInLossyNetwork` with the seconds to watch,
 * the probability of loss, and the encoder's arguments.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { encodeIvf } from "../interop/ivf.ts";
import { publishIvf } from "../interop/ivf_publisher.ts";
import { delay } from "../../testing/waiting.ts";
import { launchChromium } from "./chromium.ts";
import { setLoss } from "../../testing/network/lossy_network.ts";
import { watchByWhep } from "./whep_viewer.ts";

const [seconds, probability, ...codecArgs] = Deno.args;

const ivf = await encodeIvf(codecArgs);
await using gateway = await startGateway({ args: ["--shards", "1"] });
const at = { port: gateway.rtmpPort, app: "live", name: "lossy" };
await using _publisher = await publishIvf(ivf, at);
await using browser = await launchChromium();
setLoss(Number(probability));
const viewer = await watchByWhep(browser.page, gateway, "live/lossy", { kinds: ["video"] });
await viewer.moreFrames(60);
const before = await viewer.statistics();
await delay(Number(seconds) * 1000);
const after = await viewer.statistics();
console.log(JSON.stringify({ before, after }));
