import { writeFlvHeader } from "../flv/header.ts";
import { encodeTag, type TagType } from "../flv/tag.ts";
import type { LogReader } from "./log_reader.ts";
import type { TrackName } from "./timeline.ts";

/** What a form writes of one record of a log. */
export interface FeedRecord {
  readonly sequence: number;
  /** Bytes of the tag in the log, with its header and PreviousTagSize. */
  readonly tagLength: number;
  readonly timestampMs: number;
  /** Bits of `RecordFlag`. */
  readonly flags: number;
}

/**
 * How the records of a log become what viewers are sent: FLV tags here, chunks of RTMP elsewhere.
 * Forms have no state: all feeds share them.
 */
export interface FeedForm {
  /** What the form is told apart by. */
  readonly name: string;
  /** Bytes that {@linkcode write} takes for a record. */
  sizeOf(record: FeedRecord): number;
  /**
   * Writes a record at `offset` of `target`, straight from the log. The log may pass over the record
   * meanwhile, so that what is read there may be garbage: the caller finds out.
   */
  write(log: LogReader, record: FeedRecord, target: Uint8Array<ArrayBuffer>, offset: number): void;
  /** What comes before everything else. */
  header(
    tracks: { readonly hasAudio: boolean; readonly hasVideo: boolean },
  ): Uint8Array<ArrayBuffer>;
  /** The metadata of viewers that never get one of the tracks, where the header does not say so. */
  metadataWithout?(lacks: TrackName, body: Uint8Array): Uint8Array;
  /** Metadata or a configuration, in a buffer of its own. */
  encode(type: TagType, timestampMs: number, body: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** A file as HTTP and WebSocket viewers get it: tags as they are in the log, behind a header. */
export const FLV_FORM: FeedForm = {
  name: "flv",
  sizeOf: ({ tagLength }) => tagLength,
  write: (log, { sequence, tagLength }, target, offset) =>
    log.copyPart(sequence, 0, tagLength, target, offset),
  header: writeFlvHeader,
  encode: encodeTag,
};
