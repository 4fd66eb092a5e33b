/**
 * Gateway, publisher and Chromium, on a network that loses packets. Prints how late pictures were
 * shown without and with sound, as JSON. To be run by `runInLossyNetwork` with the probability of
 * loss, the pictures before it counts, and the milliseconds to watch for.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { launchChromium } from "./chromium.ts";
import { setLoss } from "../../testing/network/lossy_network.ts";
import { publishNumbered, watchNumbered } from "./numbered_pictures.ts";
import { streamReady } from "./whep_viewer.ts";

/** What is printed. */
export interface WatchedLatencies {
  readonly withoutSoundMs: readonly number[];
  readonly withSoundMs: readonly number[];
  readonly counters: Readonly<Record<string, number>>;
}

const PATH = "live/latency";
const [probability = 0, settlingFrames = 0, watchMs = 0] = Deno.args.map(Number);

const launching = launchChromium();
await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishNumbered(gateway, PATH);
await using browser = await launching;
await streamReady(gateway, PATH);
setLoss(probability);
const watch = (kinds: readonly ("audio" | "video")[]) =>
  watchNumbered(browser.page, gateway, PATH, { kinds, settlingFrames, watchMs });
const withoutSoundMs = await watch(["video"]);
const withSoundMs = await watch(["audio", "video"]);
const { counters } = await gateway.status();
const watched: WatchedLatencies = { withoutSoundMs, withSoundMs, counters };
console.log(JSON.stringify(watched));
