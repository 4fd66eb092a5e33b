/// <reference lib="dom" />
/** Pictures that bear their number, and how late a page shows each of them. */
import { assert } from "@std/assert";
import type { Page } from "playwright-core";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { MAIN_PROFILE_ARGS, type Publisher, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay } from "../../testing/waiting.ts";
import { watchByWhep, type WhepPage } from "./whep_viewer.ts";

export const FPS = 30;

/** Bits of a picture's number, as bars of 20 pixels each, the lowest at the left. */
const BARS = 16;
const BAR_WIDTH = 20;
/** Behind the bars a test picture, so that a picture takes several packets, as usual. */
const NUMBERED_PICTURES = `nullsrc=size=${BARS * BAR_WIDTH}x90:rate=${FPS},` +
  `geq=lum='if(bitand(N\\,pow(2\\,floor(X/${BAR_WIDTH})))\\,235\\,16)':cb=128:cr=128[bars];` +
  `testsrc2=size=${BARS * BAR_WIDTH}x180:rate=${FPS}[below];[bars][below]vstack`;

/** How a page watches. */
interface WatchOptions {
  readonly kinds: readonly ("audio" | "video")[];
  /** Pictures to be shown before it counts: what a browser does while it joins is no part of it. */
  readonly settlingFrames: number;
  readonly watchMs: number;
}

/** Publishes numbered pictures and a tone. */
export function publishNumbered(gateway: GatewayProcess, path: string): Publisher {
  return publishWithFfmpeg({
    url: gateway.rtmpUrl(path),
    pictures: NUMBERED_PICTURES,
    codecArgs: [...MAIN_PROFILE_ARGS, "-tune", "zerolatency"],
  });
}

/** The same, of 2.1 Mbit/s with its sound, and a key frame every two seconds. */
export function publishNumberedAt2Mbps(gateway: GatewayProcess, path: string): Publisher {
  return publishWithFfmpeg({
    url: gateway.rtmpUrl(path),
    pictures: `${NUMBERED_PICTURES},scale=960:810:flags=neighbor,noise=alls=12:allf=t`,
    codecArgs: [
      ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main"],
      ...["-pix_fmt", "yuv420p", "-g", `${2 * FPS}`, "-sc_threshold", "0"],
      ...["-b:v", "2M", "-maxrate", "2M", "-bufsize", "1M", "-c:a", "aac", "-b:a", "96k"],
    ],
  });
}

/**
 * By how much a picture may seem to be shown before it came: two processes note the times, and either
 * may be late for it. Where one picture was taken for the next, it would be a whole one's time.
 */
const MAX_CLOCKS_APART_MS = 500 / FPS;

/**
 * Watches for a while over WHEP; of each picture that was shown, how long after the gateway had it.
 * Fails if other pictures were shown than those that were sent, or in another order.
 */
export async function watchNumbered(
  page: Page,
  gateway: GatewayProcess,
  path: string,
  { kinds, settlingFrames, watchMs }: WatchOptions,
): Promise<number[]> {
  using arrivals = new Arrivals(gateway.httpUrl(`/${path}.flv?audio=0`));
  const viewer = await watchByWhep(page, gateway, path, { kinds });
  await viewer.moreFrames(settlingFrames);
  await page.evaluate(startReading, { bars: BARS, barWidth: BAR_WIDTH });
  await delay(watchMs);
  const shown = await page.evaluate(readShown);
  await viewer.leave();
  for (const [at, { number }] of shown.entries()) {
    assert(at === 0 || number >= shown[at - 1]!.number, `${number} after ${shown[at - 1]?.number}`);
  }
  const latenciesMs = shown.flatMap(({ number, shownUnixMs }) => {
    const arrivedUnixMs = arrivals.unixMs.get(number);
    return arrivedUnixMs === undefined ? [] : [shownUnixMs - arrivedUnixMs];
  });
  const leastMs = Math.min(...latenciesMs);
  assert(leastMs > -MAX_CLOCKS_APART_MS, `a picture was shown ${-leastMs} ms before it came`);
  return latenciesMs;
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
  const canvas = new OffscreenCanvas(bars * barWidth, 9);
  const drawing = canvas.getContext("2d", { willReadFrequently: true })!;
  const look: VideoFrameRequestCallback = (_now, { expectedDisplayTime }) => {
    drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
    // The bars are the upper third.
    const { data } = drawing.getImageData(0, 1, canvas.width, 1);
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
