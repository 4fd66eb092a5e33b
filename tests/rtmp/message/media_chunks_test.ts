import { assert, assertEquals, equal } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { ChunkReader } from "../../../src/rtmp/chunk/reader.ts";
import {
  encodeMediaChunks,
  mediaChunksSize,
  OUTGOING_CHUNK_SIZE,
  withStreamId,
} from "../../../src/rtmp/message/media_chunks.ts";
import { fromHex, toHex } from "../../../testing/mutation.ts";

const VECTORS = [
  {
    name: "audio",
    head: { typeId: 8, streamId: 1, timestampMs: 20, payloadLength: 2 },
    payload: "af01",
    chunks: "08 000014 000002 08 01000000 af01",
  },
  {
    name: "video on another message stream",
    head: { typeId: 9, streamId: 0x01020304, timestampMs: 0xfffffe, payloadLength: 1 },
    payload: "17",
    chunks: "09 fffffe 000001 09 04030201 17",
  },
  {
    name: "data with an extended timestamp",
    head: { typeId: 18, streamId: 1, timestampMs: 0xffffff, payloadLength: 1 },
    payload: "02",
    chunks: "0a ffffff 000001 12 01000000 00ffffff 02",
  },
  {
    name: "a timestamp that the log has as a negative number",
    head: { typeId: 8, streamId: 1, timestampMs: -2, payloadLength: 1 },
    payload: "af",
    chunks: "08 ffffff 000001 08 01000000 fffffffe af",
  },
  {
    name: "nothing",
    head: { typeId: 9, streamId: 1, timestampMs: 5, payloadLength: 0 },
    payload: "",
    chunks: "09 000005 000000 09 01000000",
  },
] as const;

for (const { name, head, payload, chunks } of VECTORS) {
  Deno.test(`media chunks: ${name}`, () => {
    const bytes = encodeMediaChunks(head, fromHex(payload));
    assertEquals(toHex(bytes), toHex(fromHex(chunks)));
    assertEquals(mediaChunksSize(head.payloadLength, head.timestampMs), bytes.length);
  });
}

Deno.test("media chunks: messages of any length are read as they were", () => {
  const lengths = [
    1,
    2,
    -1,
    0,
    1,
    OUTGOING_CHUNK_SIZE - 1,
    OUTGOING_CHUNK_SIZE,
    OUTGOING_CHUNK_SIZE + 1,
  ]
    .map((length, at) => at < 2 ? length : OUTGOING_CHUNK_SIZE + length);
  const timestamps = [0, 0xfffffe, 0xffffff, 0x1000000, 2 ** 31, 2 ** 32 - 1];
  const chunks = new ChunkReader();
  chunks.setChunkSize(OUTGOING_CHUNK_SIZE);
  // All over one connection: no message depends on those before it.
  for (const payloadLength of lengths) {
    for (const timestampMs of timestamps) {
      for (const typeId of [8, 9, 18]) {
        const payload = Uint8Array.from({ length: payloadLength }, (_, at) => at * 7);
        const bytes = encodeMediaChunks(
          { typeId, streamId: 3, timestampMs, payloadLength },
          payload,
        );
        assertEquals(bytes.length, mediaChunksSize(payloadLength, timestampMs));
        chunks.push(bytes);
        const message = chunks.next()!;
        assertEquals([message.typeId, message.streamId, message.timestampMs], [
          typeId,
          3,
          timestampMs,
        ]);
        assertEquals(message.payload.length, payload.length);
        assertEquals(message.payload.every((byte, at) => byte === payload[at]), true);
        assertEquals(chunks.next(), undefined);
      }
    }
  }
});

Deno.test("media chunks: the same messages on another message stream", () => {
  const lengths = [0, 1, OUTGOING_CHUNK_SIZE, OUTGOING_CHUNK_SIZE + 1, 3 * OUTGOING_CHUNK_SIZE];
  const timestamps = [0, 0xfffffe, 0xffffff, 2 ** 32 - 1];
  const messagesOn = (streamId: number) => {
    const out = new ByteWriter();
    for (const payloadLength of lengths) {
      for (const timestampMs of timestamps) {
        const head = { typeId: 9, streamId, timestampMs, payloadLength };
        out.bytes(encodeMediaChunks(head, new Uint8Array(payloadLength).fill(0xff)));
      }
    }
    return out.take();
  };
  const messages = messagesOn(1);
  for (const streamId of [0, 2, 0x01020304, 0xffffffff]) {
    assert(equal(withStreamId(messages, streamId), messagesOn(streamId)), `on ${streamId}`);
  }
  assert(equal(messages, messagesOn(1)), "what is shared stays as it is");
  assertEquals(withStreamId(new Uint8Array(0), 2).length, 0);
});
