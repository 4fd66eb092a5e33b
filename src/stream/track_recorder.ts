import { equals } from "@std/bytes/equals";
import { legacyAudioBody, legacyVideoBody } from "../flv/legacy_body.ts";
import { TAG_AUDIO, TAG_VIDEO } from "../flv/tag.ts";
import { type AudioDescription, AudioTrack } from "./audio_track.ts";
import { RecordFlag, Slot, trackBits } from "./log_layout.ts";
import type { LogWriter } from "./log_writer.ts";
import { StreamError } from "./stream_error.ts";
import type { Timeline, TrackName } from "./timeline.ts";
import type { FrameIntake, MediaTrack } from "./track_intake.ts";
import {
  encodeListedTrack,
  encodeTrackList,
  LIST_ENTRY_SIZE,
  type ListedTrack,
  MAX_PREFACE_SIZE,
} from "./track_list.ts";
import { type Member, type TrackPlace, TrackSet } from "./track_set.ts";
import { type VideoDescription, VideoTrack } from "./video_track.ts";

/** What is known of one track. */
export type TrackDescription =
  | ({ readonly kind: "video" } & TrackPlace & VideoDescription)
  | ({ readonly kind: "audio" } & TrackPlace & AudioDescription);

const TAG_TYPES = { video: TAG_VIDEO, audio: TAG_AUDIO } as const;

/** Where the default tracks have theirs. */
const SLOTS = {
  configuration: { video: Slot.videoConfiguration, audio: Slot.audioConfiguration },
  supplement: { video: Slot.videoSupplement, audio: Slot.audioSupplement },
} as const;

/** Kinds of what later viewers need to know of a track. */
type Preface = keyof typeof SLOTS;

const NOTHING = new Uint8Array(0);

/**
 * Writes the tracks of one publisher to its log: frames as records, configurations and supplements
 * as records and in slots. Default tracks are as if there were no others; these are marked in their
 * records, and kept in a list of tracks. H.264 and AAC are written in the legacy form, by whichever
 * they came: most players know no other.
 */
export class TrackRecorder {
  readonly video = new TrackSet("video", () => new VideoTrack());
  readonly audio = new TrackSet("audio", () => new AudioTrack());
  readonly #log: LogWriter;
  readonly #timeline: Timeline;
  /** Tracks on the list as it was written last. */
  #listLength: number | undefined;
  /** Kinds of tracks of which nothing is kept any more, as it is known which one is the default. */
  readonly #settled = new Set<TrackName>();
  /** Slots of default tracks that hold what this publisher sent. */
  readonly #written = new Set<Slot>();
  /** Slots that were found to be empty, or were cleared. */
  readonly #cleared = new Set<Slot>();

  constructor(log: LogWriter, timeline: Timeline) {
    this.#log = log;
    this.#timeline = timeline;
  }

  /**
   * Writes a configuration or supplement of a track, unless it is the one in force already. As long
   * as it is not settled which track is the default one, it is kept for later.
   *
   * @param sent as the publisher sent it; a supplement that has no legacy form is left out
   * @returns whether a record was written
   * @throws {StreamError} if it is larger than its slot or {@linkcode MAX_PREFACE_SIZE}
   */
  preface<T extends MediaTrack>(
    preface: Preface,
    set: TrackSet<T>,
    member: Member<T>,
    sent: Uint8Array,
  ): boolean {
    const body = set.name === "video" ? legacyVideoBody(sent, true) : legacyAudioBody(sent);
    if (body === undefined) return false;
    if (set.default === undefined) {
      keep(preface, member, body);
      return false;
    }
    this.#settleDefault(set);
    if (!set.isDefault(member)) return this.#prefaceAdditional(preface, set, member, body);
    const isWritten = this.#prefaceDefault(preface, set, body);
    this.#list(member);
    return isWritten;
  }

  /**
   * Appends a frame.
   *
   * @param sent as the publisher sent it
   * @returns its timestamp in the stream
   * @throws {StreamError} if it is too large for the log
   */
  frame<T extends MediaTrack>(
    set: TrackSet<T>,
    member: Member<T>,
    { isKeyFrame, encoderMs, body: sent }: FrameIntake,
    nowMs: number,
  ): number {
    const body = set.name === "video" ? legacyVideoBody(sent, isKeyFrame) : legacyAudioBody(sent);
    if (body === undefined) throw new StreamError("Cannot write a frame: it has none in it");
    this.#settleDefault(set);
    const isDefault = set.isDefault(member);
    const { track } = member;
    this.#list(member);
    if (isDefault && !track.isConfigured) this.#clear(SLOTS.configuration[set.name]);
    const bits = isDefault ? 0 : trackBits(member.trackId);
    const flags = RecordFlag[set.name] | (isKeyFrame ? RecordFlag.keyFrame : 0) | bits;
    const timestampMs = this.#timeline.map(
      set.key(member),
      encoderMs,
      nowMs,
      track.frameDurationMs,
    );
    this.#log.append({ type: TAG_TYPES[set.name], timestampMs, body, flags });
    track.statistics.addFrame(timestampMs, body.length, isKeyFrame);
    return timestampMs;
  }

  /** Clears what an earlier publisher of the stream left that this one has not sent. */
  forgetOthers(): void {
    for (const slots of Object.values(SLOTS)) {
      for (const slot of Object.values(slots)) if (!this.#written.has(slot)) this.#clear(slot);
    }
    this.#writeList();
  }

  /** What is known of the tracks that something came of. */
  describe(): TrackDescription[] {
    const video = this.video.described(({ track }) => track.describe());
    const audio = this.audio.described(({ track }) => track.describe());
    return [
      ...video.map((description) => ({ kind: "video", ...description }) as const),
      ...audio.map((description) => ({ kind: "audio", ...description }) as const),
    ];
  }

  #prefaceDefault<T extends MediaTrack>(
    preface: Preface,
    set: TrackSet<T>,
    body: Uint8Array,
  ): boolean {
    const slot = SLOTS[preface][set.name];
    const isInForce = this.#log.slotHolds(slot, body);
    if (!isInForce) {
      const timestampMs = this.#timeline.positionMs(set.name);
      const flags = RecordFlag[set.name] | flagOf(preface);
      this.#log.appendConfiguration(slot, { type: TAG_TYPES[set.name], timestampMs, body, flags });
    }
    this.#written.add(slot);
    this.#cleared.delete(slot);
    return !isInForce;
  }

  #prefaceAdditional<T extends MediaTrack>(
    preface: Preface,
    set: TrackSet<T>,
    member: Member<T>,
    body: Uint8Array,
  ): boolean {
    if (equals(member[preface], body)) return false;
    keep(preface, member, body);
    // Before the record: who sees that finds its track on the list.
    this.#writeListed(set, member);
    this.#appendPreface(preface, set, member);
    return true;
  }

  #appendPreface<T extends MediaTrack>(preface: Preface, set: TrackSet<T>, member: Member<T>) {
    const timestampMs = this.#timeline.positionMs(set.key(member));
    const flags = RecordFlag[set.name] | flagOf(preface) | trackBits(member.trackId) |
      // Of an earlier publisher, there may be others before it.
      (preface === "configuration" ? RecordFlag.reconfiguration : 0);
    this.#log.append({ type: TAG_TYPES[set.name], timestampMs, body: member[preface], flags });
  }

  /** Settles which track is the default one, if it is not, and writes what was kept until then. */
  #settleDefault<T extends MediaTrack>(set: TrackSet<T>): void {
    if (this.#settled.has(set.name)) return;
    this.#settled.add(set.name);
    const settled = set.settle();
    this.#writeList();
    for (const preface of ["configuration", "supplement"] as const) {
      for (const member of set.members) {
        const body = member[preface];
        if (body.length === 0) continue;
        if (member === settled) this.#prefaceDefault(preface, set, body);
        else this.#appendPreface(preface, set, member);
      }
    }
  }

  /** Puts a track on the list, if it is not there. */
  #list(member: Member<MediaTrack>): void {
    if (member.isListed) return;
    member.isListed = true;
    this.#writeList();
  }

  #writeList(): void {
    const tracks = this.#listed();
    this.#listLength = tracks.length;
    if (tracks.length === 0 && this.#log.slotHolds(Slot.tracks, NOTHING)) return;
    this.#log.writeSlot(Slot.tracks, encodeTrackList(tracks));
  }

  /**
   * Writes a track's entry on the list alone, if it has one: publishers may change what is said of
   * tracks with every message, and a whole list has 256 KiB.
   */
  #writeListed(set: TrackSet<MediaTrack>, { trackId }: Member<MediaTrack>): void {
    const tracks = this.#listed();
    const at = tracks.findIndex((track) => track.name === set.name && track.trackId === trackId);
    if (at < 0 || tracks.length !== this.#listLength) return this.#writeList();
    this.#log.writeSlotPart(Slot.tracks, at * LIST_ENTRY_SIZE, encodeListedTrack(tracks[at]!));
  }

  #listed(): ListedTrack[] {
    return [...this.video.list(), ...this.audio.list()];
  }

  #clear(slot: Slot): void {
    if (this.#cleared.has(slot)) return;
    this.#cleared.add(slot);
    this.#written.delete(slot);
    if (!this.#log.slotHolds(slot, NOTHING)) this.#log.writeSlot(slot, NOTHING);
  }
}

/** Keeps what later viewers need to know of a track that is no default one, or perhaps is none. */
function keep(preface: Preface, member: Member<MediaTrack>, body: Uint8Array): void {
  if (body.length > MAX_PREFACE_SIZE) {
    throw new StreamError(
      `Cannot keep a track's ${preface}: it may have ${MAX_PREFACE_SIZE} bytes, got ${body.length}`,
    );
  }
  member[preface] = body.slice();
  member.isListed = true;
}

function flagOf(preface: Preface): number {
  return preface === "configuration" ? RecordFlag.configuration : 0;
}
