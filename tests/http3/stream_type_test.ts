import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { Http3FrameReader } from "../../src/http3/frame_reader.ts";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { encodeSettings, SERVER_SETTINGS } from "../../src/http3/settings.ts";
import {
  controlStreamHead,
  readStreamHead,
  type StreamHead,
  webTransportStreamHead,
} from "../../src/http3/stream_type.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";

const HEADS: readonly (readonly [hex: string, head: StreamHead])[] = [
  ["00", { kind: "control", length: 1 }],
  ["4000", { kind: "control", length: 2 }],
  ["01", { kind: "push", length: 1 }],
  ["02", { kind: "qpack-encoder", length: 1 }],
  ["03", { kind: "qpack-decoder", length: 1 }],
  ["04", { kind: "unknown", length: 1 }],
  ["21", { kind: "unknown", length: 1 }],
  ["4041", { kind: "unknown", length: 2 }],
  ["fffffffffffffffe", { kind: "unknown", length: 8 }],
  ["4054 00", { kind: "web-transport", sessionId: 0, length: 3 }],
  ["80000054 04", { kind: "web-transport", sessionId: 4, length: 5 }],
  ["4054 4100", { kind: "web-transport", sessionId: 256, length: 4 }],
  ["4054 c01ffffffffffffc", { kind: "web-transport", sessionId: 2 ** 53 - 4, length: 10 }],
];

Deno.test("stream heads: whole, cut off, with something behind", () => {
  for (const [hex, head] of HEADS) {
    const bytes = fromHex(hex);
    assertEquals(readStreamHead(bytes), head, hex);
    assertEquals(readStreamHead(concat([bytes, fromHex("ffff")])), head, hex);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(readStreamHead(bytes.subarray(0, length)), undefined, hex);
    }
  }
});

Deno.test("stream heads: a session is a request of a client", () => {
  for (const hex of ["4054 01", "4054 02", "4054 03", "4054 4101"]) {
    assertEquals(codeOf(() => readStreamHead(fromHex(hex))), Http3Code.idError);
  }
  const far = fromHex("4054 c020000000000000");
  assertEquals(codeOf(() => readStreamHead(far)), Http3Code.excessiveLoad);
});

Deno.test("stream heads: of a session, as they are written", () => {
  for (const sessionId of [0, 4, 60, 64, 16_384, 2 ** 30, 2 ** 53 - 4]) {
    const bytes = webTransportStreamHead(sessionId);
    const head = { kind: "web-transport", sessionId, length: bytes.length } as const;
    assertEquals(readStreamHead(bytes), head);
  }
  assertEquals(toHex(webTransportStreamHead(4)), "405404");
});

Deno.test("stream heads: a control stream begins with settings", () => {
  const bytes = controlStreamHead(SERVER_SETTINGS);
  assertEquals(readStreamHead(bytes), { kind: "control", length: 1 });
  const frames = new Http3FrameReader("control");
  frames.push(bytes.subarray(1));
  assertEquals(frames.next(), { kind: "settings", payload: encodeSettings(SERVER_SETTINGS) });
  assertEquals(frames.isInFrame, false);
});

Deno.test("stream heads: mutations", () => {
  surviveMutations(
    HEADS.map(([hex]) => fromHex(hex)),
    (bytes) => {
      const head = readStreamHead(bytes);
      if (head?.kind !== "web-transport") return;
      const again = readStreamHead(webTransportStreamHead(head.sessionId));
      assertEquals(again?.kind === "web-transport" && again.sessionId, head.sessionId);
    },
    Http3Error,
    { count: 500 },
  );
});
