import { ByteWriter } from "../src/bytes/byte_writer.ts";
import { TAG_AUDIO, TAG_VIDEO } from "../src/flv/tag.ts";
import { FlvReader, type FlvTagRecord } from "../testing/flv/tag_reader.ts";
import { ChunkWriter } from "../src/rtmp/chunk/writer.ts";

/** What OBS sets. */
export const CHUNK_SIZE = 4096;

/** The message stream that servers give to the first publisher of a connection. */
export const STREAM_ID = 1;

const AUDIO_CHUNK_STREAM = 4;
const VIDEO_CHUNK_STREAM = 6;

const AVC_CONFIGURATION = 0;
const AVC_END_OF_SEQUENCE = 2;
const AAC_CONFIGURATION = 0;
const KEY_FRAME = 1;

/** One message of the loop, ready to be sent: bytes `start` to `end` of the loop. */
export interface LoopMessage {
  readonly start: number;
  readonly end: number;
  /** From the loop's begin. */
  readonly timestampMs: number;
}

/**
 * An FLV file as RTMP chunks that can be sent again and again: timestamps are differences to the
 * message before, the first message's to the last, so that the bytes are the same in every turn
 * and for every publisher.
 */
export interface RtmpLoop {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly messages: readonly LoopMessage[];
  readonly durationMs: number;
  /** Indexes of the messages that are key frames: where a publisher may start. */
  readonly keyFrames: readonly number[];
  /** What a publisher that starts with message `at` sends first: both configurations. */
  opening(at: number): Uint8Array<ArrayBuffer>;
}

type Tag = Pick<FlvTagRecord, "type" | "timestampMs" | "body">;

/** @throws {FlvError} if the file is none, or lacks a configuration */
export function makeRtmpLoop(file: Uint8Array): RtmpLoop {
  const tags = readTags(file);
  const configurations = tags.filter(isConfiguration);
  const media = tags.filter((tag) => !isConfiguration(tag));
  const firstMs = Math.min(...media.map((tag) => tag.timestampMs));
  const lastMs = Math.max(...media.map((tag) => tag.timestampMs));
  const frameMs = Math.round((lastMs - firstMs) / (media.filter(isVideo).length - 1));
  const durationMs = lastMs - firstMs + frameMs;

  const chunks = new ChunkWriter();
  chunks.setChunkSize(CHUNK_SIZE);
  // The first turn only sets the timestamps that the second one's differences refer to.
  for (const tag of media) writeTag(chunks, tag, tag.timestampMs - firstMs, new ByteWriter());
  const out = new ByteWriter(file.length);
  const messages = media.map((tag) => {
    const start = out.length;
    const timestampMs = tag.timestampMs - firstMs;
    writeTag(chunks, tag, timestampMs + durationMs, out);
    return { start, end: out.length, timestampMs };
  });
  return {
    bytes: out.take(),
    messages,
    durationMs,
    keyFrames: media.flatMap((tag, at) =>
      isVideo(tag) && tag.body[0]! >> 4 === KEY_FRAME ? at : []
    ),
    opening: (at) => writeOpening(configurations, media.slice(0, at), firstMs),
  };
}

/** Configurations with the timestamps of the media before, which what follows counts from. */
function writeOpening(configurations: readonly Tag[], before: readonly Tag[], firstMs: number) {
  const chunks = new ChunkWriter();
  chunks.setChunkSize(CHUNK_SIZE);
  const out = new ByteWriter();
  for (const tag of configurations) {
    const previous = before.findLast((other) => other.type === tag.type);
    writeTag(chunks, tag, (previous?.timestampMs ?? firstMs) - firstMs, out);
  }
  return out.take();
}

function readTags(file: Uint8Array): Tag[] {
  const flv = new FlvReader();
  flv.push(file);
  const tags: Tag[] = [];
  let record;
  while ((record = flv.next()) !== undefined) {
    if (record.kind !== "tag") continue;
    const { type, body } = record;
    if (type === TAG_AUDIO || (type === TAG_VIDEO && body[1] !== AVC_END_OF_SEQUENCE)) {
      tags.push(record);
    }
  }
  return tags;
}

function isVideo(tag: Tag): boolean {
  return tag.type === TAG_VIDEO;
}

function isConfiguration({ type, body }: Tag): boolean {
  return body[1] === (type === TAG_VIDEO ? AVC_CONFIGURATION : AAC_CONFIGURATION);
}

function writeTag(chunks: ChunkWriter, tag: Tag, timestampMs: number, out: ByteWriter): void {
  const chunkStreamId = isVideo(tag) ? VIDEO_CHUNK_STREAM : AUDIO_CHUNK_STREAM;
  const message = { typeId: tag.type, streamId: STREAM_ID, timestampMs, payload: tag.body };
  chunks.write({ chunkStreamId, ...message }, out);
}
