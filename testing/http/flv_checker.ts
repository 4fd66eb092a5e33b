import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { FlvReader, type FlvTagRecord } from "../flv/tag_reader.ts";
import {
  AUDIO_CONFIGURATION,
  checkAudioFrame,
  checkVideoFrame,
  VIDEO_CONFIGURATION,
} from "../media/self_describing.ts";

/** A place where a viewer was not given what followed. */
export interface Jump {
  readonly from: number;
  readonly to: number;
}

interface TrackState {
  sequence: number | undefined;
  timestampMs: number;
  isConfigured: boolean;
}

/**
 * Checks what a viewer of a self-describing stream gets: strict FLV, every frame whole and as it was
 * published, nothing left out but by a jump to a key frame behind its configuration, and timestamps
 * that never go back.
 */
export class FlvChecker {
  readonly #flv = new FlvReader({ strict: true });
  readonly #video: TrackState = { sequence: undefined, timestampMs: 0, isConfigured: false };
  readonly #audio: TrackState = { sequence: undefined, timestampMs: 0, isConfigured: false };
  readonly jumps: Jump[] = [];
  videoFrames = 0;
  audioFrames = 0;
  bytes = 0;
  /** Timestamp of the newest video frame by its publisher's clock. */
  publishedMs = 0;

  /** Number of the newest video frame; -1 before the first. */
  get sequence(): number {
    return this.#video.sequence ?? -1;
  }

  /** Bytes of a tag that is not whole yet. */
  get pending(): number {
    return this.#flv.pending;
  }

  /** Takes what the viewer got; throws if it is not what it must be. */
  push(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#flv.push(piece);
    for (let record = this.#flv.next(); record !== undefined; record = this.#flv.next()) {
      if (record.kind === "tag") this.#takeTag(record);
    }
  }

  #takeTag({ type, timestampMs, body }: FlvTagRecord): void {
    if (type === TAG_SCRIPT) return;
    assert(type === TAG_VIDEO || type === TAG_AUDIO);
    const isVideo = type === TAG_VIDEO;
    const track = isVideo ? this.#video : this.#audio;
    if (body[1] === 0) {
      const expected = isVideo ? VIDEO_CONFIGURATION : AUDIO_CONFIGURATION;
      assert(Buffer.from(expected).equals(body), "A configuration is not the one published");
      track.isConfigured = true;
      return;
    }
    assert(
      track.sequence === undefined || timestampMs >= track.timestampMs,
      `A timestamp goes back from ${track.timestampMs} to ${timestampMs}`,
    );
    track.timestampMs = timestampMs;
    if (isVideo) this.#takeVideo(body);
    else this.#takeAudio(body);
  }

  #takeVideo(body: Uint8Array): void {
    const { sequence, isKeyFrame, timestampMs } = checkVideoFrame(body);
    const track = this.#video;
    this.publishedMs = timestampMs;
    this.videoFrames++;
    if (sequence - 1 !== track.sequence) {
      assert(isKeyFrame, `Frame ${sequence} follows ${track.sequence} and is no key frame`);
      assert(track.isConfigured, `No configuration before frame ${sequence}, behind a gap`);
      if (track.sequence !== undefined) {
        assert(sequence > track.sequence, `Frame ${sequence} follows ${track.sequence}`);
        this.jumps.push({ from: track.sequence, to: sequence });
      }
    }
    track.sequence = sequence;
    track.isConfigured = false;
  }

  #takeAudio(body: Uint8Array): void {
    const { sequence } = checkAudioFrame(body);
    const track = this.#audio;
    this.audioFrames++;
    if (sequence - 1 !== track.sequence) {
      assert(track.isConfigured, `No configuration before audio ${sequence}, behind a gap`);
      assert(sequence > (track.sequence ?? -1), `Audio ${sequence} follows ${track.sequence}`);
    }
    track.sequence = sequence;
    track.isConfigured = false;
  }
}
