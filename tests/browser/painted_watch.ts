/// <reference lib="dom" />
/** What a page shows and plays of painted pictures and their claps, and how late. */
import type { Page } from "playwright-core";
import {
  CLAP_INTERVAL_S,
  FIELDS_HIGH,
  FIELDS_WIDE,
  isWhite,
  type PaintedMoment,
} from "./painted_pictures.ts";

/** A connection of the page: to the gateway, or to the page that paints. */
export type PaintedConnection = "whep" | "direct";

/** What was shown and played of one connection since it was begun to note. */
export interface NotedPaintings {
  /** The number of each picture that was shown, and when that was due. */
  readonly pictures: readonly (readonly [number: number, shownUnixMs: number])[];
  /** Of pictures that had other fields than their number says: how many each. */
  readonly damaged: readonly (readonly [number: number, fields: number])[];
  /** When each clap was heard. */
  readonly clapsUnixMs: readonly number[];
}

interface NotingPage {
  readonly whep: { readonly video: HTMLVideoElement };
  readonly direct: { readonly video: HTMLVideoElement };
  noted: Record<string, NotedPaintings>;
}

/** Notes what the page shows and plays of a connection from now on. */
export async function notePaintings(page: Page, connection: PaintedConnection): Promise<void> {
  await page.evaluate(`globalThis.isWhite = ${isWhite}`);
  await page.evaluate(startNoting, {
    connection,
    fieldsWide: FIELDS_WIDE,
    fieldsHigh: FIELDS_HIGH,
  });
}

/** What has been noted. */
export function notedPaintings(page: Page, connection: PaintedConnection): Promise<NotedPaintings> {
  return page.evaluate(
    (connection) => (globalThis as unknown as NotingPage).noted[connection]!,
    connection,
  );
}

/** How long after it was painted each picture was shown. */
export function latenessMs(
  { pictures }: NotedPaintings,
  moments: readonly PaintedMoment[],
): number[] {
  return pictures.map(([number, shownUnixMs]) => shownUnixMs - moments[number]!.unixMs);
}

/** How much later than its picture each clap was heard; negative if it was earlier. */
export function soundAfterPictureMs(
  { pictures, clapsUnixMs }: NotedPaintings,
  moments: readonly PaintedMoment[],
): number[] {
  const intervalMs = CLAP_INTERVAL_S * 1000;
  return clapsUnixMs.flatMap((heardMs) => {
    const shown = pictures.findLast(([, shownMs]) => shownMs <= heardMs);
    if (shown === undefined) return [];
    const [number, shownMs] = shown;
    // What of the sound belonged to what was seen when the clap was heard, and how far that is off.
    const seenMs = moments[number]!.soundS * 1000 + heardMs - shownMs;
    const aheadMs = (seenMs % intervalMs + intervalMs) % intervalMs;
    return [aheadMs > intervalMs / 2 ? aheadMs - intervalMs : aheadMs];
  });
}

/** Of values, the one in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}

/** Runs in the page. */
async function startNoting({ connection, fieldsWide, fieldsHigh }: {
  connection: PaintedConnection;
  fieldsWide: number;
  fieldsHigh: number;
}): Promise<void> {
  const page = globalThis as unknown as NotingPage;
  const { isWhite } = globalThis as unknown as {
    isWhite: (number: number, row: number, column: number) => boolean;
  };
  const { video } = page[connection];
  const pictures: [number, number][] = [];
  const damaged: [number, number][] = [];
  const clapsUnixMs: number[] = [];
  page.noted = { ...page.noted, [connection]: { pictures, damaged, clapsUnixMs } };

  const scale = 8;
  const canvas = new OffscreenCanvas(fieldsWide * scale, fieldsHigh * scale);
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  const look: VideoFrameRequestCallback = (_now, { expectedDisplayTime }) => {
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const isBright = (row: number, column: number) =>
      data[4 * ((row + 0.5) * scale * canvas.width + (column + 0.5) * scale)]! > 128;
    let number = 0;
    for (let column = 0; column < fieldsWide; column++) {
      if (isBright(0, column)) number |= 1 << column;
    }
    let wrong = 0;
    for (let row = 1; row < fieldsHigh; row++) {
      for (let column = 0; column < fieldsWide; column++) {
        if (isBright(row, column) !== isWhite(number, row, column)) wrong++;
      }
    }
    if (wrong > 0) damaged.push([number, wrong]);
    else pictures.push([number, performance.timeOrigin + expectedDisplayTime]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);

  const sound = video.srcObject as MediaStream;
  if (sound.getAudioTracks().length === 0) return;
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
    // When it left the connection's buffer: the way to the device is the element's.
    const sinceMs = (context.currentTime - onsetS) * 1000;
    clapsUnixMs.push(performance.timeOrigin + performance.now() - sinceMs);
  };
  context.createMediaStreamSource(sound).connect(onsets);
}
