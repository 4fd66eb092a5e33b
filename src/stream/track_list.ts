import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { StreamError } from "./stream_error.ts";
import type { TrackName } from "./timeline.ts";

/**
 * Bytes of a configuration, or supplement, of a track that is no default one: with the SEI of x265
 * there are 2.5 KiB. All that a list may have fit in its slot.
 */
export const MAX_PREFACE_SIZE = 4096;

/** A track of a stream, as its log has it. */
export interface ListedTrack {
  readonly name: TrackName;
  /** Its publisher's number for it, 0 to 255. */
  readonly trackId: number;
  /** Whether viewers get it who do not ask for another. */
  readonly isDefault: boolean;
  /** Tag body; empty if it needs none, or has a slot of its own, as the default tracks' have. */
  readonly configuration: Uint8Array;
  /** Tag body of what is said beside, such as colours; empty likewise. */
  readonly supplement: Uint8Array;
}

const VIDEO_FLAG = 1;
const DEFAULT_FLAG = 2;

/** Flags, number, and the lengths of both bodies. */
const ENTRY_HEADER_SIZE = 8;

/** Bytes between the entries of a list: none moves when another changes. */
export const LIST_ENTRY_SIZE = ENTRY_HEADER_SIZE + 2 * MAX_PREFACE_SIZE;

/** The bytes of a list, for its slot: an entry every {@linkcode LIST_ENTRY_SIZE}. */
export function encodeTrackList(tracks: readonly ListedTrack[]): Uint8Array<ArrayBuffer> {
  const list = new Uint8Array(tracks.length * LIST_ENTRY_SIZE);
  for (const [index, track] of tracks.entries()) {
    list.set(encodeListedTrack(track), index * LIST_ENTRY_SIZE);
  }
  return list;
}

/** The bytes of one entry, as far as it has any, to be put in the place of another. */
export function encodeListedTrack(track: ListedTrack): Uint8Array<ArrayBuffer> {
  const { name, trackId, isDefault, configuration, supplement } = track;
  const writer = new ByteWriter(ENTRY_HEADER_SIZE + configuration.length + supplement.length);
  writer.u8((name === "video" ? VIDEO_FLAG : 0) | (isDefault ? DEFAULT_FLAG : 0)).u8(trackId);
  writer.u24(configuration.length).u24(supplement.length);
  return writer.bytes(configuration).bytes(supplement).take();
}

/**
 * The list that {@linkcode encodeTrackList} made these bytes from; its bodies borrow from them.
 *
 * @throws {StreamError} if they are none, as while they are written
 */
export function decodeTrackList(bytes: Uint8Array): readonly ListedTrack[] {
  const tracks: ListedTrack[] = [];
  for (let at = 0; at < bytes.length; at += LIST_ENTRY_SIZE) {
    const reader = new ByteReader(bytes.subarray(at, at + LIST_ENTRY_SIZE), StreamError);
    const flags = reader.u8();
    const trackId = reader.u8();
    const configurationLength = reader.u24();
    const supplementLength = reader.u24();
    tracks.push({
      name: (flags & VIDEO_FLAG) === 0 ? "audio" : "video",
      isDefault: (flags & DEFAULT_FLAG) !== 0,
      trackId,
      configuration: reader.bytes(configurationLength),
      supplement: reader.bytes(supplementLength),
    });
  }
  return tracks;
}
