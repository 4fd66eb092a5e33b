import type { FeedEntries } from "./feed_entries.ts";
import { indexOfFrame } from "./feed_piece.ts";
import type { FeedBeginning, FeedStart } from "./feed_start.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LiveTracks, LogReader } from "./log_reader.ts";
import type { TrackName } from "./timeline.ts";
import type { TrackFilter, TrackSelection } from "./track_selection.ts";

/** A track of which nothing has come for so long, while the other goes on, has stopped. */
const STOPPED_MS = 3000;

/** For so long, by the stream's time, who could have sound at once waits for a key frame. */
const MAX_KEY_FRAME_WAIT_MS = 1000;

/** Where viewers of a feed begin, and take up what they lacked at first. */
export class FeedBeginnings {
  readonly #log: LogReader;
  readonly #selection: TrackSelection;
  readonly #entries: FeedEntries;
  /** The age of a key frame up to which viewers may begin with it, where there is sound as well. */
  readonly #windowMs: number;
  #newestKeyFrame: number | undefined;
  /** Nothing before this position can be decoded with the present configurations. */
  #newestReconfiguration = 0;
  /** As of the last update, once it was asked for: all who wait ask. */
  #liveTracks: LiveTracks | undefined;

  constructor(
    log: LogReader,
    selection: TrackSelection,
    entries: FeedEntries,
    windowMs: number,
  ) {
    this.#log = log;
    this.#selection = selection;
    this.#entries = entries;
    this.#windowMs = windowMs;
  }

  /** Whether viewers can begin with key frames alone; without pictures anything will do. */
  get needsKeyFrame(): boolean {
    return this.#selection.video && this.#log.hasVideo;
  }

  /** The log has gone on. */
  update(): void {
    this.#liveTracks = undefined;
  }

  /** A record with these flags is about to take the position at the head. */
  note(flags: number): void {
    if (flags & RecordFlag.keyFrame) this.#newestKeyFrame = this.#entries.head;
    if (flags & RecordFlag.reconfiguration) this.#newestReconfiguration = this.#entries.head;
  }

  /**
   * Where a viewer begins: the newest key frame, or the newest tag of a stream without video;
   * `undefined` as long as there is none, or the stream's tracks are not known.
   *
   * Pictures that have stopped, or whose newest key frame is older than the window, keep nobody from
   * the sound that goes on: a viewer begins with that alone, and takes pictures up at the next key
   * frame. Nor does sound that has stopped keep anybody from the pictures.
   *
   * @param filter what is selected
   * @param from where it stands, if it has got something already: it is never led back
   * @param waitedMs of the stream's time, for which it has asked
   */
  beginning(filter: TrackFilter, from?: FeedStart, waitedMs = 0): FeedBeginning | undefined {
    if (!this.#log.tracksSettled) return undefined;
    if (!this.needsKeyFrame) {
      const position = from?.isInStep ? this.#entries.positionOf(from.sequence) : undefined;
      return { position: position ?? this.#entries.head, lacks: undefined };
    }
    const keyFrame = this.usableKeyFrame(from);
    if (from?.changesPictures) {
      return keyFrame === undefined ? undefined : { position: keyFrame, lacks: "video" };
    }
    const wantsSound = this.#selection.audio && this.#log.hasAudio;
    this.#liveTracks ??= this.#log.liveTracks(filter, STOPPED_MS);
    const { audio, video: hasPictures } = this.#liveTracks;
    if (!wantsSound || !audio) {
      return this.#inStep(keyFrame, from, wantsSound && hasPictures ? "audio" : undefined);
    }
    const isRecent = hasPictures && keyFrame !== undefined &&
      this.#ageMs(keyFrame) <= this.#windowMs;
    if (isRecent || from?.isInStep) return this.#inStep(keyFrame, from, undefined);
    if (hasPictures && keyFrame === undefined && waitedMs < MAX_KEY_FRAME_WAIT_MS) return undefined;
    const position = from && this.#entries.positionOf(from.sequence);
    return { position: position ?? this.#entries.head, lacks: "video" };
  }

  /**
   * Where a viewer takes up the track that it lacks, at `position` or behind it: pictures at a key
   * frame; `undefined` as long as there is nothing.
   */
  takeUp(position: number, lacks: TrackName): number | undefined {
    if (lacks === "video") {
      const keyFrame = this.usableKeyFrame();
      return keyFrame !== undefined && keyFrame >= position ? keyFrame : undefined;
    }
    const { list, tail } = this.#entries;
    const at = indexOfFrame("audio", list, position - tail);
    return at === undefined ? undefined : tail + at;
  }

  /** The newest key frame from which on all can be decoded, if a viewer from there may go to it. */
  usableKeyFrame(from?: FeedStart): number | undefined {
    const position = this.#newestKeyFrame;
    const first = Math.max(this.#newestReconfiguration, this.#entries.tail);
    if (position === undefined || position < first) return undefined;
    if (from !== undefined && distance(from.sequence, this.#entries.sequenceAt(position)) < 0) {
      return undefined;
    }
    return position;
  }

  /** At the key frame; without one, a viewer may go on that has all that came before. */
  #inStep(
    keyFrame: number | undefined,
    from: FeedStart | undefined,
    lacks: TrackName | undefined,
  ): FeedBeginning | undefined {
    const position = keyFrame ??
      (from?.isInStep ? this.#entries.positionOf(from.sequence) : undefined);
    if (position === undefined) return undefined;
    const isLacking = lacks !== undefined && this.takeUp(position, lacks) === undefined;
    return { position, lacks: isLacking ? lacks : undefined };
  }

  #ageMs(position: number): number {
    const { timestampMs } = this.#entries.at(position)!.record;
    return distance(timestampMs, this.#log.lastTimestampMs);
  }
}
