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

/** The bytes of a list, for its slot. */
export function encodeTrackList(tracks: readonly ListedTrack[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const { name, trackId, isDefault, configuration, supplement } of tracks) {
    writer.u8((name === "video" ? VIDEO_FLAG : 0) | (isDefault ? DEFAULT_FLAG : 0)).u8(trackId);
    writer.u24(configuration.length).bytes(configuration);
    writer.u24(supplement.length).bytes(supplement);
  }
  return writer.take();
}

/** The list that {@linkcode encodeTrackList} made these bytes from; its bodies borrow from them. */
export function decodeTrackList(bytes: Uint8Array): readonly ListedTrack[] {
  const reader = new ByteReader(bytes, StreamError);
  const tracks: ListedTrack[] = [];
  while (reader.remaining > 0) {
    const flags = reader.u8();
    tracks.push({
      name: (flags & VIDEO_FLAG) === 0 ? "audio" : "video",
      isDefault: (flags & DEFAULT_FLAG) !== 0,
      trackId: reader.u8(),
      configuration: reader.bytes(reader.u24()),
      supplement: reader.bytes(reader.u24()),
    });
  }
  return tracks;
}
