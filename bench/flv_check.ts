import type { ByteSink } from "./body_decoder.ts";

const FILE_HEADER_SIZE = 9;
const TAG_HEADER_SIZE = 11;
const PREVIOUS_TAG_SIZE = 4;
/** Frame type and AVC packet type: all that a check needs of a video body (FLV E.4.3.1). */
const BODY_HEAD_SIZE = 2;

const AUDIO = 8;
const VIDEO = 9;
const SCRIPT = 18;

const AVC_CONFIGURATION = 0;
const AVC_PICTURE = 1;
const KEY_FRAME = 1;

/** Two frames missing at 30 fps; one may be stretched where a looped source starts again. */
const GAP_MS = 90;

type State = "file header" | "tag header" | "body head" | "body" | "previous tag size" | "broken";

/**
 * Checks a legacy FLV stream (H.264, AAC) as it arrives, without keeping or allocating anything
 * per tag: file header, every tag header and PreviousTagSize (FLV E.2-E.4.1), timestamps that do
 * not go back within a track, a key frame first after each video configuration.
 *
 * What breaks the framing ends the check (the rest could not be told apart); other faults are
 * counted and the check goes on.
 *
 * @example
 * ```ts
 * import { FlvCheck } from "./flv_check.ts";
 *
 * const check = new FlvCheck();
 * check.consume(Uint8Array.of(0x46, 0x4c, 0x56, 2), 0, 4);
 * check.consume(new Uint8Array(9), 0, 9);
 * check.firstError; // "version must be 1, got 2"
 * ```
 */
export class FlvCheck implements ByteSink {
  /** Bytes of FLV, transfer coding excluded. */
  bytes = 0;
  /** Pictures complete with a right PreviousTagSize; configurations are not counted. */
  videoFrames = 0;
  keyFrames = 0;
  audioTags = 0;
  /** Steps of more than 90 ms between two pictures: frames were left out. */
  gaps = 0;
  errors = 0;
  firstError: string | undefined;

  readonly #head = new Uint8Array(FILE_HEADER_SIZE + PREVIOUS_TAG_SIZE);
  #held = 0;
  #state: State = "file header";
  #wanted = FILE_HEADER_SIZE + PREVIOUS_TAG_SIZE;
  #tagType = 0;
  #bodySize = 0;
  #bodyLeft = 0;
  #timestampMs = 0;
  #lastAudioMs = -1;
  #lastVideoMs = -1;
  #configured = false;
  #keyFrameDue = false;
  #isPicture = false;
  #isKeyFrame = false;

  consume(bytes: Uint8Array, from: number, to: number): void {
    this.bytes += to - from;
    let at = from;
    while (at < to) {
      if (this.#state === "broken") return;
      if (this.#state === "body") {
        const skipped = Math.min(this.#bodyLeft, to - at);
        at += skipped;
        this.#bodyLeft -= skipped;
        if (this.#bodyLeft === 0) this.#expect("previous tag size", PREVIOUS_TAG_SIZE);
        continue;
      }
      this.#head[this.#held++] = bytes[at++]!;
      if (this.#held === this.#wanted) this.#headComplete();
    }
  }

  #expect(state: State, size: number): void {
    this.#state = state;
    this.#wanted = size;
    this.#held = 0;
  }

  #headComplete(): void {
    switch (this.#state) {
      case "file header":
        return this.#checkFileHeader();
      case "tag header":
        return this.#checkTagHeader();
      case "body head":
        return this.#checkBodyHead();
      case "previous tag size":
        return this.#checkPreviousTagSize();
      case "body":
      case "broken":
        return;
    }
  }

  #checkFileHeader(): void {
    const head = this.#head;
    if (head[0] !== 0x46 || head[1] !== 0x4c || head[2] !== 0x56) return this.#break("no FLV");
    if (head[3] !== 1) return this.#break(`version must be 1, got ${head[3]}`);
    if (head[4] !== 5) this.#fault(`flags must be audio and video, got ${head[4]}`);
    if (u32(head, 5) !== FILE_HEADER_SIZE) return this.#break("data offset must be 9");
    if (u32(head, FILE_HEADER_SIZE) !== 0) return this.#break("first PreviousTagSize must be 0");
    this.#expect("tag header", TAG_HEADER_SIZE);
  }

  #checkTagHeader(): void {
    const head = this.#head;
    this.#tagType = head[0]!;
    if (this.#tagType !== AUDIO && this.#tagType !== VIDEO && this.#tagType !== SCRIPT) {
      return this.#break(`tag type must be 8, 9 or 18, got ${this.#tagType}`);
    }
    this.#bodySize = u32(head, 0) & 0xffffff;
    if (this.#bodySize < BODY_HEAD_SIZE) return this.#break(`tag of ${this.#bodySize} bytes`);
    this.#timestampMs = (head[7]! << 24) | (u32(head, 3) & 0xffffff);
    if ((u32(head, 7) & 0xffffff) !== 0) return this.#break("stream id must be 0");
    this.#expect("body head", BODY_HEAD_SIZE);
  }

  #checkBodyHead(): void {
    this.#isPicture = false;
    this.#isKeyFrame = false;
    if (this.#tagType === VIDEO) this.#checkVideo(this.#head[0]! >> 4, this.#head[1]!);
    if (this.#tagType === AUDIO) {
      if (this.#timestampMs < this.#lastAudioMs) this.#wentBack("audio", this.#lastAudioMs);
      this.#lastAudioMs = this.#timestampMs;
    }
    this.#bodyLeft = this.#bodySize - BODY_HEAD_SIZE;
    if (this.#bodyLeft > 0) this.#state = "body";
    else this.#expect("previous tag size", PREVIOUS_TAG_SIZE);
  }

  #checkVideo(frameType: number, packetType: number): void {
    if (packetType === AVC_CONFIGURATION) {
      this.#configured = true;
      this.#keyFrameDue = true;
      return;
    }
    if (packetType !== AVC_PICTURE) return;
    this.#isPicture = true;
    this.#isKeyFrame = frameType === KEY_FRAME;
    if (!this.#configured) this.#fault("picture before its configuration");
    else if (this.#keyFrameDue && !this.#isKeyFrame) this.#fault("first picture is no key frame");
    this.#keyFrameDue = false;
    if (this.#timestampMs < this.#lastVideoMs) this.#wentBack("video", this.#lastVideoMs);
    else if (this.#lastVideoMs >= 0 && this.#timestampMs - this.#lastVideoMs > GAP_MS) this.gaps++;
    this.#lastVideoMs = this.#timestampMs;
  }

  #checkPreviousTagSize(): void {
    const size = u32(this.#head, 0);
    if (size !== this.#bodySize + TAG_HEADER_SIZE) {
      return this.#break(
        `PreviousTagSize must be ${this.#bodySize + TAG_HEADER_SIZE}, got ${size}`,
      );
    }
    if (this.#isPicture) this.videoFrames++;
    if (this.#isKeyFrame) this.keyFrames++;
    if (this.#tagType === AUDIO) this.audioTags++;
    this.#expect("tag header", TAG_HEADER_SIZE);
  }

  #wentBack(track: string, lastMs: number): void {
    this.#fault(`${track} timestamp went back from ${lastMs} to ${this.#timestampMs} ms`);
  }

  #fault(message: string): void {
    this.errors++;
    this.firstError ??= message;
  }

  #break(message: string): void {
    this.#fault(message);
    this.#state = "broken";
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}
