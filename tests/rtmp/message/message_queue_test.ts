import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { ChunkReader, type RawMessage } from "../../../src/rtmp/chunk/reader.ts";
import { MAX_CHUNKS_PASSED, MessageQueue } from "../../../src/rtmp/message/message_queue.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { seededRandom } from "../../../testing/mutation.ts";

const COMMAND = 20;
const AUDIO = 8;
const VIDEO = 9;
const CHUNK_STREAMS: Readonly<Record<number, number>> = { 1: 2, 8: 4, 9: 6, 20: 3, 22: 6, 18: 5 };

function message(typeId: number, length: number, timestampMs = 0): RawMessage {
  const payload = Uint8Array.from({ length }, (_, index) => index * 3 + typeId);
  return { chunkStreamId: CHUNK_STREAMS[typeId]!, typeId, streamId: 1, timestampMs, payload };
}

/** The chunk stream of every chunk written, by its one-byte basic header. */
function chunkOrder(queue: MessageQueue): number[] {
  const order: number[] = [];
  for (;;) {
    const out = new ByteWriter();
    if (!queue.writeChunk(out)) return order;
    order.push(out.take()[0]! & 0x3f);
  }
}

/** Reads back what is written, with Set Chunk Size applied as a peer would. */
function readBack(bytes: Uint8Array): RawMessage[] {
  const chunks = new ChunkReader();
  chunks.push(bytes);
  const messages: RawMessage[] = [];
  for (let raw = chunks.next(); raw !== undefined; raw = chunks.next()) {
    messages.push({ ...raw, payload: raw.payload.slice() });
    if (raw.typeId === 1) {
      chunks.setChunkSize(new DataView(raw.payload.slice().buffer).getUint32(0));
    }
  }
  return messages;
}

function drain(queue: MessageQueue): Uint8Array {
  const out = new ByteWriter();
  while (queue.writeChunk(out));
  return out.take();
}

Deno.test("control goes first, audio before video", () => {
  const queue = new MessageQueue();
  for (const typeId of [VIDEO, AUDIO, COMMAND]) queue.push(message(typeId, 10));
  assertEquals(chunkOrder(queue), [3, 4, 6]);
  assertEquals(queue.writeChunk(new ByteWriter()), false);
});

Deno.test("a large picture lets sound and answers through between its chunks", () => {
  const queue = new MessageQueue();
  queue.push(message(VIDEO, 128 * 3));
  const out = new ByteWriter();
  queue.writeChunk(out);
  queue.push(message(AUDIO, 10));
  queue.push(message(COMMAND, 10));
  assertEquals(chunkOrder(queue), [3, 4, 6, 6]);
});

Deno.test("order holds within a priority", () => {
  const queue = new MessageQueue();
  const sent = [COMMAND, 18, COMMAND, AUDIO, VIDEO, AUDIO, VIDEO].map((typeId, index) =>
    message(typeId, 200 + index, index * 20)
  );
  for (const each of sent) queue.push(each);
  const read = readBack(drain(queue));
  assertEquals(read.length, sent.length);
  for (const types of [[COMMAND, 18], [AUDIO], [VIDEO]]) {
    const of = (messages: RawMessage[]) => messages.filter(({ typeId }) => types.includes(typeId));
    assertEquals(of(read), of(sent));
  }
});

Deno.test("nothing starves: no lane waits for more chunks than the limit", () => {
  const queue = new MessageQueue();
  queue.push(message(VIDEO, 10));
  queue.push(message(AUDIO, 10));
  const order: number[] = [];
  for (let round = 0; round < 100; round++) {
    queue.push(message(COMMAND, 10));
    queue.push(message(COMMAND, 10));
    queue.push(message(AUDIO, 10));
    if (round % 10 === 0) queue.push(message(VIDEO, 10));
    const out = new ByteWriter();
    queue.writeChunk(out);
    order.push(out.take()[0]! & 0x3f);
  }
  for (const chunkStreamId of [3, 4, 6]) {
    let last = -1;
    for (
      let at = order.indexOf(chunkStreamId);
      at >= 0;
      at = order.indexOf(chunkStreamId, at + 1)
    ) {
      // With both other lanes overdue, one of them goes before.
      assert(at - last <= MAX_CHUNKS_PASSED + 2, `${chunkStreamId} waits from ${last} to ${at}`);
      last = at;
    }
    assert(last > 90, `${chunkStreamId} is served until the end`);
  }
});

Deno.test("a lane is bounded, and does not take from the others", () => {
  const queue = new MessageQueue(1000);
  assertEquals(queue.push(message(VIDEO, 937)), false);
  assertEquals(queue.push(message(VIDEO, 936)), true);
  assertEquals(queue.push(message(VIDEO, 0)), false);
  assertEquals(queue.push(message(AUDIO, 400)), true);
  assertEquals(queue.push(message(AUDIO, 472)), true);
  assertEquals(queue.push(message(AUDIO, 0)), false);
  assertEquals(queue.push(message(COMMAND, 936)), true);
  assertEquals(readBack(drain(queue)).length, 4);
  assertEquals(queue.push(message(VIDEO, 936)), true);
});

Deno.test("empty messages are bounded, too", () => {
  const queue = new MessageQueue(1000);
  let count = 0;
  while (queue.push(message(AUDIO, 0))) count++;
  assert(count < 20, `${count}`);
});

Deno.test("a chunk size takes effect behind its message, within a picture under way too", () => {
  const queue = new MessageQueue();
  const picture = message(VIDEO, 1000);
  queue.push(picture);
  const out = new ByteWriter();
  queue.writeChunk(out);
  const payload = Uint8Array.of(0, 0, 1, 0);
  const setting = { chunkStreamId: 2, typeId: 1, streamId: 0, timestampMs: 0, payload };
  queue.push(setting);
  out.bytes(drain(queue));
  assertEquals(readBack(out.take()), [setting, picture]);
});

Deno.test("messages on one chunk stream do not cut into each other, whatever their lanes", () => {
  const queue = new MessageQueue();
  const picture = message(VIDEO, 1000);
  const sound = { ...message(AUDIO, 300), chunkStreamId: 6 };
  queue.push(picture);
  const out = new ByteWriter();
  queue.writeChunk(out);
  queue.push(sound);
  const command = { ...message(COMMAND, 300), chunkStreamId: 6 };
  queue.push(command);
  out.bytes(drain(queue));
  assertEquals(readBack(out.take()), [picture, command, sound]);
});

Deno.test("extended timestamps are repeated by chunks that others interleave", () => {
  const queue = new MessageQueue();
  const sent = [message(VIDEO, 500, 0x1000000), message(AUDIO, 500, 0x2000000)];
  for (const each of sent) queue.push(each);
  const read = readBack(drain(queue)).sort((a, b) => b.typeId - a.typeId);
  assertEquals(read, sent);
});

Deno.test("any mix of messages comes out whole", () => {
  const random = seededRandom(5);
  const queue = new MessageQueue();
  const out = new ByteWriter(1 << 20);
  const sent: RawMessage[] = [];
  for (let round = 0; round < 500; round++) {
    const typeId = [COMMAND, AUDIO, VIDEO, 18, 22][Math.floor(random() * 5)]!;
    const each = message(typeId, Math.floor(random() * 700), round * 5);
    if (queue.push(each)) sent.push(each);
    for (let chunks = Math.floor(random() * 4); chunks > 0; chunks--) queue.writeChunk(out);
  }
  out.bytes(drain(queue));
  const read = readBack(out.take());
  const inOrder = (messages: RawMessage[]) =>
    messages.toSorted((a, b) => a.timestampMs - b.timestampMs);
  assertEquals(inOrder(read), inOrder(sent));
});

Deno.test("a message that cannot be written is an error", () => {
  const queue = new MessageQueue();
  queue.push({ ...message(AUDIO, 1), chunkStreamId: 1 });
  assertThrows(() => queue.writeChunk(new ByteWriter()), RtmpError, "got 1");
});
