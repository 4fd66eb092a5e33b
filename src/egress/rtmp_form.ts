import { TAG_AUDIO, TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_SCRIPT, TAG_VIDEO } from "../flv/tag.ts";
import {
  encodeMediaChunks,
  mediaChunksSize,
  OUTGOING_CHUNK_SIZE,
  writeFirstChunkHeader,
  writeNextChunkHeader,
} from "../rtmp/message/media_chunks.ts";
import type { FeedForm, FeedRecord } from "../stream/feed_form.ts";
import { RecordFlag } from "../stream/log_layout.ts";
import type { LogReader } from "../stream/log_reader.ts";
import type { TrackName } from "../stream/timeline.ts";
import { metadataWithout } from "./rtmp_metadata.ts";

const NOTHING = new Uint8Array(0);

/** Chunked messages, as RTMP players get them, with the message stream written in them. */
export class RtmpForm implements FeedForm {
  readonly name: string;
  readonly #streamId: number;

  constructor(streamId: number) {
    this.name = `rtmp ${streamId}`;
    this.#streamId = streamId;
  }

  sizeOf({ tagLength, timestampMs }: FeedRecord): number {
    return mediaChunksSize(payloadLengthOf(tagLength), timestampMs);
  }

  write(
    log: LogReader,
    { sequence, tagLength, timestampMs, flags }: FeedRecord,
    target: Uint8Array<ArrayBuffer>,
    offset: number,
  ): void {
    const payloadLength = payloadLengthOf(tagLength);
    const typeId = typeOf(flags);
    const head = { typeId, streamId: this.#streamId, timestampMs, payloadLength };
    let at = writeFirstChunkHeader(target, offset, head);
    for (let start = 0; start < payloadLength;) {
      const length = Math.min(OUTGOING_CHUNK_SIZE, payloadLength - start);
      log.copyPart(sequence, TAG_HEADER_SIZE + start, length, target, at);
      at += length;
      start += length;
      if (start < payloadLength) at = writeNextChunkHeader(target, at, head);
    }
  }

  /** Set Chunk Size and Stream Begin are the session's to send. */
  header(): Uint8Array<ArrayBuffer> {
    return NOTHING;
  }

  metadataWithout(lacks: TrackName, body: Uint8Array): Uint8Array {
    return metadataWithout(lacks, body);
  }

  encode(typeId: number, timestampMs: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
    const streamId = this.#streamId;
    return encodeMediaChunks({ typeId, streamId, timestampMs, payloadLength: body.length }, body);
  }
}

/** Of a record that the log has overwritten, the length may be anything. */
function payloadLengthOf(tagLength: number): number {
  return Math.max(0, tagLength - TAG_OVERHEAD);
}

/** Message types are tag types. */
function typeOf(flags: number): number {
  if (flags & RecordFlag.audio) return TAG_AUDIO;
  return flags & RecordFlag.video ? TAG_VIDEO : TAG_SCRIPT;
}
