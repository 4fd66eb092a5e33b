import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO, type TagType } from "../flv/tag.ts";
import { type AudioDescription, AudioTrack } from "./audio_track.ts";
import { RecordFlag, Slot, Track } from "./log_layout.ts";
import type { LogWriter } from "./log_writer.ts";
import { StreamError } from "./stream_error.ts";
import { Timeline, type TrackName } from "./timeline.ts";
import { type Intake, skip, type SkipReason } from "./track_intake.ts";
import { type VideoDescription, VideoTrack } from "./video_track.ts";

/** Audio waits this long for a picture to be sent with; longer than a frame at 20 fps. */
const AUDIO_FOLD_MS = 60;

const CONFIGURATION_SLOTS = {
  video: Slot.videoConfiguration,
  audio: Slot.audioConfiguration,
} as const;

const TAG_TYPES = { video: TAG_VIDEO, audio: TAG_AUDIO } as const;

const ALL_TRACKS = Track.audio | Track.video;

/** What a publisher sends, as far as it is known. */
export interface PublicationDescription {
  readonly video: VideoDescription | null;
  readonly audio: AudioDescription | null;
  readonly bitrateBps: number | null;
  /** Timestamps that went back and were corrected. */
  readonly timestampCorrections: number;
  /** Messages that were not passed on, by reason. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
}

/** A message that was skipped: what the caller may want to log. */
export interface SkippedMessage {
  readonly reason: SkipReason;
  readonly detail?: string;
}

/**
 * One publisher of a stream: turns its messages into records of the log, in right order and with
 * true flags.
 *
 * A publication begins with a key frame, passes configurations on when they change, and decides
 * which tracks the stream has: those whose media came within the settle time after the first.
 * Bodies are borrowed during the call. Time comes in as an argument.
 *
 * @example
 * ```ts
 * import { LogWriter } from "./log_writer.ts";
 * import { Publication } from "./publication.ts";
 *
 * const writer = new LogWriter(LogWriter.allocate(1 << 20), { windowMs: 10_000 });
 * const publication = new Publication(writer, { trackSettleMs: 1000 });
 * publication.video(0, Uint8Array.of(0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65), 0);
 * // { reason: "no-configuration" }
 * publication.flush(0);
 * ```
 */
export class Publication {
  readonly #log: LogWriter;
  readonly #trackSettleMs: number;
  readonly #timeline: Timeline;
  readonly #video = new VideoTrack();
  readonly #audio = new AudioTrack();
  readonly #skipped: Partial<Record<SkipReason, number>> = {};
  #hasMetadata = false;
  #tracks = 0;
  #tracksSettled = false;
  #firstFrame: { readonly timestampMs: number; readonly arrivedMs: number } | undefined;
  #hasUnflushedVideo = false;
  #hasUnflushedSound = false;
  #unflushedSinceMs: number | undefined;

  constructor(log: LogWriter, { trackSettleMs }: { readonly trackSettleMs: number }) {
    this.#log = log;
    this.#trackSettleMs = trackSettleMs;
    this.#timeline = new Timeline(log.lastTimestampMs);
    log.setTracks(0, false);
  }

  /** Whether anything was passed on that can be shown or heard. */
  get hasMedia(): boolean {
    return this.#firstFrame !== undefined;
  }

  /** Takes a video message; returns why it was skipped, if it was. */
  video(encoderMs: number, body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    const intake = this.#video.take(body);
    switch (intake.kind) {
      case "configuration":
        return this.#configure("video", body, nowMs);
      case "frame":
        return this.#appendFrame("video", intake.isKeyFrame, encoderMs, body, nowMs);
      case "skip":
        return this.#skip(intake);
    }
  }

  /** Takes an audio message; returns why it was skipped, if it was. */
  audio(encoderMs: number, body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    const intake = this.#audio.take(body);
    switch (intake.kind) {
      case "configuration":
        return this.#configure("audio", body, nowMs);
      case "frame":
        return this.#appendFrame("audio", intake.isKeyFrame, encoderMs, body, nowMs);
      case "skip":
        return this.#skip(intake);
    }
  }

  /** Takes metadata, as the body of a script tag: "onMetaData" and its value. */
  metadata(body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    this.#hasMetadata = true;
    if (this.#log.slotHolds(Slot.metadata, body)) return undefined;
    return this.#guard(() => {
      const timestampMs = this.#timeline.positionMs("video");
      const record = { type: TAG_SCRIPT, timestampMs, body, flags: RecordFlag.script } as const;
      this.#log.appendConfiguration(Slot.metadata, record);
      this.#noteAppended(TAG_SCRIPT, nowMs);
    });
  }

  /** Takes any other script data, such as captions, as the body of a script tag. */
  data(body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    return this.#guard(() => this.#appendScript(body, nowMs));
  }

  /**
   * Wakes the viewers if there is a picture for them, or audio that has waited long enough for one;
   * those that wait for sound alone are woken at once. To be called after each batch of messages.
   */
  flush(nowMs: number): void {
    if (this.#unflushedSinceMs === undefined) return;
    if (!this.#hasUnflushedVideo && nowMs - this.#unflushedSinceMs < AUDIO_FOLD_MS) {
      if (this.#hasUnflushedSound) this.#log.flushSound();
      this.#hasUnflushedSound = false;
      return;
    }
    this.#hasUnflushedSound = false;
    this.#hasUnflushedVideo = false;
    this.#unflushedSinceMs = undefined;
    this.#log.flush();
  }

  describe(): PublicationDescription {
    const video = this.#video.describe() ?? null;
    const audio = this.#audio.describe() ?? null;
    const rates = [video?.bitrateBps, audio?.bitrateBps].filter((rate) => typeof rate === "number");
    return {
      video,
      audio,
      bitrateBps: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate),
      timestampCorrections: this.#timeline.corrections,
      skipped: { ...this.#skipped },
    };
  }

  /** Puts a configuration in its slot, and in line, unless it is the one in force already. */
  #configure(track: TrackName, body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    const slot = CONFIGURATION_SLOTS[track];
    const skipped = this.#log.slotHolds(slot, body) ? undefined : this.#guard(() => {
      const type = TAG_TYPES[track];
      const timestampMs = this.#timeline.positionMs(track);
      const flags = RecordFlag[track] | RecordFlag.configuration;
      this.#log.appendConfiguration(slot, { type, timestampMs, body, flags });
      this.#noteAppended(type, nowMs);
    });
    if (skipped === undefined) this.#noteTrack(track);
    return skipped;
  }

  #appendFrame(
    track: TrackName,
    isKeyFrame: boolean,
    encoderMs: number,
    body: Uint8Array,
    nowMs: number,
  ): SkippedMessage | undefined {
    const skipped = this.#guard(() => {
      const flags = RecordFlag[track] | (isKeyFrame ? RecordFlag.keyFrame : 0);
      const timestampMs = this.#timeline.map(track, encoderMs);
      this.#append(TAG_TYPES[track], flags, timestampMs, body, nowMs);
      const { statistics } = track === "video" ? this.#video : this.#audio;
      statistics.addFrame(timestampMs, body.length, isKeyFrame);
      this.#firstFrame ??= { timestampMs, arrivedMs: nowMs };
      this.#noteTrack(track);
      if (!this.#tracksSettled) this.#settleInTime(timestampMs, nowMs);
    });
    return skipped;
  }

  #appendScript(body: Uint8Array, nowMs: number): void {
    this.#append(TAG_SCRIPT, RecordFlag.script, this.#timeline.positionMs("video"), body, nowMs);
  }

  #append(type: TagType, flags: number, timestampMs: number, body: Uint8Array, nowMs: number) {
    this.#log.append({ type, timestampMs, body, flags });
    this.#noteAppended(type, nowMs);
  }

  #noteAppended(type: TagType, nowMs: number): void {
    if (type === TAG_VIDEO) this.#hasUnflushedVideo = true;
    if (type === TAG_AUDIO) this.#hasUnflushedSound = true;
    this.#unflushedSinceMs ??= nowMs;
  }

  #noteTrack(track: TrackName): void {
    const tracks = this.#tracks | Track[track];
    if (tracks === this.#tracks) return;
    this.#tracks = tracks;
    this.#log.setTracks(tracks, this.#tracksSettled);
    if (tracks === ALL_TRACKS) this.#settleTracks();
  }

  /** Decides that there is one track when the other has not come in time. */
  #settleInTime(timestampMs: number, nowMs: number): void {
    const first = this.#firstFrame!;
    const waitedMs = Math.max((timestampMs - first.timestampMs) | 0, nowMs - first.arrivedMs);
    if (waitedMs >= this.#trackSettleMs) this.#settleTracks();
  }

  #settleTracks(): void {
    if (this.#tracksSettled) return;
    this.#tracksSettled = true;
    // An earlier publisher of this stream may have had what this one has not.
    if (!this.#hasMetadata) this.#log.writeSlot(Slot.metadata, new Uint8Array(0));
    for (const track of ["video", "audio"] as const) {
      if (!(this.#tracks & Track[track])) {
        this.#log.writeSlot(CONFIGURATION_SLOTS[track], new Uint8Array(0));
      }
    }
    this.#log.setTracks(this.#tracks, true);
  }

  /** Runs an append; what the log refuses is skipped. */
  #guard(append: () => void): SkippedMessage | undefined {
    try {
      append();
      return undefined;
    } catch (error) {
      if (error instanceof StreamError) return this.#skip(skip("too-large", error.message));
      throw error;
    }
  }

  #skip(intake: Extract<Intake, { kind: "skip" }>): SkippedMessage {
    this.#skipped[intake.reason] = (this.#skipped[intake.reason] ?? 0) + 1;
    return intake;
  }
}
