/**
 * Gateway, publisher and Chromium, whose viewer shares a link with so many others that they fill most
 * of it; it loses packets. Prints how late pictures were shown without and with sound, as JSON. To be
 * run by `runInLossyNetwork` with the kilobits a second of the link, the bytes of its queue, the number
 * of the others, the probability of loss, the pictures before it counts, and the milliseconds to watch.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink } from "../../testing/network/narrow_link.ts";
import { setLoss } from "../../testing/network/lossy_network.ts";
import { launchChromium } from "./chromium.ts";
import type { FillerOrder } from "./link_fillers.ts";
import { publishNumberedAt2Mbps, watchNumbered } from "./numbered_pictures.ts";
import type { WatchedLatencies } from "./whep_latency_watch.ts";
import { streamReady } from "./whep_viewer.ts";

const PATH = "live/full";
const [kbps = 0, queueBytes = 0, others = 0, probability = 0, settlingFrames = 0, watchMs = 0] =
  Deno
    .args.map(Number);

const launching = launchChromium();
await using gateway = await startGateway({
  args: ["--shards", "1"],
  config: { limits: { webrtcViewersPerAddress: 1000, webrtcNewcomersPerAddress: 500 } },
});
await using _publisher = publishNumberedAt2Mbps(gateway, PATH);
await using browser = await launching;
await streamReady(gateway, PATH);
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, kbps, queueBytes);
const order: FillerOrder = { origin: gateway.httpUrl(""), path: PATH, count: others };
const fillers = new Worker(new URL("link_fillers.ts", import.meta.url), {
  type: "module",
  name: JSON.stringify(order),
});
const filled = new Promise<void>((resolve, reject) => {
  fillers.onmessage = () => resolve();
  fillers.onerror = ({ message }) => reject(new Error(message));
});
await filled;
setLoss(probability);
const watch = (kinds: readonly ("audio" | "video")[]) =>
  watchNumbered(browser.page, gateway, PATH, { kinds, settlingFrames, watchMs });
const withoutSoundMs = await watch(["video"]);
const withSoundMs = await watch(["audio", "video"]);
fillers.terminate();
const { counters } = await gateway.status();
const watched: WatchedLatencies = { withoutSoundMs, withSoundMs, counters };
console.log(JSON.stringify(watched));
