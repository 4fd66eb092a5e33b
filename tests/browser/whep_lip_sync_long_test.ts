/// <reference lib="dom" />
import { assert } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay, until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepPage } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PATH = "live/clap";
/** What viewers do not notice (ITU-R BT.1359-1: detectability of sound that is early). */
const MAX_DIFFERENCE_MS = 45;
/** Claps, a flash with a beep each, one a second, whose median must be in step to begin with. */
const CLAPS = 4;
/**
 * Chromium begins with pictures at once and sound some 100 ms later, for its own buffer, and then
 * holds the pictures back by some 20 ms each second or two.
 */
const SETTLING_MS = 30_000;
/** For how long it must stay in step. */
const STEADY_S = IS_LONG ? 30 : 8;

const ignore = chromiumMissing();

Deno.test({ name: "picture and sound get in step in Chromium, and stay so", ignore }, async () => {
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
  const beganMs = performance.now();
  let differencesMs: number[] = [];
  const listen = async () => {
    const { flashesMs, beepsMs } = await page.evaluate(readClaps);
    differencesMs = pairUp(flashesMs, beepsMs);
  };
  const told: string[] = [];
  try {
    await until("picture and sound are in step", async () => {
      await listen();
      return differencesMs.length >= CLAPS && isInStep(differencesMs.slice(-CLAPS));
    }, { timeoutMs: SETTLING_MS + 1000 * CLAPS });
    const settledS = (performance.now() - beganMs) / 1000;
    const settled = differencesMs.length;
    told.push(`in step after ${settledS.toFixed(1)} s`);
    await delay(STEADY_S * 1000);
    await listen();
    const steady = differencesMs.slice(settled);
    const medianMs = median(steady).toFixed(0);
    told.push(`median of ${steady.length} claps in ${STEADY_S} s from then on ${medianMs} ms`);
    // The first and the last may be cut off.
    assert(steady.length >= STEADY_S - 2, `${steady.length} claps in ${STEADY_S} s`);
    assert(isInStep(steady), `the median has become ${medianMs} ms`);
  } finally {
    const all = differencesMs.map((differenceMs) => differenceMs.toFixed(0));
    const start = `Sound after picture: ${all[0]} ms at the start`;
    console.log([start, ...told, `all: ${all.join(", ")}`].join("; "));
  }
});

function isInStep(differencesMs: readonly number[]): boolean {
  return Math.abs(median(differencesMs)) <= MAX_DIFFERENCE_MS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

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
