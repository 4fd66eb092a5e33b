import { encodeTag, TAG_AUDIO, TAG_VIDEO } from "../../src/flv/tag.ts";
import { LogArena, type SharedLog } from "../../src/stream/log_arena.ts";
import { ControlWord, distance, RecordFlag, Track } from "../../src/stream/log_layout.ts";
import { LogMemory } from "../../src/stream/log_memory.ts";
import type { LogReader } from "../../src/stream/log_reader.ts";
import { LogStore } from "../../src/stream/log_store.ts";
import { type LogRecord, LogWriter } from "../../src/stream/log_writer.ts";

/** A key frame of video whose body is `size` bytes of `fill`. */
export function keyFrame(timestampMs: number, size = 5, fill = timestampMs & 0xff): LogRecord {
  const flags = RecordFlag.video | RecordFlag.keyFrame;
  return { type: TAG_VIDEO, timestampMs, body: new Uint8Array(size).fill(fill), flags };
}

/** A video frame that needs those before it. */
export function interFrame(timestampMs: number, size = 5, fill = timestampMs & 0xff): LogRecord {
  return { ...keyFrame(timestampMs, size, fill), flags: RecordFlag.video };
}

export function audioFrame(timestampMs: number, size = 5, fill = timestampMs & 0xff): LogRecord {
  const body = new Uint8Array(size).fill(fill);
  return { type: TAG_AUDIO, timestampMs, body, flags: RecordFlag.audio };
}

/** A configuration in line, which replaces another if `flags` say so. */
export function configuration(timestampMs: number, extraFlags = 0): LogRecord {
  const flags = RecordFlag.video | RecordFlag.configuration | extraFlags;
  return { type: TAG_VIDEO, timestampMs, body: Uint8Array.of(0x17, 0, 0, 0, 0), flags };
}

/** The bytes of a record, as viewers get them. */
export function tagOf({ type, timestampMs, body }: LogRecord): Uint8Array<ArrayBuffer> {
  return encodeTag(type, timestampMs, body);
}

/** A log whose tracks are known, and its memory. */
export function openLog(
  { maxBytes = 1 << 20, windowMs = 10_000, tracks = Track.video as number } = {},
): { shared: SharedLog; writer: LogWriter } {
  const shared = LogWriter.allocate(maxBytes);
  const writer = new LogWriter(shared, { windowMs });
  writer.setTracks(tracks, true);
  return { shared, writer };
}

/** Stands for a log, where none is read. */
export function sharedLog(bytes: number): SharedLog {
  return { arena: new SharedArrayBuffer(bytes), log: 0 };
}

/** Logs of up to `maxLogBytes`, and memory for some of them. */
export function openStore(maxLogBytes: number, bytes = 8 * maxLogBytes): LogStore {
  const segmentBytes = 4096;
  return new LogStore(LogArena.allocate({ bytes, maxLogs: 64, maxLogBytes, segmentBytes }));
}

/** Gives the place of a log to another stream. */
export function reopen({ arena, log }: SharedLog): void {
  const { control } = new LogMemory({ arena, log });
  const maxBytes = control[ControlWord.maxBytes]!;
  new LogArena(arena).sweep(log);
  control[ControlWord.maxBytes] = maxBytes;
}

/** Makes the next record of an empty log have this sequence number. */
export function startAt(shared: SharedLog, sequence: number): void {
  const { control } = new LogMemory(shared);
  control[ControlWord.head] = sequence;
  control[ControlWord.tail] = sequence;
}

/** The bytes of record `sequence`; `undefined` if the log passed over it. */
export function readRecord(
  reader: LogReader,
  sequence: number,
): Uint8Array<ArrayBuffer> | undefined {
  const target = new Uint8Array(reader.lengthOf(sequence));
  return reader.copy(sequence, target, 0, target.length) ? target : undefined;
}

/** All that the log holds, oldest first. */
export function readAll(reader: LogReader): Uint8Array<ArrayBuffer>[] {
  const records: Uint8Array<ArrayBuffer>[] = [];
  for (let at = reader.tail; distance(at, reader.head) > 0; at = (at + 1) | 0) {
    records.push(readRecord(reader, at)!);
  }
  return records;
}

/** Asserts that the log holds the newest of `appended`, each whole, and returns how many. */
export function assertHoldsNewest(reader: LogReader, appended: readonly LogRecord[]): number {
  const held = readAll(reader);
  const expected = appended.slice(appended.length - held.length);
  expected.forEach((record, at) => {
    const sequence = (reader.tail + at) | 0;
    const tag = tagOf(record);
    const isWhole = held[at]!.length === tag.length &&
      tag.every((byte, offset) => held[at]![offset] === byte);
    if (!isWhole) throw new Error(`Record ${at} of ${held.length} held is not whole`);
    const entry = [reader.timestampMsOf(sequence), reader.flagsOf(sequence)];
    if (entry[0] !== record.timestampMs || entry[1] !== record.flags) {
      throw new Error(`Record ${at} of ${held.length} held has timestamp and flags ${entry}`);
    }
  });
  return held.length;
}
