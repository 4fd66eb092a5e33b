import { TAG_AUDIO, TAG_HEADER_SIZE, TAG_OVERHEAD } from "../flv/tag.ts";
import { distance, RecordFlag, TRACK_BITS } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import type { ListedTrack } from "./track_list.ts";
import { trackFilter, type TrackSelection } from "./track_selection.ts";

/** How far back a stream is begun, so that a viewer hears what belongs to the pictures it gets. */
const START_BACK_MS = 1000;

/** The time that records may wait here before the oldest are left out. */
const MAX_WAIT_MS = 1000;

/** How far back reading goes on after that. */
const JUMP_BACK_MS = 200;

/** Bytes of a record that is taken: many times what an access unit has. */
const MAX_RECORD_SIZE = 64 * 1024;

/** The bits of a record's flags that say whether it is audio, and of which track. */
const AUDIO_OF_TRACK = RecordFlag.audio | TRACK_BITS;

/** An audio tag of a log. */
export interface SoundTag {
  readonly timestampMs: number;
  /** Holds until the next call. */
  readonly body: Uint8Array;
}

/**
 * Reads an audio track of a stream log in order, from its newest second on, and never lags: what has
 * waited here for more than a second is passed over, as is what the log has let go of. Each such
 * jump is counted. Configurations are never passed over.
 */
export class SoundFollower {
  readonly #log: LogReader;
  readonly #selection: TrackSelection;
  #tracks: readonly ListedTrack[];
  /** What `AUDIO_OF_TRACK` gives of the track's records. */
  #flags: number;
  #position = 0;
  /** A configuration that is due before what lies at the position. */
  #pending: SoundTag | undefined;
  /** The head as it was, and when. */
  #markedHead = 0;
  #markedAtMs = 0;
  #jumps = 0;
  #tooLarge = 0;
  #buffer = new Uint8Array(4096);

  /** @param audioTrack the publisher's number for the track; by default the default one */
  constructor(log: LogReader, nowMs: number, audioTrack?: number) {
    this.#log = log;
    this.#selection = {
      audio: true,
      video: false,
      ...(audioTrack !== undefined && { audioTrack }),
    };
    this.#tracks = log.tracks;
    this.#flags = this.#trackFlags();
    this.#seek(START_BACK_MS, nowMs);
  }

  /** Times that something was passed over. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Records of more bytes than sound has, which were left out. */
  get tooLarge(): number {
    return this.#tooLarge;
  }

  /** The next audio tag, configurations included; `undefined` if there is none now. */
  next(nowMs: number): SoundTag | undefined {
    const { head } = this.#log;
    if (this.#selection.audioTrack !== undefined) this.#followTracks(head);
    this.#keepUp(nowMs);
    if (this.#pending !== undefined) {
      const pending = this.#pending;
      this.#pending = undefined;
      return pending;
    }
    while (distance(this.#position, head) > 0) {
      const sequence = this.#position;
      this.#position = (sequence + 1) | 0;
      if ((this.#log.flagsOf(sequence) & AUDIO_OF_TRACK) !== this.#flags) continue;
      const tag = this.#read(sequence);
      if (tag !== undefined) return tag;
    }
    return undefined;
  }

  /**
   * Goes on with other records if another publisher counts its tracks otherwise: those of its tracks
   * that lie before `head` are listed by now.
   */
  #followTracks(head: number): void {
    const { tracks } = this.#log;
    if (tracks === this.#tracks) return;
    this.#tracks = tracks;
    const flags = this.#trackFlags();
    if (flags === this.#flags) return;
    this.#flags = flags;
    this.#position = this.#newestConfiguration(head) ?? head;
    this.#pending = this.#position === head ? this.#configurationBefore(head) : undefined;
  }

  /** Where the newest configuration is that was not read yet: what lies before it may be another's. */
  #newestConfiguration(head: number): number | undefined {
    const { tail } = this.#log;
    const unread = distance(this.#position, tail) > 0 ? tail : this.#position;
    for (let at = head; distance(unread, at) > 0;) {
      at = (at - 1) | 0;
      if (this.#isConfiguration(this.#log.flagsOf(at))) return at;
    }
    return undefined;
  }

  #trackFlags(): number {
    return RecordFlag.audio | trackFilter(this.#selection, this.#tracks).audio;
  }

  #keepUp(nowMs: number): void {
    const log = this.#log;
    if (distance(this.#markedHead, this.#position) >= 0) {
      this.#markedHead = log.head;
      this.#markedAtMs = nowMs;
    }
    const isOvertaken = distance(this.#position, log.tail) > 0;
    if (!isOvertaken && nowMs - this.#markedAtMs <= MAX_WAIT_MS) return;
    this.#jumps++;
    this.#seek(JUMP_BACK_MS, nowMs);
  }

  /** Goes to the newest records, with the configuration that they need. */
  #seek(backMs: number, nowMs: number): void {
    const log = this.#log;
    const { head, tail, lastTimestampMs } = log;
    let position = head;
    let configuration: number | undefined;
    while (configuration === undefined && distance(tail, position) > 0) {
      const before = (position - 1) | 0;
      if (distance(log.timestampMsOf(before), lastTimestampMs) > backMs) break;
      position = before;
      if (this.#isConfiguration(log.flagsOf(before))) configuration = before;
    }
    this.#position = position;
    this.#markedHead = head;
    this.#markedAtMs = nowMs;
    this.#pending = configuration === undefined ? this.#configurationBefore(position) : undefined;
  }

  /**
   * The configuration in force at `position`: the newest record of one before it, for a record is
   * written before its slot; else the slot's.
   */
  #configurationBefore(position: number): SoundTag | undefined {
    const log = this.#log;
    const { tail } = log;
    for (let at = position; distance(tail, at) > 0;) {
      at = (at - 1) | 0;
      if (this.#isConfiguration(log.flagsOf(at))) {
        const tag = this.#read(at);
        if (tag !== undefined) return { timestampMs: tag.timestampMs, body: tag.body.slice() };
      }
    }
    const slot = log.preamble(this.#selection)?.tags.find(({ type }) => type === TAG_AUDIO);
    return slot && { timestampMs: log.lastTimestampMs, body: slot.body };
  }

  /** A record's tag; `undefined` if the log let go of it meanwhile, or it is too large. */
  #read(sequence: number): SoundTag | undefined {
    const log = this.#log;
    const length = log.lengthOf(sequence);
    const timestampMs = log.timestampMsOf(sequence);
    if (length > MAX_RECORD_SIZE && log.isHeld(sequence)) this.#tooLarge++;
    if (length < TAG_OVERHEAD || length > MAX_RECORD_SIZE) return undefined;
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(2 * length);
    if (!log.copy(sequence, this.#buffer, 0, length)) return undefined;
    const end = length - (TAG_OVERHEAD - TAG_HEADER_SIZE);
    return { timestampMs, body: this.#buffer.subarray(TAG_HEADER_SIZE, end) };
  }

  #isConfiguration(flags: number): boolean {
    return (flags & (AUDIO_OF_TRACK | RecordFlag.configuration)) ===
      (this.#flags | RecordFlag.configuration);
  }
}
