import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { ChunkReader, type RawMessage } from "../../../src/rtmp/chunk/reader.ts";
import { ChunkWriter } from "../../../src/rtmp/chunk/writer.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { toHex } from "../../../testing/mutation.ts";

function message(timestampMs: number, length: number, chunkStreamId = 6, streamId = 1): RawMessage {
  const payload = Uint8Array.from({ length }, (_, index) => index);
  return { chunkStreamId, typeId: 9, streamId, timestampMs, payload };
}

/** Writes `messages` and reads them again with the same chunk size. */
function roundTrip(messages: readonly RawMessage[], chunkSize: number): RawMessage[] {
  const writer = new ChunkWriter();
  writer.setChunkSize(chunkSize);
  const out = new ByteWriter();
  for (const each of messages) writer.write(each, out);
  const reader = new ChunkReader();
  reader.setChunkSize(chunkSize);
  reader.push(out.take());
  const read: RawMessage[] = [];
  for (let each = reader.next(); each !== undefined; each = reader.next()) {
    read.push({ ...each, payload: each.payload.slice() });
  }
  return read;
}

Deno.test("messages of every shape come back as they were", () => {
  const messages = [
    message(0, 0),
    message(0, 1),
    message(40, 127),
    message(40, 128),
    message(39, 129),
    message(1000, 1000, 6, 2),
    message(0xfffffe, 300),
    message(0xffffff, 300),
    message(0x1fffffe, 300),
    message(0x5000000, 300),
    message(0xffffffff, 300),
    message(5, 300),
    message(5, 300, 63),
    message(6, 300, 64),
    message(7, 300, 319),
    message(8, 300, 320),
    message(9, 300, 65_599),
  ];
  for (const size of [1, 2, 127, 128, 129, 4096, 65_536]) {
    assertEquals(roundTrip(messages, size), messages);
  }
});

Deno.test("headers are as short as the last message allows", () => {
  const writer = new ChunkWriter();
  const written = (each: RawMessage) => {
    const out = new ByteWriter();
    writer.write(each, out);
    return toHex(out.take());
  };
  assertEquals(written(message(20, 1)), "060000140000010901000000" + "00");
  assertEquals(written(message(53, 1)), "46" + "000021" + "000001" + "09" + "00");
  assertEquals(written(message(52, 1)), "06" + "000034" + "000001" + "09" + "01000000" + "00");
  assertEquals(written(message(60, 1, 6, 2)), "06" + "00003c000001" + "09" + "02000000" + "00");
});

Deno.test("what cannot be written is refused", () => {
  const writer = new ChunkWriter();
  const out = new ByteWriter();
  for (const size of [0, 16 * 1024 * 1024 + 1]) {
    assertThrows(() => writer.setChunkSize(size), RtmpError, `got ${size}`);
  }
  for (const id of [1, 65_600]) {
    assertThrows(() => writer.write(message(0, 1, id), out), RtmpError, `got ${id}`);
  }
  const payload = new Uint8Array(0x1000000);
  const long = { ...message(0, 0), payload };
  assertThrows(() => writer.write(long, out), RtmpError, "got 16777216");
});
