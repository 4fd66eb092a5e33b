import type { ByteSink } from "./body_decoder.ts";
import { AUDIO, MediaCheck, VIDEO } from "./media_check.ts";

const FILE_HEADER_SIZE = 9;
const TAG_HEADER_SIZE = 11;
const PREVIOUS_TAG_SIZE = 4;
/** Frame type and AVC packet type: all that a check needs of a video body (FLV E.4.3.1). */
const BODY_HEAD_SIZE = 2;

const SCRIPT = 18;

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
export class FlvCheck extends MediaCheck implements ByteSink {
  readonly #head = new Uint8Array(FILE_HEADER_SIZE + PREVIOUS_TAG_SIZE);
  #held = 0;
  #state: State = "file header";
  #wanted = FILE_HEADER_SIZE + PREVIOUS_TAG_SIZE;
  #tagType = 0;
  #bodySize = 0;
  #bodyLeft = 0;
  #timestampMs = 0;

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
    if (head[4] !== 5) this.fault(`flags must be audio and video, got ${head[4]}`);
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
    this.mediaBegins(this.#tagType, this.#timestampMs, this.#head[0]!, this.#head[1]!);
    this.#bodyLeft = this.#bodySize - BODY_HEAD_SIZE;
    if (this.#bodyLeft > 0) this.#state = "body";
    else this.#expect("previous tag size", PREVIOUS_TAG_SIZE);
  }

  #checkPreviousTagSize(): void {
    const size = u32(this.#head, 0);
    if (size !== this.#bodySize + TAG_HEADER_SIZE) {
      return this.#break(
        `PreviousTagSize must be ${this.#bodySize + TAG_HEADER_SIZE}, got ${size}`,
      );
    }
    this.mediaEnds();
    this.#expect("tag header", TAG_HEADER_SIZE);
  }

  #break(message: string): void {
    this.fault(message);
    this.#state = "broken";
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}
