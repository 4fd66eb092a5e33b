import { assertEquals, assertThrows } from "@std/assert";
import { Opcode } from "../../src/http/websocket.ts";
import {
  MAX_MESSAGE_LENGTH,
  WebSocketError,
  type WebSocketEvent,
  WebSocketReader,
} from "../../src/http/websocket_reader.ts";
import { everySplit, fromHex, surviveMutations } from "../../testing/mutation.ts";
import { type ClientFrame, clientFrame } from "./websocket_frames.ts";

function readAll(pieces: readonly Uint8Array[]): WebSocketEvent[] {
  const reader = new WebSocketReader();
  const events: WebSocketEvent[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
  }
  return events;
}

const joined = (frames: readonly ClientFrame[]) =>
  Uint8Array.from(frames.flatMap((frame) => [...clientFrame(frame)]));

const ping = (payload: string): WebSocketEvent => ({
  kind: "ping",
  payload: new TextEncoder().encode(payload),
});
const message = (length: number): WebSocketEvent => ({ kind: "message", length });
const { text, binary, continuation } = Opcode;

const MESSAGES: readonly (readonly [ClientFrame[], WebSocketEvent[]])[] = [
  [[{ opcode: text, payload: "Hello" }], [message(5)]],
  [[{ opcode: binary }], [message(0)]],
  [[{ opcode: binary, payload: new Uint8Array(125) }], [message(125)]],
  [[{ opcode: binary, payload: new Uint8Array(126) }], [message(126)]],
  [[{ opcode: text, payload: "Hel", continues: true }, { opcode: continuation, payload: "lo" }], [
    message(5),
  ]],
  [[
    { opcode: text, payload: "a", continues: true },
    { opcode: Opcode.ping, payload: "b" },
    { opcode: continuation, payload: "cd", continues: true },
    { opcode: Opcode.pong, payload: "e" },
    { opcode: continuation },
    { opcode: text, payload: "f" },
  ], [ping("b"), message(3), message(1)]],
  [[{ opcode: Opcode.ping }, { opcode: Opcode.ping, payload: "x".repeat(125) }], [
    ping(""),
    ping("x".repeat(125)),
  ]],
  [[{ opcode: Opcode.pong, payload: "unasked" }], []],
  [[{ opcode: Opcode.close }], [{ kind: "close" }]],
  [[{ opcode: Opcode.close, payload: Uint8Array.of(3, 0xe8, 0x62, 0x79, 0x65) }], [
    { kind: "close" },
  ]],
];

Deno.test("WebSocketReader: frames whole, in every split, and byte by byte", () => {
  for (const [frames, events] of MESSAGES) {
    const bytes = joined(frames);
    for (const pieces of everySplit(bytes)) assertEquals(readAll(pieces), events);
    assertEquals(readAll([Uint8Array.of(...bytes, ...bytes)]), [...events, ...events]);
  }
});

Deno.test("WebSocketReader: the masked example of RFC 6455 5.7, as text and as ping", () => {
  assertEquals(readAll([fromHex("8185 37fa213d 7f9f4d5158")]), [message(5)]);
  assertEquals(readAll([fromHex("8985 37fa213d 7f9f4d5158")]), [ping("Hello")]);
});

Deno.test("WebSocketReader: a frame that is not whole needs more", () => {
  const bytes = joined([{ opcode: binary, payload: new Uint8Array(200) }]);
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(readAll([bytes.subarray(0, length)]), []);
  }
});

Deno.test("WebSocketReader: what is wrong, with the code to close with", () => {
  const big = new Uint8Array(MAX_MESSAGE_LENGTH + 1);
  const half = new Uint8Array(MAX_MESSAGE_LENGTH / 2);
  const bad: readonly (readonly [what: string, frames: readonly ClientFrame[], code: number])[] = [
    ["unmasked", [{ opcode: text, payload: "a", unmasked: true }], 1002],
    ["reserved bit 1", [{ opcode: text, reservedBits: 4 }], 1002],
    ["reserved bit 2", [{ opcode: text, reservedBits: 2 }], 1002],
    ["reserved bit 3", [{ opcode: Opcode.ping, reservedBits: 1 }], 1002],
    ["unknown data frame", [{ opcode: 3 }], 1002],
    ["unknown control frame", [{ opcode: 11 }], 1002],
    ["long ping", [{ opcode: Opcode.ping, payload: new Uint8Array(126) }], 1002],
    ["ping in pieces", [{ opcode: Opcode.ping, continues: true }], 1002],
    ["close in pieces", [{ opcode: Opcode.close, continues: true }], 1002],
    ["continuation of nothing", [{ opcode: continuation }], 1002],
    ["message in a message", [{ opcode: text, continues: true }, { opcode: text }], 1002],
    ["continuation of a whole", [{ opcode: text }, { opcode: continuation }], 1002],
    ["too big", [{ opcode: binary, payload: big }], 1009],
    ["far too big", [{ opcode: binary, payload: new Uint8Array(70_000) }], 1009],
    ["too big in pieces", [
      { opcode: binary, payload: half, continues: true },
      { opcode: continuation, payload: half, continues: true },
      { opcode: continuation, payload: "a" },
    ], 1009],
  ];
  for (const [what, frames, code] of bad) {
    const bytes = joined(frames);
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      const error = assertThrows(() => readAll(pieces), WebSocketError, undefined, what);
      assertEquals(error.closeCode, code, what);
    }
  }
});

Deno.test("WebSocketReader: the largest message, whole and in pieces", () => {
  const half = new Uint8Array(MAX_MESSAGE_LENGTH / 2);
  const whole = joined([{ opcode: binary, payload: new Uint8Array(MAX_MESSAGE_LENGTH) }]);
  assertEquals(readAll([whole]), [message(MAX_MESSAGE_LENGTH)]);
  const pieces = joined([
    { opcode: binary, payload: half, continues: true },
    { opcode: Opcode.ping, payload: "a" },
    { opcode: continuation, payload: half },
  ]);
  assertEquals(readAll([pieces]), [ping("a"), message(MAX_MESSAGE_LENGTH)]);
});

Deno.test("WebSocketReader: a length is judged before its payload has come", () => {
  const lengths = ["82ff ffffffffffffffff", "82ff 8000000000000000", "82ff 0000000000000401"];
  for (const head of [...lengths, "82fe 0401"]) {
    const error = assertThrows(() => readAll([fromHex(head)]), WebSocketError);
    assertEquals(error.closeCode, 1009, head);
  }
});

Deno.test("WebSocketReader: nothing but WebSocketError escapes from mutations", () => {
  surviveMutations(
    MESSAGES.map(([frames]) => joined(frames)),
    (bytes) => {
      const half = Math.floor(bytes.length / 2);
      readAll([bytes.subarray(0, half), bytes.subarray(half)]);
    },
    WebSocketError,
    { count: 1000 },
  );
});
