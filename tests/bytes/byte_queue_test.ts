import { assertEquals, assertStrictEquals } from "@std/assert";
import { ByteQueue } from "../../src/bytes/byte_queue.ts";
import { seededRandom } from "../../testing/mutation.ts";

Deno.test("ByteQueue: peek, take and skip, up to what it holds", () => {
  const queue = new ByteQueue();
  assertEquals([queue.length, queue.peek(1), queue.take(1)], [0, undefined, undefined]);
  assertEquals(queue.take(0), new Uint8Array(0));
  queue.push(Uint8Array.of(1, 2, 3));
  assertEquals([queue.peek(4), queue.length], [undefined, 3]);
  assertEquals([queue.peek(3), queue.length], [Uint8Array.of(1, 2, 3), 3]);
  assertEquals([queue.take(2), queue.length], [Uint8Array.of(1, 2), 1]);
  assertEquals([queue.take(2), queue.length], [undefined, 1]);
  queue.skip(5);
  assertEquals(queue.length, 0);
});

Deno.test("ByteQueue: moves what is left to the front, and grows only if it must", () => {
  const queue = new ByteQueue(4);
  const buffer = () => queue.peek(1)!.buffer;
  queue.push(Uint8Array.of(1, 2, 3));
  const before = buffer();
  queue.skip(2);
  queue.push(Uint8Array.of(4, 5, 6));
  assertStrictEquals(buffer(), before);
  assertEquals(queue.peek(4), Uint8Array.of(3, 4, 5, 6));
  queue.push(Uint8Array.of(7));
  assertEquals(buffer().byteLength, 8);
  queue.push(new Uint8Array(100));
  assertEquals(buffer().byteLength, 105);
  assertEquals(queue.take(5), Uint8Array.of(3, 4, 5, 6, 7));
});

Deno.test("ByteQueue: a view holds until the next push, and what is pushed is copied", () => {
  const queue = new ByteQueue(8);
  const piece = Uint8Array.of(1, 2, 3, 4);
  queue.push(piece);
  piece.fill(9);
  const view = queue.take(4)!;
  assertEquals([view, queue.length], [Uint8Array.of(1, 2, 3, 4), 0]);
});

Deno.test("ByteQueue: random pieces come out as one row", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const queue = new ByteQueue(below(20));
    let pushed = 0;
    let read = 0;
    for (let round = 0; round < 500; round++) {
      queue.push(Uint8Array.from({ length: below(30) }, () => pushed++ & 0xff));
      assertEquals(queue.length, pushed - read);
      for (let length = below(40); length <= queue.length; length = below(40)) {
        if (random() < 0.2) queue.skip(length);
        else queue.take(length)!.forEach((byte, at) => assertEquals(byte, (read + at) & 0xff));
        read += length;
        if (random() < 0.3) break;
      }
      assertEquals(queue.length, pushed - read);
    }
  }
});
