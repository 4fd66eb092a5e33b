import { equals } from "@std/bytes/equals";
import { TAG_TYPES } from "./log_slots.ts";
import { type AudioDescription, AudioTrack } from "./audio_track.ts";
import { layerFlags, RecordFlag, Slot, SLOT_CAPACITIES, trackBits } from "./log_layout.ts";
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
 * records, and kept in a list of tracks.
 */
export class TrackRecorder {
  readonly video = new TrackSet("video", () => new VideoTrack());
  readonly audio = new TrackSet("audio", () => new AudioTrack());
  readonly #log: LogWriter;
  readonly #timeline: Timeline;
  /** Whether there are records of an earlier publisher. */
  readonly #continuesLog: boolean;
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
    this.#continuesLog = log.lastTimestampMs !== undefined;
  }

  /**
   * Writes a configuration or supplement of a track, unless it is the one in force already. Before
   * the track's first frame it is kept: who has a configuration waits for what it is for.
   *
   * @returns whether a record was written
   * @throws {StreamError} if it is larger than its slot or {@linkcode MAX_PREFACE_SIZE}
   */
  preface<T extends MediaTrack>(
    preface: Preface,
    set: TrackSet<T>,
    member: Member<T>,
    body: Uint8Array,
  ): boolean {
    if (!hasFrames(member)) {
      const mayBeDefault = set.default === undefined ? member.trackId === 0 : set.isDefault(member);
      keep(preface, member, body, mayBeDefault ? slotCapacity(preface, set) : MAX_PREFACE_SIZE);
      // It can be asked for by its number, and will be waited for.
      member.isListed = true;
      if (set.default !== undefined && !mayBeDefault) this.#writeListed(set, member);
      return false;
    }
    if (set.isDefault(member)) return this.#prefaceDefault(preface, set, body);
    return this.#prefaceAdditional(preface, set, member, body);
  }

  /**
   * Appends a frame.
   *
   * @returns its timestamp in the stream
   * @throws {StreamError} if it is too large for the log
   */
  frame<T extends MediaTrack>(
    set: TrackSet<T>,
    member: Member<T>,
    { isKeyFrame, encoderMs, body, layer = 0 }: FrameIntake,
    nowMs: number,
  ): number {
    this.#settleDefault(set);
    const isDefault = set.isDefault(member);
    const { track } = member;
    const bits = isDefault ? 0 : trackBits(member.trackId);
    const flags = RecordFlag[set.name] | (isKeyFrame ? RecordFlag.keyFrame : 0) |
      layerFlags(layer) | bits;
    const timestampMs = this.#timeline.map(
      set.key(member),
      encoderMs,
      nowMs,
      track.frameDurationMs,
    );
    if (isDefault && !track.isConfigured) this.#clear(SLOTS.configuration[set.name]);
    if (!hasFrames(member)) this.#announce(set, member);
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

  /** What is known of the tracks that frames came of. */
  describe(): TrackDescription[] {
    const video = this.video.described(describeMember);
    const audio = this.audio.described(describeMember);
    return [
      ...video.map((description) => ({ kind: "video", ...description }) as const),
      ...audio.map((description) => ({ kind: "audio", ...description }) as const),
    ];
  }

  /** The same of the default tracks. */
  describeDefaults() {
    const { video: { default: video }, audio: { default: audio } } = this;
    return {
      video: (video && describeMember(video)) ?? null,
      audio: (audio && describeMember(audio)) ?? null,
    };
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
    keep(preface, member, body, MAX_PREFACE_SIZE);
    // Before the record: who sees that finds its track on the list.
    this.#writeListed(set, member);
    this.#appendPreface(preface, set, member, true);
    return true;
  }

  /** @param mayReplace whether there may be another before it, perhaps an earlier publisher's */
  #appendPreface<T extends MediaTrack>(
    preface: Preface,
    set: TrackSet<T>,
    member: Member<T>,
    mayReplace: boolean,
  ): void {
    const timestampMs = this.#timeline.positionMs(set.key(member));
    const flags = RecordFlag[set.name] | flagOf(preface) | trackBits(member.trackId) |
      (preface === "configuration" && mayReplace ? RecordFlag.reconfiguration : 0);
    this.#log.append({ type: TAG_TYPES[set.name], timestampMs, body: member[preface], flags });
  }

  /** Settles which track is the default one, if it is not. */
  #settleDefault<T extends MediaTrack>(set: TrackSet<T>): void {
    if (this.#settled.has(set.name)) return;
    this.#settled.add(set.name);
    set.settle();
    this.#writeList();
  }

  /** Puts a track on the list, and writes what was kept of it until its first frame. */
  #announce<T extends MediaTrack>(set: TrackSet<T>, member: Member<T>): void {
    member.isListed = true;
    this.#writeList();
    for (const preface of ["configuration", "supplement"] as const) {
      const body = member[preface];
      if (body.length === 0) continue;
      if (!set.isDefault(member)) {
        this.#appendPreface(preface, set, member, this.#continuesLog);
        continue;
      }
      this.#prefaceDefault(preface, set, body);
      // Its slot has it now.
      member[preface] = NOTHING;
    }
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

/** Keeps what later viewers need to know of a track that is no default one, or has no frames yet. */
function keep(
  preface: Preface,
  member: Member<MediaTrack>,
  body: Uint8Array,
  maxSize: number,
): void {
  if (body.length > maxSize) {
    throw new StreamError(
      `Cannot keep a track's ${preface}: it may have ${maxSize} bytes, got ${body.length}`,
    );
  }
  member[preface] = body.slice();
}

function slotCapacity(preface: Preface, { name }: TrackSet<MediaTrack>): number {
  return SLOT_CAPACITIES[SLOTS[preface][name]]!;
}

function hasFrames({ track }: Member<MediaTrack>): boolean {
  return track.statistics.frames > 0;
}

function describeMember<D>(
  member: Member<MediaTrack & { describe(): D | undefined }>,
): D | undefined {
  return hasFrames(member) ? member.track.describe() : undefined;
}

function flagOf(preface: Preface): number {
  return preface === "configuration" ? RecordFlag.configuration : 0;
}
