import { assertEquals } from "@std/assert";
import { CapsuleReader, encodeSessionClose } from "../../src/http3/capsule_reader.ts";
import { parseRequest } from "../../src/http3/connect_request.ts";
import {
  type FrameStreamKind,
  Http3FrameReader,
  MAX_HEADERS_LENGTH,
  MAX_SETTINGS_LENGTH,
} from "../../src/http3/frame_reader.ts";
import { Http3Error } from "../../src/http3/http3_error.ts";
import {
  decodeFieldSection,
  encodeFieldSection,
  MAX_FIELD_SECTION_SIZE,
  MAX_FIELDS,
} from "../../src/http3/qpack/field_section.ts";
import { encodeSettings, parseClientSettings, SERVER_SETTINGS } from "../../src/http3/settings.ts";
import { readStreamHead, webTransportStreamHead } from "../../src/http3/stream_type.ts";
import { clientControlHead, connectFields, connectFrame } from "../../testing/http3/client.ts";
import { fromHex } from "../../testing/mutation.ts";
import { ENCODED_SECTIONS } from "../http3/qpack/field_section_samples.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { decodesAgain } from "./same_again.ts";

/** Pieces of a length that divides nothing. */
const PIECE_LENGTH = 7;

const CONTROL_FRAMES = [
  clientControlHead().subarray(1),
  fromHex("04 03 330161 4040 03 aabbcc 07 01 05 0d 02 4005 03 08 ffffffffffffffff"),
];

const REQUEST_FRAMES = [
  Uint8Array.of(...connectFrame(), ...encodeSessionClose(7, "ok")),
  fromHex("21 01 ff 01 01 ab 4040 00 00 01 01 00 00 21 01 ff 00 02 0203"),
];

const CAPSULES = [
  encodeSessionClose(7, "the stream has ended").subarray(2),
  fromHex("00 03 010203 ffffffffffffffdf 00 800078ae 00 21 01 aa 6843 05 00000001 61"),
];

/** Targets for what a client of WebTransport sends. */
export const HTTP3_TARGETS: readonly FuzzTarget[] = [
  {
    name: "http3-control-frames",
    corpus: CONTROL_FRAMES,
    allowed: Http3Error,
    run: (bytes) => readTwice(bytes, (pieces) => framesOf("control", pieces)),
  },
  {
    name: "http3-request-frames",
    corpus: REQUEST_FRAMES,
    allowed: Http3Error,
    run: (bytes) => readTwice(bytes, (pieces) => framesOf("request", pieces)),
  },
  {
    name: "http3-capsules",
    corpus: CAPSULES,
    allowed: Http3Error,
    run: (bytes) => readTwice(bytes, eventsOf),
  },
  {
    name: "http3-settings",
    corpus: [encodeSettings(SERVER_SETTINGS), clientControlHead().subarray(3)],
    allowed: Http3Error,
    run: (bytes) => void parseClientSettings(bytes),
  },
  {
    name: "http3-stream-head",
    corpus: [clientControlHead(), webTransportStreamHead(4), fromHex("02"), fromHex("4040")],
    allowed: Http3Error,
    run: readHead,
  },
  {
    name: "qpack",
    corpus: ENCODED_SECTIONS.map(([encoded]) => encoded),
    allowed: Http3Error,
    run: decodeAndEncodeFields,
  },
  {
    name: "http3-request",
    corpus: [encodeFieldSection(connectFields()), ENCODED_SECTIONS.at(-1)![0]],
    allowed: Http3Error,
    run: readRequest,
  },
];

/** However it is cut, the same must be read, or be refused for the same reason. */
function readTwice(
  bytes: Uint8Array,
  read: (pieces: readonly Uint8Array[]) => readonly string[],
): void {
  assertEquals(outcome(() => read([bytes])), outcome(() => read(piecesOf(bytes))));
  read([bytes]);
}

function framesOf(stream: FrameStreamKind, pieces: readonly Uint8Array[]): readonly string[] {
  const reader = new Http3FrameReader(stream);
  const frames: string[] = [];
  const data: number[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === "data") data.push(...frame.piece);
      else if (frame.kind === "other") frames.push(`other ${frame.type}`);
      else {
        const limit = frame.kind === "headers" ? MAX_HEADERS_LENGTH : MAX_SETTINGS_LENGTH;
        if (frame.payload.length > limit) throw new Error(`Frame of ${frame.payload.length} bytes`);
        frames.push(`${frame.kind} ${frame.payload.join()}`);
      }
    }
  }
  return [...frames, data.join(), `${reader.isInFrame}`];
}

function eventsOf(pieces: readonly Uint8Array[]): readonly string[] {
  const reader = new CapsuleReader();
  const events: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      events.push(JSON.stringify(event));
    }
  }
  return [...events, `${reader.isInCapsule}`];
}

function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_LENGTH);
  return Array.from(
    { length: count },
    (_, at) => bytes.subarray(at * PIECE_LENGTH, (at + 1) * PIECE_LENGTH),
  );
}

function outcome(read: () => readonly string[]): readonly string[] | number {
  try {
    return read();
  } catch (error) {
    if (error instanceof Http3Error) return error.code;
    throw error;
  }
}

/** What is behind a head changes nothing, and what is in front of its end is none. */
function readHead(bytes: Uint8Array): void {
  const head = readStreamHead(bytes);
  if (head === undefined) return;
  assertEquals(readStreamHead(bytes.subarray(0, head.length)), head);
  assertEquals(readStreamHead(bytes.subarray(0, head.length - 1)), undefined);
}

function decodeAndEncodeFields(bytes: Uint8Array): void {
  const fields = decodeFieldSection(bytes);
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  if (fields.length > MAX_FIELDS || size > MAX_FIELD_SECTION_SIZE) {
    throw new Error(`Section of ${fields.length} fields, of ${size} bytes`);
  }
  decodesAgain(
    fields,
    () => decodeFieldSection(encodeFieldSection(fields)),
    (left, right) => JSON.stringify(left) === JSON.stringify(right),
  );
}

/** What is taken for a target must be one: nothing in it may look like another line of a log. */
function readRequest(bytes: Uint8Array): void {
  const request = parseRequest(decodeFieldSection(bytes));
  if (request.kind === "other") return;
  const { authority, path, origin, userAgent, authorization } = request;
  for (const text of [authority, path]) assertEquals(/^[\x21-\x7e]+$/.test(text), true, text);
  for (const text of [origin, userAgent, authorization]) {
    assertEquals(/^[\t\x20-\x7e\x80-\xff]*$/.test(text ?? ""), true, text);
  }
}
