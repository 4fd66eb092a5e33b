import { assert, assertEquals } from "@std/assert";
import { ByteQueue } from "../../src/bytes/byte_queue.ts";
import {
  ChunkedBody,
  MAX_CHUNK_LINE_LENGTH,
  MAX_TRAILERS_LENGTH,
} from "../../src/http/chunked_body.ts";
import { HttpError } from "../../src/http/http_error.ts";
import { everySplit, surviveMutations } from "../../testing/mutation.ts";
import { bytesOf, statusOf } from "./errors.ts";

const MAX_LENGTH = 100;

/** The body, and how much is left behind it; `undefined` if it needs more. */
function take(...pieces: (string | Uint8Array)[]): [body: string, left: number] | undefined {
  const queue = new ByteQueue();
  const body = new ChunkedBody(MAX_LENGTH);
  let whole: Uint8Array | undefined;
  for (const piece of pieces) {
    queue.push(typeof piece === "string" ? bytesOf(piece) : piece);
    whole ??= body.take(queue);
  }
  return whole && [String.fromCharCode(...whole), queue.length];
}

const BODIES: readonly (readonly [sent: string, body: string])[] = [
  ["0\r\n\r\n", ""],
  ["000\r\n\r\n", ""],
  ["1\r\na\r\n0\r\n\r\n", "a"],
  ["4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"],
  ["00000002\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", "abcde"],
  ["a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"],
  ['2;name=value;x="y z"\r\nab\r\n0;last\r\n\r\n', "ab"],
  ["2 ;x\r\nab\r\n0\t\r\n\r\n", "ab"],
  ["1\r\na\r\n0\r\nA: 1\r\nB: 2\r\n\r\n", "a"],
];

Deno.test("ChunkedBody: whole, in every split, with more behind it, and cut off", () => {
  for (const [sent, body] of BODIES) {
    const bytes = bytesOf(sent);
    for (const pieces of everySplit(bytes)) assertEquals(take(...pieces), [body, 0], sent);
    assertEquals(take(`${sent}GET /`), [body, 5], sent);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(take(bytes.subarray(0, length)), undefined, sent);
    }
  }
});

Deno.test("ChunkedBody: what others might read otherwise is refused", () => {
  const bad = [
    "\r\n",
    "\n",
    "1\na\r\n",
    "1\r\nabc",
    "1\r\na\n",
    "1\r\na\rb",
    "g\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\n",
    " 1\r\n",
    "1 1\r\n",
    "1 x\r\n",
    "000000001\r\n",
    "1;\x00\r\n",
    "1;é\r\n",
    "1\r\r\n",
    "0\r\nA: 1\n",
    "0\r\n\n",
  ];
  for (const sent of bad) {
    for (const pieces of [[sent], [...sent]]) {
      assertEquals(statusOf(() => take(...pieces)), 400, JSON.stringify(sent));
    }
  }
});

Deno.test("ChunkedBody: limits of body, lines and trailers, at and above", () => {
  const chunk = (length: number) => `${length.toString(16)}\r\n${"a".repeat(length)}\r\n`;
  const whole = "a".repeat(MAX_LENGTH);
  assertEquals(take(`${chunk(60)}${chunk(40)}0\r\n\r\n`), [whole, 0]);
  assertEquals(statusOf(() => take(`${chunk(60)}${(41).toString(16)}\r\n`)), 413);
  assertEquals(statusOf(() => take("ffffffff\r\n")), 413);

  const line = `0;${"x".repeat(MAX_CHUNK_LINE_LENGTH - 2)}`;
  assertEquals(take(`${line}\r\n\r\n`), ["", 0]);
  assertEquals(statusOf(() => take(`${line}x\r\n\r\n`)), 400);
  assertEquals(statusOf(() => take(`${line}xx`)), 400);

  const half = MAX_TRAILERS_LENGTH / 2;
  const trailers = `0\r\n${"a".repeat(half)}\r\n${"b".repeat(half)}\r\n`;
  assertEquals(take(`${trailers}\r\n`), ["", 0]);
  assertEquals(statusOf(() => take(`${trailers}c\r\n\r\n`)), 400);
});

Deno.test("ChunkedBody: chunks of one byte cost little more than their bytes", () => {
  const bodies: ChunkedBody[] = [];
  const length = 1 << 16;
  const chunks = bytesOf("1\r\na\r\n".repeat(length / 16));
  const before = Deno.memoryUsage().heapUsed;
  for (let body = 0; body < 5; body++) {
    const queue = new ByteQueue();
    bodies.push(new ChunkedBody(length));
    for (let time = 0; time < 16; time++) {
      queue.push(chunks);
      bodies.at(-1)!.take(queue);
    }
    assertEquals(queue.length, 0);
  }
  const each = (Deno.memoryUsage().heapUsed - before) / bodies.length;
  // An array for each chunk would take 14 MB; what is left to collect is less.
  assert(each < 5_000_000, `${each} bytes each`);
});

Deno.test("ChunkedBody: nothing but HttpError escapes from mutations", () => {
  surviveMutations(
    BODIES.map(([sent]) => bytesOf(sent)),
    (bytes) => {
      const half = Math.floor(bytes.length / 2);
      take(bytes.subarray(0, half), bytes.subarray(half));
    },
    HttpError,
    { count: 500 },
  );
});
