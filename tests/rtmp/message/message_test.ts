import { assertEquals, assertThrows } from "@std/assert";
import {
  type ControlMessage,
  MESSAGE_TYPE,
  parseMessage,
  type StreamMessage,
  toRawMessage,
} from "../../../src/rtmp/message/message.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

const raw = (typeId: number, digits: string) => ({
  chunkStreamId: 2,
  typeId,
  streamId: 1,
  timestampMs: 5,
  payload: fromHex(digits),
});

const payload = fromHex("0200");
const stream = { streamId: 1, timestampMs: 5, payload };

const MESSAGES: [ControlMessage | StreamMessage, number, string][] = [
  [{ kind: "setChunkSize", size: 4096 }, 1, "00001000"],
  [{ kind: "abort", chunkStreamId: 6 }, 2, "00000006"],
  [{ kind: "acknowledgement", receivedBytes: 0xfffffffe }, 3, "fffffffe"],
  [{ kind: "userControl", eventType: 0, data: fromHex("00000001") }, 4, "0000 00000001"],
  [{ kind: "userControl", eventType: 31, data: new Uint8Array(0) }, 4, "001f"],
  [{ kind: "windowAcknowledgementSize", size: 2_500_000 }, 5, "002625a0"],
  [{ kind: "setPeerBandwidth", size: 2_500_000, limitType: 2 }, 6, "002625a0 02"],
  [{ kind: "audio", ...stream }, 8, "0200"],
  [{ kind: "video", ...stream }, 9, "0200"],
  [{ kind: "data", ...stream }, 18, "0200"],
  [{ kind: "command", ...stream }, 20, "0200"],
  [{ kind: "sharedObject", ...stream }, 19, "0200"],
  [{ kind: "aggregate", ...stream }, 22, "0200"],
];

for (const [message, typeId, digits] of MESSAGES) {
  Deno.test(`message ${message.kind} is read and written`, () => {
    assertEquals(parseMessage(raw(typeId, digits)), message);
    const written = toRawMessage(message);
    assertEquals(written.typeId, typeId);
    assertEquals(toHex(written.payload), toHex(fromHex(digits)));
  });
}

Deno.test("AMF3 data and commands lose their format byte", () => {
  for (const [typeId, kind] of [[15, "data"], [17, "command"]] as const) {
    assertEquals(parseMessage(raw(typeId, "00 0200")), { kind, ...stream });
    assertEquals(parseMessage(raw(typeId, "0200")), { kind, ...stream });
  }
});

Deno.test("AMF3 shared objects lose their format byte, which is never left out", () => {
  assertEquals(parseMessage(raw(16, "00 0200")), { kind: "sharedObject", ...stream });
  assertEquals(parseMessage(raw(16, "")), {
    kind: "sharedObject",
    ...stream,
    payload: fromHex(""),
  });
});

Deno.test("messages without any payload are read, whatever their type", () => {
  for (let typeId = 0; typeId < 256; typeId++) {
    const { kind } = parseMessage(raw(typeId, ""));
    if (typeId < 8) assertEquals(kind, "unknown");
  }
});

Deno.test("a peer bandwidth without limit type is dynamic", () => {
  assertEquals(parseMessage(raw(6, "00000001")), {
    kind: "setPeerBandwidth",
    size: 1,
    limitType: 2,
  });
});

Deno.test("other types are unknown", () => {
  for (const typeId of [0, 7, 10, 14, 21, 23, 255]) {
    assertEquals(parseMessage(raw(typeId, "00")), { kind: "unknown", typeId });
  }
});

Deno.test("control messages cut short are refused, longer ones read", () => {
  for (const typeId of [1, 2, 3, 5, 6]) {
    assertThrows(() => parseMessage(raw(typeId, "000000")), RtmpError, "needs 4 bytes");
    parseMessage(raw(typeId, "00000001 0203"));
  }
  assertThrows(() => parseMessage(raw(MESSAGE_TYPE.USER_CONTROL, "00")), RtmpError);
});

Deno.test("messages survive mutations", () => {
  for (const [, typeId, digits] of MESSAGES) {
    const parse = (bytes: Uint8Array) => void parseMessage({ ...raw(typeId, ""), payload: bytes });
    surviveMutations([fromHex(digits)], parse, RtmpError, { count: 200 });
  }
});
