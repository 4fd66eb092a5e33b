/// <reference lib="dom" />
/**
 * Gateway, a publisher of three sizes, a slow curl, and mpegts.js in Chromium over a TCP link that does
 * not carry the largest. Prints the sizes that the player showed as JSON. To be run by
 * `runInLossyNetwork` with a file for what curl records, and phases such as "1000:20", kilobits a second
 * and seconds.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { delay, until } from "../../testing/waiting.ts";
import { encodeSizes, publishSizes, THREE_SIZES } from "../interop/rendition_publisher.ts";
import { launchChromium } from "./chromium.ts";

const [recording, ...phases] = Deno.args as [string, ...string[]];
const WIDE_KBPS = 1_000_000;
/** Enough for the smallest picture and the sound. */
const CURL_BYTES_PER_S = 50_000;
const CURL_S = 7;

/** Of `mpegts.js`, what is used here. */
interface Mpegts {
  createPlayer(source: unknown, config: unknown): {
    attachMediaElement(element: Element): void;
    load(): void;
    on(event: string, listener: (...args: unknown[]) => void): void;
  };
}

/** What the page keeps of what it saw; in the page only. */
interface Seen {
  readonly widths: number[];
  readonly errors: string[];
}

// What waits on the way is to be packets, and few: else it is seconds of the stream.
const link = ["link", "set", "dev", "lo"];
run("ip", ...link, "mtu", "1500", "gso_max_size", "1500", "gso_max_segs", "1");
run("sysctl", "-qw", "net.ipv4.tcp_wmem=4096 16384 32768", "net.ipv4.tcp_rmem=4096 32768 65536");

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = await publishSizes(
  gateway.rtmpPort,
  ["live", "sizes"],
  await encodeSizes(THREE_SIZES, { durationS: 6 }),
);
openNarrowLink({ protocol: "tcp", port: gateway.httpPort }, WIDE_KBPS);
await using browser = await launchChromium();
const { page, faults } = browser;
await page.goto(gateway.httpUrl("/"));
await page.addScriptTag({ url: "/assets/mpegts.js" });
await until("all sizes are known", async () => {
  return (await gateway.stream("live/sizes"))?.tracks.length === 4;
});
const url = gateway.httpUrl("/live/sizes.flv?vtrack=auto");
const curl = new Deno.Command("curl", {
  args: ["-sS", "--limit-rate", `${CURL_BYTES_PER_S}`, "-o", recording, url],
  stdin: "null",
}).spawn();
await delay(CURL_S * 1000);
curl.kill();
await curl.status;
await page.evaluate((url) => {
  const video = document.createElement("video");
  video.id = "tried";
  video.muted = true;
  document.body.append(video);
  const { mpegts } = globalThis as unknown as { mpegts: Mpegts };
  const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, {});
  const seen: Seen = { widths: [], errors: [] };
  Object.assign(globalThis, { seen });
  player.on("error", (...args) => seen.errors.push(args.join()));
  const note = () => {
    if (video.videoWidth > 0 && seen.widths.at(-1) !== video.videoWidth) {
      seen.widths.push(video.videoWidth);
    }
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  player.attachMediaElement(video);
  player.load();
  void video.play();
}, url);
const progress: unknown[] = [];
for (const phase of phases) {
  const [kbps, lengthS] = phase.split(":").map(Number) as [number, number];
  setNarrowLink(kbps);
  await delay(lengthS * 1000);
  progress.push(
    await page.evaluate(() => {
      const video = document.querySelector<HTMLVideoElement>("#tried")!;
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      const { widths, errors } = (globalThis as unknown as { seen: Seen }).seen;
      const { currentTime, videoWidth } = video;
      return { totalVideoFrames, currentTime, videoWidth, widths: [...widths], errors };
    }),
  );
}
console.log(JSON.stringify({ progress, faults }));

function run(program: string, ...args: readonly string[]): void {
  const { success, stderr } = new Deno.Command(program, { args: [...args], stdin: "null" })
    .outputSync();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}
