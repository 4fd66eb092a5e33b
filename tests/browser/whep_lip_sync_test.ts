/// <reference lib="dom" />
import { startGateway } from "../gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepPage } from "./whep_viewer.ts";

const PATH = "live/clap";
/** What viewers do not notice (ITU-R BT.1359-1: detectability of sound that is early). */
const MAX_DIFFERENCE_MS = 45;
/** Flashes with a beep each, one a second, that must be in step one after the other. */
const CLAPS = Deno.env.get("SLUICE_LONG") === "1" ? 12 : 4;
/**
 * Chromium begins with pictures at once and sound some 100 ms later, for its own buffer, and then
 * holds the pictures back by some 20 ms each second or two.
 */
const SETTLING_MS = 30_000;

const ignore = chromiumMissing();

Deno.test({ name: "picture and sound are in step in Chromium", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl(PATH),
    pictures:
      "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'",
    sound: "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000",
  });
  await using browser = await launchChromium();
  const { page } = browser;
  await streamReady(gateway, PATH);
  await watchByWhep(page, gateway, PATH);
  await page.evaluate(startListening);
  let told = "";
  try {
    await until("picture and sound are in step", async () => {
      const { flashesMs, beepsMs } = await page.evaluate(readClaps);
      const differencesMs = pairUp(flashesMs, beepsMs);
      const newest = differencesMs.slice(-CLAPS);
      const medianMs = newest.toSorted((a, b) => a - b)[newest.length >> 1] ?? Infinity;
      told =
        `Sound after picture: median of the last ${newest.length} ${medianMs.toFixed(0)} ms; ` +
        `all ${differencesMs.map((difference) => difference.toFixed(0)).join(", ")}`;
      return newest.length === CLAPS && Math.abs(medianMs) <= MAX_DIFFERENCE_MS;
    }, { timeoutMs: SETTLING_MS + 1000 * CLAPS });
  } finally {
    console.log(told);
  }
});

/** For each flash, how much later its beep came: the one nearest to it. */
function pairUp(flashesMs: readonly number[], beepsMs: readonly number[]): number[] {
  return flashesMs.flatMap((flashMs) => {
    const differences = beepsMs.map((beepMs) => beepMs - flashMs);
    const nearest = differences.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
    return nearest === undefined || Math.abs(nearest) > 500 ? [] : [nearest];
  });
}

interface Claps {
  readonly flashesMs: number[];
  readonly beepsMs: number[];
}

/** Runs in the page. */
function readClaps(): Claps {
  return (globalThis as unknown as { claps: Claps }).claps;
}

/** Runs in the page: notes when the picture gets bright, and when the sound gets loud. */
async function startListening(): Promise<void> {
  const { video } = (globalThis as unknown as { whep: WhepPage }).whep;
  const claps: Claps = { flashesMs: [], beepsMs: [] };
  Object.assign(globalThis, { claps });

  const canvas = new OffscreenCanvas(8, 8);
  const drawing = canvas.getContext("2d", { willReadFrequently: true })!;
  let wasBright = true;
  const look: VideoFrameRequestCallback = (_now, { expectedDisplayTime }) => {
    drawing.drawImage(video, 0, 0, 8, 8);
    const isBright = drawing.getImageData(4, 4, 1, 1).data[0]! > 128;
    if (isBright && !wasBright) claps.flashesMs.push(expectedDisplayTime);
    wasBright = isBright;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);

  const context = new AudioContext({ latencyHint: "interactive" });
  const processor = `registerProcessor("onsets", class extends AudioWorkletProcessor {
    #quietSamples = 0;
    process([[samples]]) {
      for (let at = 0; at < (samples?.length ?? 0); at++) {
        if (Math.abs(samples[at]) < 0.1) this.#quietSamples++;
        else {
          if (this.#quietSamples > sampleRate / 4) {
            this.port.postMessage((currentFrame + at) / sampleRate);
          }
          this.#quietSamples = 0;
        }
      }
      return true;
    }
  })`;
  const url = URL.createObjectURL(new Blob([processor], { type: "text/javascript" }));
  await context.audioWorklet.addModule(url);
  const onsets = new AudioWorkletNode(context, "onsets");
  onsets.port.onmessage = ({ data: onsetS }: MessageEvent<number>) => {
    // When it left the peer connection's buffer: the way to the device is the element's, not this
    // context's.
    claps.beepsMs.push(performance.now() + (onsetS - context.currentTime) * 1000);
  };
  const sound = video.srcObject as MediaStream;
  context.createMediaStreamSource(sound).connect(onsets);
}
