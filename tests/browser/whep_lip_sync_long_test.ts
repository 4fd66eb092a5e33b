/// <reference lib="dom" />
import { assert } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import type { Page } from "playwright-core";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepPage } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PATH = "live/clap";
/** What viewers do not notice (ITU-R BT.1359-1: detectability of sound that is early). */
const MAX_DIFFERENCE_MS = 45;
/** From the first picture on. */
const IN_STEP_AFTER_MS = 1000;
const JOINS = 10;
/** Claps, a flash with a beep each, two a second: for how long it must stay in step. */
const STEADY_MS = IS_LONG ? 30_000 : 6000;

const ignore = chromiumMissing();

Deno.test({ name: "picture and sound are in step a second after the join", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl(PATH),
    pictures:
      "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,0.5),0.1)'",
    sound: "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,0.5),0.1)':s=48000",
  });
  await using browser = await launchChromium();
  await streamReady(gateway, PATH);
  const afterJoinsMs: number[] = [];
  for (let join = 0; join < JOINS; join++) {
    const differencesMs = await watchClaps(browser.page, gateway, IN_STEP_AFTER_MS + 1000);
    // On a busy machine, a join may take so long that no clap is left.
    afterJoinsMs.push(...differencesMs.slice(0, 1));
  }
  const steadyMs = await watchClaps(browser.page, gateway, STEADY_MS);
  const [joined, stayed] = [median(afterJoinsMs), median(steadyMs)].map(Math.round);
  console.log(
    `Sound after picture, ${IN_STEP_AFTER_MS} ms after the first picture: p50 of ${JOINS} joins ` +
      `${joined} ms, all ${afterJoinsMs.map(Math.round).join(", ")}; ` +
      `p50 of ${steadyMs.length} claps from then on ${stayed} ms`,
  );
  assert(afterJoinsMs.length >= 0.8 * JOINS, `${afterJoinsMs.length} joins were measured`);
  assert(Math.abs(joined!) <= MAX_DIFFERENCE_MS, `${joined} ms after joins`);
  assert(steadyMs.length >= 2 * (STEADY_MS - IN_STEP_AFTER_MS) / 1000 - 3, "claps are missing");
  assert(Math.abs(stayed!) <= MAX_DIFFERENCE_MS, `${stayed} ms later on`);
});

/** Joins, watches for a while, and leaves; how much later than its flash each beep came that counts. */
async function watchClaps(page: Page, gateway: GatewayProcess, forMs: number): Promise<number[]> {
  const viewer = await watchByWhep(page, gateway, PATH);
  await page.evaluate(startListening);
  await delay(forMs);
  const { firstMs, flashesMs, beepsMs } = await page.evaluate(readClaps);
  await viewer.leave();
  return pairUp(flashesMs.filter((flashMs) => flashMs >= firstMs + IN_STEP_AFTER_MS), beepsMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** For each flash, how much later its beep came: the one nearest to it. */
function pairUp(flashesMs: readonly number[], beepsMs: readonly number[]): number[] {
  return flashesMs.flatMap((flashMs) => {
    const differences = beepsMs.map((beepMs) => beepMs - flashMs);
    const nearest = differences.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
    return nearest === undefined || Math.abs(nearest) > 250 ? [] : [nearest];
  });
}

interface Claps {
  firstMs: number;
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
  const claps: Claps = { firstMs: performance.now(), flashesMs: [], beepsMs: [] };
  Object.assign(globalThis, { claps });

  const canvas = new OffscreenCanvas(8, 8);
  const drawing = canvas.getContext("2d", { willReadFrequently: true })!;
  let wasBright = true;
  let isFirst = true;
  const look: VideoFrameRequestCallback = (_now, { expectedDisplayTime }) => {
    if (isFirst) claps.firstMs = expectedDisplayTime;
    isFirst = false;
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
          if (this.#quietSamples > sampleRate / 8) {
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
