/**
 * Chromium publishes by WHIP, and another page of it watches by WHEP, while both restart ICE, and while
 * the network goes over which they are, whereupon they restart it too. Prints for how long media stood
 * still, as JSON. To be run by `runInLossyNetwork`.
 */
import { loseFirstWay, openSecondWay, SERVER_ADDRESS } from "../../testing/network/two_networks.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { launchChromium } from "./chromium.ts";
import { longestStillMs, restartIce } from "./ice_restart.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/moving";
/** What the page watches: it does not stand still where the publisher does. */
const WATCHED_PATH = "live/watched";
const WATCH_MS = 8000;

/** What is measured of one change. */
export interface StillTimes {
  /** Statuses of PATCH. */
  readonly statuses: readonly number[];
  /** Of the publisher's packets, at a viewer whose network does not change. */
  readonly publisherMs: number;
  /** Of pictures in the page that watches. */
  readonly viewerMs: number;
  /** Where both come from. */
  readonly addresses: readonly string[];
}

openSecondWay();
await using gateway = await startGateway({
  listenArgs: ["--host", "0.0.0.0", "--rtmp-port", "0", "--http-port", "0", "--webrtc-port", "0"],
  args: ["--public-ip", SERVER_ADDRESS, "--shards", "1"],
});
await using browser = await launchChromium({ hasCamera: true });
await publishByWhip(browser.page, gateway, PATH, { codec: "H264" });
await until("it is live", async () => (await gateway.stream(PATH))?.video?.width);
await using _other = publishWithFfmpeg({ url: gateway.rtmpUrl(WATCHED_PATH), size: "320x180" });
await streamReady(gateway, WATCHED_PATH);
const page = await browser.page.context().newPage();
await page.goto(gateway.httpUrl("/healthz"));
// Chromium looks at all networks of who may use the microphone.
await page.evaluate(() => navigator.mediaDevices.getUserMedia({ audio: true }));
const watching = await watchByWhep(page, gateway, WATCHED_PATH);
await watching.moreFrames(60);
await using fixed = await WhepViewer.join(gateway, { path: PATH });
await until("it is seen", () => fixed.video!.packets.length > 60);

const results: Record<string, StillTimes> = {};
for (const [name, change] of Object.entries({ restart: restartBoth, loss: loseNetwork })) {
  const { packets } = fixed.video!;
  const from = packets.length;
  const watched = longestStillMs(page, WATCH_MS);
  await delay(1000);
  const statuses = await change();
  const viewerMs = await watched;
  results[name] = {
    statuses,
    publisherMs: pauseMs(packets.slice(from - 1).map(({ arrivedMs }) => arrivedMs)),
    viewerMs,
    addresses: await Promise.all([
      selectedAddress(browser.page, "whip"),
      selectedAddress(page, "whep"),
    ]),
  };
}
const { counters } = await gateway.status();
console.log(JSON.stringify({ results, counters }));

async function restartBoth(): Promise<number[]> {
  return [await restartIce(browser.page, "whip"), await restartIce(page, "whep")];
}

/** By itself, Chromium stays where it was for more than seven seconds. */
async function loseNetwork(): Promise<number[]> {
  loseFirstWay();
  return await restartBoth();
}

/** The longest time between two, or since the last. */
function pauseMs(arrivals: readonly number[]): number {
  return Math.max(...[...arrivals.slice(1), performance.now()].map((ms, at) => ms - arrivals[at]!));
}

async function selectedAddress(page: typeof browser.page, which: string): Promise<string> {
  return await page.evaluate(async (which) => {
    // deno-lint-ignore no-explicit-any
    const { peer } = (globalThis as any)[which];
    const all = [...(await peer.getStats()).values()];
    const { selectedCandidatePairId } = all.find(({ type }) => type === "transport");
    const pair = all.find(({ id }) => id === selectedCandidatePairId);
    return all.find(({ id }) => id === pair?.localCandidateId)?.address ?? "none";
  }, which);
}
