import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO, type TagType } from "../flv/tag.ts";
import { ControlWord, Slot } from "./log_layout.ts";
import type { LogMemory } from "./log_memory.ts";
import { StreamError } from "./stream_error.ts";
import type { TrackName } from "./timeline.ts";
import { decodeTrackList, type ListedTrack } from "./track_list.ts";
import { defaultTrackId, type TrackSelection } from "./track_selection.ts";

/** What a viewer needs before its first frame, as FLV tag bodies. */
export interface LogPreamble {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  /** Tags in the order they are sent; the bodies are copies and stay as they are. */
  readonly tags: readonly PreambleTag[];
}

interface PreambleTag {
  readonly type: TagType;
  readonly body: Uint8Array;
}

/** Of the tags of a kind of track. */
export const TAG_TYPES = { video: TAG_VIDEO, audio: TAG_AUDIO } as const;

/** Of the default tracks. */
const SLOTS = {
  video: [Slot.videoConfiguration, Slot.videoSupplement],
  audio: [Slot.audioConfiguration, Slot.audioSupplement],
} as const;

/** Slots are written in microseconds, some times a day: more tries mean a writer that died inside. */
const READ_TRIES = 1000;

/** Reads the slots of a log, whole although they may be written at any time. */
export class LogSlots {
  readonly #memory: LogMemory;
  /** The list of tracks as it was read last. */
  #tracks: readonly ListedTrack[] = [];
  #tracksVersion = 0;

  constructor(memory: LogMemory) {
    this.#memory = memory;
  }

  /** See `LogReader.preamble`; `seen` tells what was seen so far. */
  preamble(
    { videoTrack, audioTrack }: TrackSelection,
    seen: Pick<LogPreamble, "hasAudio" | "hasVideo">,
  ): LogPreamble | undefined {
    return this.#read(() => {
      const { hasAudio, hasVideo } = seen;
      const list = this.#list();
      const tags: PreambleTag[] = [
        { type: TAG_SCRIPT, body: this.#copy(Slot.metadata) },
        ...this.#tagsOf("video", videoTrack, list),
        ...this.#tagsOf("audio", audioTrack, list),
      ];
      return { hasAudio, hasVideo, tags: tags.filter(({ body }) => body.length > 0) };
    });
  }

  /** See `LogReader.tracks`; as they were known last, if no undisturbed list could be had. */
  get tracks(): readonly ListedTrack[] {
    const version = this.#load(ControlWord.slotVersion);
    if (version === this.#tracksVersion) return this.#tracks;
    const tracks = this.#read(() => this.#list());
    if (tracks === undefined) return this.#tracks;
    this.#tracks = tracks;
    // Even if the slots have changed since: then this list is read again.
    this.#tracksVersion = version;
    return tracks;
  }

  /** What `read` returns when no slot has changed meanwhile: it is tried again until that is so. */
  #read<T>(read: () => T): T | undefined {
    for (let attempt = 0; attempt < READ_TRIES; attempt++) {
      const version = this.#load(ControlWord.slotVersion);
      if (version % 2 !== 0) continue;
      let result: T;
      try {
        result = read();
      } catch (error) {
        // A list that was being written.
        if (error instanceof StreamError) continue;
        throw error;
      }
      if (this.#load(ControlWord.slotVersion) === version) return result;
    }
    return undefined;
  }

  #tagsOf(
    name: TrackName,
    trackId: number | undefined,
    list: readonly ListedTrack[],
  ): PreambleTag[] {
    const type = TAG_TYPES[name];
    if (trackId === undefined || trackId === defaultTrackId(name, list)) {
      return SLOTS[name].map((slot) => ({ type, body: this.#copy(slot) }));
    }
    const track = list.find((track) => track.name === name && track.trackId === trackId);
    if (track === undefined) return [];
    return [track.configuration, track.supplement].map((body) => ({ type, body }));
  }

  #list(): readonly ListedTrack[] {
    return decodeTrackList(this.#copy(Slot.tracks));
  }

  #copy(slot: Slot): Uint8Array {
    return this.#memory.readSlot(slot, this.#load(ControlWord.slotLengths + slot));
  }

  #load(position: number): number {
    return Atomics.load(this.#memory.control, position);
  }
}
