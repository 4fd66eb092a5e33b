import type { Malformed } from "../bytes/malformed.ts";
import {
  isAudioMultitrack,
  isVideoMultitrack,
  splitAudioTracks,
  type SplitTracks,
  splitVideoTracks,
} from "../flv/multitrack.ts";
import { TAG_SCRIPT } from "../flv/tag.ts";
import type { AudioDescription } from "./audio_track.ts";
import { RecordFlag, Slot } from "./log_layout.ts";
import type { LogWriter } from "./log_writer.ts";
import { StreamError } from "./stream_error.ts";
import { Timeline, type TimestampFaults } from "./timeline.ts";
import {
  type HeldFrame,
  type Intake,
  type MediaTrack,
  skip,
  skipMalformed,
  type SkippedMessage,
  type SkipReason,
} from "./track_intake.ts";
import { type TrackDescription, TrackRecorder } from "./track_recorder.ts";
import type { Member, TrackSet } from "./track_set.ts";
import { TrackSettling } from "./track_settling.ts";
import type { VideoDescription } from "./video_track.ts";
import { ViewerWaking } from "./viewer_waking.ts";

/**
 * A frame whose end is not seen waits this long for the rest of it, where the next one is not earlier:
 * longer than messages of one frame are apart on the way.
 */
const MAX_HOLD_MS = 100;

/** Why messages are skipped that are as they should be, and come before what they need. */
const TOO_EARLY: ReadonlySet<SkipReason> = new Set(["no-configuration", "awaiting-key-frame"]);

/** What a publisher sends, as far as it is known. */
export interface PublicationDescription {
  /** Of the default tracks. */
  readonly video: VideoDescription | null;
  readonly audio: AudioDescription | null;
  /** Of all tracks. */
  readonly tracks: readonly TrackDescription[];
  /** Of the default tracks together. */
  readonly bitrateBps: number | null;
  /** What was wrong with the timestamps, and was mended. */
  readonly timestampFaults: TimestampFaults;
  /** What the publisher should change about its default tracks, as sentences. */
  readonly advice: readonly string[];
  /** Messages that were not passed on, by reason. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
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
  readonly #timeline: Timeline;
  readonly #recorder: TrackRecorder;
  readonly #settling: TrackSettling;
  readonly #waking: ViewerWaking;
  readonly #skipped: Partial<Record<SkipReason, number>> = {};
  #hasMetadata = false;
  /** Whether tracks may hold frames: few ever do. */
  #mayHold = false;
  /**
   * The track that holds a frame on trial. When a message of another track comes, the frame is written
   * before that: pieces of a frame come one behind the other.
   */
  #trial: { readonly track: MediaTrack; readonly end: (nowMs: number) => void } | undefined;

  constructor(log: LogWriter, { trackSettleMs }: { readonly trackSettleMs: number }) {
    this.#log = log;
    this.#timeline = new Timeline(log.lastTimestampMs);
    this.#recorder = new TrackRecorder(log, this.#timeline);
    this.#waking = new ViewerWaking(log);
    this.#settling = new TrackSettling(log, {
      settleMs: trackSettleMs,
      settled: () => this.#onSettled(),
    });
  }

  /** Whether anything was passed on that can be shown or heard. */
  get hasMedia(): boolean {
    return this.#settling.hasMedia;
  }

  /** What was wrong with the publisher's timestamps, and was mended. */
  get timestampFaults(): TimestampFaults {
    return this.#timeline.faults;
  }

  /**
   * Takes a video message; returns why it, or one of its tracks, was skipped, if it was.
   *
   * @param layer the place of its picture among layers, if that is known, as `layerBits` has it
   */
  video(encoderMs: number, body: Uint8Array, nowMs: number, layer = 0): SkippedMessage | undefined {
    return isVideoMultitrack(body)
      ? this.#takeTracks(this.#recorder.video, splitVideoTracks, encoderMs, body, nowMs, layer)
      : this.#take(this.#recorder.video, 0, encoderMs, body, nowMs, layer);
  }

  /** Takes an audio message, as {@linkcode video} does. */
  audio(encoderMs: number, body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    return isAudioMultitrack(body)
      ? this.#takeTracks(this.#recorder.audio, splitAudioTracks, encoderMs, body, nowMs)
      : this.#take(this.#recorder.audio, 0, encoderMs, body, nowMs);
  }

  /** Takes metadata, as the body of a script tag: "onMetaData" and its value. */
  metadata(body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    this.#hasMetadata = true;
    if (this.#log.slotHolds(Slot.metadata, body)) return undefined;
    return this.#guard(() => {
      const timestampMs = this.#timeline.positionMs("video");
      const record = { type: TAG_SCRIPT, timestampMs, body, flags: RecordFlag.script } as const;
      this.#log.appendConfiguration(Slot.metadata, record);
      this.#waking.appended("other", nowMs);
    });
  }

  /** Takes any other script data, such as captions, as the body of a script tag. */
  data(body: Uint8Array, nowMs: number): SkippedMessage | undefined {
    this.#trial?.end(nowMs);
    return this.#guard(() => {
      const timestampMs = this.#timeline.positionMs("video");
      this.#log.append({ type: TAG_SCRIPT, timestampMs, body, flags: RecordFlag.script });
      this.#waking.appended("other", nowMs);
    });
  }

  /** When {@linkcode release} has something to do; `undefined` if no track holds a frame. */
  get heldUntilMs(): number | undefined {
    if (!this.#mayHold) return undefined;
    const held = this.#heldFrames();
    this.#mayHold = held.length > 0;
    return this.#mayHold
      ? Math.min(...held.map(({ sinceMs }) => sinceMs)) + MAX_HOLD_MS
      : undefined;
  }

  /** Bytes of the frames that tracks hold. */
  get heldBytes(): number {
    return this.#heldFrames().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Writes the frames whose rest has not come in time; {@linkcode flush} is to follow. */
  release(nowMs: number): void {
    this.#releaseHeld(nowMs - MAX_HOLD_MS, nowMs);
  }

  /** The publisher has ended: writes what is held, and wakes all viewers. */
  close(nowMs: number): void {
    this.#releaseHeld(Infinity, nowMs);
    this.#log.flush();
  }

  /** The stream is over, whatever the publisher still sends: nothing is passed on any more. */
  abandon(): void {
    this.#log.abandon();
  }

  /** Decides which tracks there are once that has taken its time, though nothing more comes. */
  settle(nowMs: number): void {
    if (this.#settling.settle(nowMs)) this.#log.flush();
  }

  /**
   * Wakes the viewers if there is a picture for them, or audio that has waited long enough for one;
   * those that wait for sound alone are woken at once. To be called after each batch of messages.
   */
  flush(nowMs: number): void {
    this.#waking.flush(nowMs);
  }

  describe(): PublicationDescription {
    const { video, audio } = this.#recorder.describeDefaults();
    const rates = [video?.bitrateBps, audio?.bitrateBps].filter((rate) => typeof rate === "number");
    return {
      video,
      audio,
      tracks: this.#recorder.describe(),
      bitrateBps: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate),
      timestampFaults: this.timestampFaults,
      advice: this.#advice(),
      skipped: { ...this.#skipped },
    };
  }

  #heldFrames(): HeldFrame[] {
    const { video, audio } = this.#recorder;
    return [...video.members, ...audio.members].flatMap(({ track: { held } }) => held ?? []);
  }

  /** Of tracks that are not settled, any may be the default one. */
  #advice(): string[] {
    const { video, audio } = this.#recorder;
    const tracks = [video, audio].flatMap((set) => {
      return set.default === undefined ? [...set.members] : [set.default];
    });
    return tracks.flatMap(({ track: { advice } }) => advice ?? []);
  }

  #releaseHeld(heldSinceMs: number, nowMs: number): void {
    this.#releaseOf(this.#recorder.video, heldSinceMs, nowMs);
    this.#releaseOf(this.#recorder.audio, heldSinceMs, nowMs);
  }

  /** Writes what tracks have held since then or longer. */
  #releaseOf<T extends MediaTrack>(set: TrackSet<T>, heldSinceMs: number, nowMs: number): void {
    for (const member of set.members) {
      const { track } = member;
      if (track.held === undefined || track.held.sinceMs > heldSinceMs) continue;
      this.#writeAll(set, member, track.release(), nowMs);
    }
  }

  #takeTracks<T extends MediaTrack>(
    set: TrackSet<T>,
    split: (body: Uint8Array) => SplitTracks | Malformed,
    encoderMs: number,
    body: Uint8Array,
    nowMs: number,
    layer = 0,
  ): SkippedMessage | undefined {
    const parts = split(body);
    if (parts.kind === "malformed") return this.#skip(skipMalformed(parts));
    // The lowest number first: it may be that of the default track.
    const tracks = parts.tracks.toSorted((one, other) => one.trackId - other.trackId);
    let skipped: SkippedMessage | undefined;
    for (const { trackId, body } of tracks) {
      const reason = this.#take(set, trackId, encoderMs, body, nowMs, layer);
      skipped ??= reason;
    }
    return skipped;
  }

  #take<T extends MediaTrack>(
    set: TrackSet<T>,
    trackId: number,
    encoderMs: number,
    body: Uint8Array,
    nowMs: number,
    layer = 0,
  ): SkippedMessage | undefined {
    const member = set.member(trackId);
    if (member === undefined) {
      return this.#skip(skip("too-many-tracks", () => `${set.name} track ${trackId}`));
    }
    const { track } = member;
    if (this.#trial !== undefined && this.#trial.track !== track) this.#trial.end(nowMs);
    const taken = track.take(body, encoderMs, nowMs);
    const intakes = layer === 0 ? taken : taken.map((intake) => {
      // With it may come an earlier one that was held.
      const isIt = intake.kind === "frame" && intake.encoderMs === encoderMs;
      return isIt ? { ...intake, layer } : intake;
    });
    const skipped = this.#writeAll(set, member, intakes, nowMs);
    if (track.held !== undefined) this.#mayHold = true;
    this.#trial = track.held?.isOnTrial !== true ? undefined : {
      track,
      end: (endMs) => this.#writeAll(set, member, track.release(), endMs),
    };
    return skipped;
  }

  /** Writes what a track made of a message, or held; returns why the first was skipped that was. */
  #writeAll<T extends MediaTrack>(
    set: TrackSet<T>,
    member: Member<T>,
    intakes: readonly Intake[],
    nowMs: number,
  ): SkippedMessage | undefined {
    let skipped: SkippedMessage | undefined;
    for (const intake of intakes) {
      const reason = this.#write(set, member, intake, nowMs);
      skipped ??= reason;
    }
    return skipped;
  }

  #write<T extends MediaTrack>(
    set: TrackSet<T>,
    member: Member<T>,
    intake: Intake,
    nowMs: number,
  ): SkippedMessage | undefined {
    if (intake.kind !== "skip" || TOO_EARLY.has(intake.reason)) set.hear(member);
    switch (intake.kind) {
      case "configuration":
      case "supplement":
        return this.#guard(() => {
          const isWritten = this.#recorder.preface(intake.kind, set, member, intake.body);
          if (isWritten) this.#noteAppended(set, member, nowMs);
        });
      case "frame":
        return this.#guard(() => {
          const timestampMs = this.#recorder.frame(set, member, intake, nowMs);
          this.#noteAppended(set, member, nowMs);
          if (set.isDefault(member)) this.#settling.noteFrame(set.name, timestampMs, nowMs);
        });
      case "skip":
        return this.#skip(intake);
    }
  }

  #noteAppended<T extends MediaTrack>(set: TrackSet<T>, member: Member<T>, nowMs: number): void {
    const isPicture = set.name === "video" && set.isDefault(member);
    this.#waking.appended(isPicture ? "picture" : set.name === "audio" ? "sound" : "other", nowMs);
  }

  #onSettled(): void {
    // An earlier publisher of this stream may have had what this one has not.
    if (!this.#hasMetadata) this.#log.writeSlot(Slot.metadata, new Uint8Array(0));
    this.#recorder.forgetOthers();
  }

  /** Runs an append; what the log refuses is skipped. */
  #guard(append: () => void): SkippedMessage | undefined {
    try {
      append();
      return undefined;
    } catch (error) {
      if (error instanceof StreamError) return this.#skip(skip("too-large", () => error.message));
      throw error;
    }
  }

  #skip(intake: Extract<Intake, { kind: "skip" }>): SkippedMessage {
    this.#skipped[intake.reason] = (this.#skipped[intake.reason] ?? 0) + 1;
    return intake;
  }
}
