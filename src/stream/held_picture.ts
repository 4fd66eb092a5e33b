import { concat } from "@std/bytes/concat";
import type { FrameIntake, HeldFrame } from "./track_intake.ts";

/** Bytes of a picture that came in several messages. */
export const MAX_HELD_SIZE = 8 * 1024 * 1024;

/** Messages of one picture: level 6.2 of H.264 and H.265 allows 600 slices. */
export const MAX_HELD_MESSAGES = 600;

/** A picture whose slices come in messages of their own, until its end is seen. */
export class HeldPicture implements HeldFrame {
  readonly sinceMs: number;
  readonly encoderMs: number;
  readonly #isKeyFrame: boolean;
  readonly #isFirst: boolean;
  readonly #parts: Uint8Array<ArrayBuffer>[];
  #size: number;

  /**
   * @param body of its first message; copied
   * @param isFirst whether it is the first picture of its stream
   */
  constructor({ isKeyFrame, encoderMs, body }: FrameIntake, nowMs: number, isFirst: boolean) {
    this.sinceMs = nowMs;
    this.#isFirst = isFirst;
    this.encoderMs = encoderMs;
    this.#isKeyFrame = isKeyFrame;
    this.#parts = [body.slice()];
    this.#size = body.length;
  }

  get bytes(): number {
    return this.#size;
  }

  get isOnTrial(): boolean {
    return this.#isFirst && this.#parts.length === 1;
  }

  get messages(): number {
    return this.#parts.length;
  }

  /** Adds slices, each behind its length; copies them. False if it would have too many. */
  add(slices: Uint8Array): boolean {
    const size = this.#size + slices.length;
    if (size > MAX_HELD_SIZE || this.#parts.length === MAX_HELD_MESSAGES) return false;
    this.#parts.push(slices.slice());
    this.#size = size;
    return true;
  }

  /** The picture as far as it has come. */
  get frame(): FrameIntake {
    const body = this.#parts.length === 1 ? this.#parts[0]! : concat(this.#parts);
    return { kind: "frame", isKeyFrame: this.#isKeyFrame, encoderMs: this.encoderMs, body };
  }
}
