/** The qualities of one picture that a publisher makes, so that each viewer gets one that fits. */
import type { Canvas } from "./multitrack_request.ts";

/** One quality. */
export interface Rendition {
  readonly width: number;
  readonly height: number;
  readonly framerate: Canvas["framerate"];
  readonly bitrateKbps: number;
}

interface Step {
  /** Of the shorter side, at most; and of the canvas's. */
  readonly lines: number;
  readonly share: number;
  /** At 30 frames a second, of a picture of 16:9 with {@linkcode nominalLines}. */
  readonly bitrateKbps: number;
  readonly nominalLines: number;
  /** Frames a second, about: a small picture need not move as smoothly. */
  readonly frameRate: number;
}

const STEPS: readonly Step[] = [
  { lines: Infinity, share: 1, bitrateKbps: 2000, nominalLines: 720, frameRate: Infinity },
  { lines: 480, share: 2 / 3, bitrateKbps: 700, nominalLines: 480, frameRate: 30 },
  { lines: 240, share: 1 / 3, bitrateKbps: 250, nominalLines: 240, frameRate: 30 },
];

/** A picture of twice the pixels, or frames, needs less than twice the bits. */
const BITRATE_EXPONENT = 0.85;

/** What no quality goes below, whatever limit there is for all. */
const MIN_BITRATE_KBPS = 60;

/** From key frame to key frame: all qualities have theirs at the same times. */
export const KEY_FRAME_SECONDS = 2;

/** What renditions have to keep to. */
export interface RenditionLimits {
  /** Of all together. */
  readonly maxBitrateKbps: number | undefined;
  readonly maxCount: number | undefined;
}

/** The qualities of a canvas, the best one first: three, or as many as there may be. */
export function renditionsOf(
  canvas: Canvas,
  { maxBitrateKbps = Infinity, maxCount = Infinity }: RenditionLimits,
): Rendition[] {
  const all = STEPS.slice(0, maxCount).map((step) => renditionOf(canvas, step));
  const total = all.reduce((sum, { bitrateKbps }) => sum + bitrateKbps, 0);
  const scale = Math.min(1, maxBitrateKbps / total);
  return all.map((one) => ({
    ...one,
    bitrateKbps: Math.max(MIN_BITRATE_KBPS, Math.floor(one.bitrateKbps * scale)),
  }));
}

function renditionOf(canvas: Canvas, step: Step): Rendition {
  const shorter = Math.min(canvas.width, canvas.height);
  const scale = Math.min(step.lines, shorter * step.share) / shorter;
  const [width, height] = [evenly(canvas.width * scale), evenly(canvas.height * scale)];
  const framerate = slower(canvas.framerate, step.frameRate);
  const nominal = step.nominalLines ** 2 * 16 / 9 * 30;
  const pixels = width * height * framerate.numerator / framerate.denominator;
  return {
    width,
    height,
    framerate,
    bitrateKbps: Math.round(step.bitrateKbps * (pixels / nominal) ** BITRATE_EXPONENT),
  };
}

/** Encoders want even sides: their colours have half as many pixels. */
function evenly(pixels: number): number {
  return Math.max(2, Math.round(pixels / 2) * 2);
}

/** Each second, third … frame, where key frames stay at the same times as with all of them. */
function slower(
  { numerator, denominator }: Canvas["framerate"],
  target: number,
): Canvas["framerate"] {
  const divisor = Math.max(1, Math.round(numerator / denominator / target));
  const isAligned = KEY_FRAME_SECONDS * numerator % (denominator * divisor) === 0;
  return { numerator, denominator: isAligned ? denominator * divisor : denominator };
}
