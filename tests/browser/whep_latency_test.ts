/// <reference lib="dom" />
import { assert } from "@std/assert";
import { FlvReader } from "../../src/flv/tag_reader.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { startGateway } from "../gateway_process.ts";
import { MAIN_PROFILE_ARGS, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay } from "../waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepPage } from "./whep_viewer.ts";

const PATH = "live/latency";
const isLong = Deno.env.get("SLUICE_LONG") === "1";
const WATCH_MS = isLong ? 20_000 : 3000;
const JOINS = isLong ? 20 : 10;
const FPS = 30;

const WATCHED = [
  ["without sound", ["video"]],
  ["with sound", ["audio", "video"]],
] as const;

/** Bits of a picture's number, as bars of 20 pixels each, the lowest at the left. */
const BARS = 16;
const BAR_WIDTH = 20;
const NUMBERED_PICTURES = `nullsrc=size=${BARS * BAR_WIDTH}x90:rate=${FPS},` +
  `geq=lum='if(bitand(N\\,pow(2\\,floor(X/${BAR_WIDTH})))\\,235\\,16)':cb=128:cr=128`;

const ignore = chromiumMissing();

Deno.test({ name: "how late pictures are shown in Chromium", ignore }, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl(PATH),
    pictures: NUMBERED_PICTURES,
    codecArgs: [...MAIN_PROFILE_ARGS, "-tune", "zerolatency"],
  });
  await using browser = await launchChromium();
  const { page } = browser;
  await streamReady(gateway, PATH);

  // Where there is sound, browsers hold the pictures back until it is due, in some 10 s.
  for (const [name, kinds] of WATCHED) {
    await t.step(`from the publisher to the screen, ${name}`, async () => {
      using arrivals = new Arrivals(gateway.httpUrl(`/${PATH}.flv?audio=0`));
      const viewer = await watchByWhep(page, gateway, PATH, { kinds });
      // What a browser does while it joins is no part of it.
      await viewer.moreFrames(2 * FPS);
      await page.evaluate(startReading, { bars: BARS, barWidth: BAR_WIDTH });
      await delay(WATCH_MS);
      const shown = await page.evaluate(readShown);
      await viewer.leave();
      const latenciesMs = shown.flatMap(({ number, shownUnixMs }) => {
        const arrivedUnixMs = arrivals.unixMs.get(number);
        return arrivedUnixMs === undefined ? [] : [shownUnixMs - arrivedUnixMs];
      });
      console.log(`Publisher to shown picture, ${name}: ${describe(latenciesMs)}`);
      assert(latenciesMs.length >= 0.8 * FPS * WATCH_MS / 1000, `${latenciesMs.length} pictures`);
      // No limit for shared machines: only that the right pictures are compared.
      assert(latenciesMs.every((latencyMs) => latencyMs > 0 && latencyMs < 5000));
    });
  }

  await t.step("from the request to the first picture", async () => {
    const joinsMs: number[] = [];
    for (let join = 0; join < JOINS; join++) {
      joinsMs.push(await page.evaluate(measureJoin, `/${PATH}/whep`));
    }
    console.log(`Request to first picture: ${describe(joinsMs)}`);
    assert(joinsMs.every((joinMs) => joinMs > 0));
  });
});

function describe(valuesMs: readonly number[]): string {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(0);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${sorted.length} measured`;
}

/** When each numbered picture came from the gateway, by HTTP-FLV: some 0.5 ms after it had it. */
class Arrivals implements Disposable {
  readonly unixMs = new Map<number, number>();
  readonly #abort = new AbortController();

  constructor(url: string) {
    void this.#read(url);
  }

  async #read(url: string): Promise<void> {
    const reader = new FlvReader();
    try {
      const response = await fetch(url, { signal: this.#abort.signal });
      for await (const piece of response.body!) {
        const nowMs = performance.timeOrigin + performance.now();
        reader.push(piece);
        for (let tag = reader.next(); tag !== undefined; tag = reader.next()) {
          if (tag.kind !== "tag" || tag.type !== TAG_VIDEO) continue;
          // The encoder's clock begins with the first picture.
          this.unixMs.set(Math.round(tag.timestampMs * FPS / 1000), nowMs);
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }
}

interface Shown {
  readonly number: number;
  readonly shownUnixMs: number;
}

/** Runs in the page: notes the number of each picture, and when it is due on the screen. */
function startReading({ bars, barWidth }: { bars: number; barWidth: number }): void {
  const { video } = (globalThis as unknown as { whep: WhepPage }).whep;
  const shown: Shown[] = [];
  Object.assign(globalThis, { shown });
  const canvas = new OffscreenCanvas(bars * barWidth, 8);
  const drawing = canvas.getContext("2d", { willReadFrequently: true })!;
  const look: VideoFrameRequestCallback = (_now, { expectedDisplayTime }) => {
    drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = drawing.getImageData(0, 4, canvas.width, 1);
    let number = 0;
    for (let bar = 0; bar < bars; bar++) {
      const middle = 4 * Math.floor((bar + 0.5) * barWidth);
      if (data[middle]! > 128) number |= 1 << bar;
    }
    shown.push({ number, shownUnixMs: performance.timeOrigin + expectedDisplayTime });
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/** Runs in the page. */
function readShown(): Shown[] {
  return (globalThis as unknown as { shown: Shown[] }).shown;
}

/** Runs in the page: joins, leaves, and tells how long the first picture took. */
async function measureJoin(url: string): Promise<number> {
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  const stream = new MediaStream();
  video.autoplay = true;
  video.srcObject = stream;
  document.body.append(video);
  const first = new Promise<number>((resolve) => {
    video.requestVideoFrameCallback((_now, { expectedDisplayTime }) =>
      resolve(expectedDisplayTime)
    );
  });
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
  await peer.setLocalDescription();
  const beginMs = performance.now();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription!.sdp,
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
  const joinMs = await first - beginMs;
  await fetch(response.headers.get("location")!, { method: "DELETE" });
  peer.close();
  video.remove();
  return joinMs;
}
