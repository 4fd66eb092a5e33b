import { assertEquals } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { amfObject } from "../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../testing/amf/ecma_array.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { AggregateReader } from "../../src/rtmp/message/aggregate.ts";
import { encodeAggregate } from "../../testing/rtmp/aggregate_writer.ts";
import { ChunkReader, type RawMessage } from "../../src/rtmp/chunk/reader.ts";
import { namedData } from "../../src/rtmp/message/data_message.ts";
import { plainAmf0 } from "../../src/rtmp/message/plain_amf0.ts";
import { parseMessage, toRawMessage } from "../../src/rtmp/message/message.ts";
import { ServerHandshake } from "../../src/rtmp/handshake/handshake.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { ServerSession } from "../../src/rtmp/session/server_session.ts";
import {
  answerSharedObject,
  encodeSharedObject,
  parseSharedObject,
} from "../../src/rtmp/message/shared_object.ts";
import { parseUserControl, userControl } from "../../src/rtmp/message/user_control.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import {
  clientAnswer,
  clientDigestHello,
  clientHello,
  ClientMessages,
  publisherPreamble,
} from "../../testing/rtmp/client.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** C0, C1 and C2. */
const HANDSHAKE_LENGTH = clientHello().length + clientAnswer().length;

/** Pieces of a length that divides nothing. */
const PIECE_LENGTH = 13;

const zeros = (length: number) => "00".repeat(length);

/** Chunks of all types, interleaved, with extended timestamps, and the messages about chunks. */
export const CHUNK_SAMPLES: readonly Uint8Array[] = [
  fromHex("06 0003e8 000001 09 01000000 01 46 000021 000002 09 0102 86 000022 0304 c6 0506"),
  fromHex(
    `00 05 000000 000082 09 01000000 ${zeros(128)} 04 000000 000001 08 01000000 07 c0 05 0000`,
  ),
  fromHex(`06 ffffff 000082 09 01000000 01020304 ${zeros(128)} c6 01020304 aabb`),
  fromHex(`06 ffffff 000082 09 01000000 01020304 ${zeros(128)} c6 01bb 01 00 02 000000 000000 08
    01000000`),
  fromHex("02 000000 000004 01 00000000 00000002 04 000000 000005 08 01000000 0102 c4 0304 c4 05"),
  fromHex(`06 000000 000082 09 01000000 ${zeros(128)} 02 000000 000004 02 00000000 00000006`),
];

/** Messages of all kinds: a type, and a payload. */
export const MESSAGE_SAMPLES: readonly Uint8Array[] = [
  ...["01 00001000", "02 00000006", "03 fffffffe", "04 0000 00000001", "05 002625a0"],
  ...["06 002625a0 02", "08 af01", "09 17", "0f 00 0200", "10 00 0000", "11 00 0200", "12 0200"],
  ...["13 0000", "14 0200", "16 08"],
].map(fromHex);

/** Payloads of aggregates: with a wrap, with a back pointer missing. */
export const AGGREGATE_SAMPLES: readonly Uint8Array[] = [
  fromHex("08 000002 000014 00 000000 af01 0000000d 09 000001 000028 00 000000 17 0000000c"),
  fromHex("12 000000 fffffe ff 000000 0000000b 08 000001 000003 00 000000 aa"),
];

/** Payloads of shared object messages: use, changes of two properties, of one that persists. */
export const SHARED_OBJECT_SAMPLES: readonly Uint8Array[] = [
  fromHex("0004 726f6f6d 00000000 00000000 00000000 01 00000000"),
  fromHex(`0004 726f6f6d 00000007 00000002 00000000 03 00000005 0001 61 0101
    0a 00000003 0001 62`),
];

/** Payloads of data messages in which AMF0 changes to AMF3: objects, arrays, vectors, a class. */
export const DATA_SAMPLES: readonly Uint8Array[] = [
  amfEcmaArray({ a: 1, b: { kind: "strict-array", items: ["x", null] } }),
  { kind: "int-vector", isFixed: true, items: Int32Array.of(1, -1) } as const,
  { kind: "dictionary", hasWeakKeys: false, entries: [["a", 1], [amfObject({}), 2]] } as const,
  { kind: "byte-array", bytes: fromHex("0011") } as const,
].map((value) => encodeAmf0("@setDataFrame", "onMetaData", { kind: "amf3", value }));

/** User control messages: a time, a length, and one that nobody knows. */
export const USER_CONTROL_SAMPLES: readonly Uint8Array[] = [
  fromHex("0006 00000001"),
  fromHex("0003 00000001 00000bb8"),
  fromHex("0063 00"),
];

/** What encoders send after the handshake, up to the end of a publication. */
export const SESSION_SAMPLES: readonly Uint8Array[] = [
  publication(128).subarray(HANDSHAKE_LENGTH),
  publication(4096).subarray(HANDSHAKE_LENGTH),
  everyMessage().subarray(HANDSHAKE_LENGTH),
  playerSession(),
];

/** Targets for the handshake, the chunk reader and the server session. */
export const RTMP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "rtmp-handshake",
    corpus: ([0, 1] as const).map((scheme) => clientDigestHello(scheme, seededRandom(9))),
    allowed: RtmpError,
    run: (bytes: Uint8Array) => void new ServerHandshake(zeroBytes).push(bytes),
  },
  { name: "rtmp-chunks", corpus: CHUNK_SAMPLES, allowed: RtmpError, run: readChunks },
  { name: "rtmp-message", corpus: MESSAGE_SAMPLES, allowed: RtmpError, run: writeMessageAgain },
  { name: "rtmp-aggregate", corpus: AGGREGATE_SAMPLES, allowed: RtmpError, run: readAggregate },
  {
    name: "rtmp-shared-object",
    corpus: SHARED_OBJECT_SAMPLES,
    allowed: RtmpError,
    run: readSharedObject,
  },
  { name: "rtmp-data", corpus: DATA_SAMPLES, allowed: RtmpError, run: readData },
  {
    name: "rtmp-user-control",
    corpus: USER_CONTROL_SAMPLES,
    allowed: RtmpError,
    run: readUserControl,
  },
  { name: "rtmp-session", corpus: SESSION_SAMPLES, allowed: RtmpError, run: runSession },
];

function playerSession(): Uint8Array {
  return new ClientMessages().connect("live").command(0, "createStream", 2, null)
    .command(1, "receiveVideo", 0, null, false)
    .command(0, "FCSubscribe", 3, null, "a")
    .command(1, "play", 0, null, "mp4:a?t=1", -2, -1, true)
    .command(1, "pause", 0, null, true, 0)
    .command(1, "receiveVideo", 0, null, true)
    .command(1, "seek", 0, null, 5)
    .command(1, "play2", 0, null, amfObject({ streamName: "b", transition: "switch" }))
    .command(1, "play", 0, null, false)
    .command(0, "deleteStream", 0, null, 1)
    .take();
}

function publication(chunkSize: number): Uint8Array {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name: "a?t=1", chunkSize, messages });
  const media = messages
    .send({ kind: "windowAcknowledgementSize", size: 200 })
    .data(0, "@setDataFrame", "onMetaData", amfEcmaArray({ width: 1280 }))
    .audio(0, fromHex("af00121056e500"))
    .video(0, new Uint8Array(300))
    .audio(23, fromHex("af0101182007"))
    .send({ kind: "userControl", eventType: 6, data: fromHex("00000001") })
    .command(0, "FCUnpublish", 6, null, "a")
    .command(0, "deleteStream", 7, null, 1)
    .take();
  return new ByteWriter(8192).bytes(preamble).bytes(media).take();
}

/** A client of Enhanced RTMP and AMF3 that sends a message of every type. */
function everyMessage(): Uint8Array {
  const messages = new ClientMessages().chunkSize(1000);
  const raw = (typeId: number, payload: Uint8Array, timestampMs = 40) =>
    messages.raw({ chunkStreamId: 70, typeId, streamId: 1, timestampMs, payload });
  messages.command(
    0,
    "connect",
    1,
    amfObject({
      app: "live",
      tcUrl: "rtmp://h/live?t=1",
      objectEncoding: 3,
      fourCcList: { kind: "strict-array", items: ["av01", "*"] },
      videoFourCcInfoMap: amfObject({ hvc1: 7 }),
      capsEx: 15,
    }),
  ).publish("a");
  raw(17, Uint8Array.of(0, ...encodeAmf0("_checkbw", 9, null)));
  const metadata = encodeAmf0("@setDataFrame", "onMetaData", {
    kind: "amf3",
    value: amfEcmaArray({ a: 1, b: { kind: "strict-array", items: ["x"] } }),
  });
  raw(15, Uint8Array.of(0, ...metadata));
  for (const payload of AGGREGATE_SAMPLES) raw(22, payload, 0xffffff00);
  for (const payload of SHARED_OBJECT_SAMPLES) raw(19, payload);
  for (const payload of USER_CONTROL_SAMPLES) raw(4, payload);
  messages.send({ kind: "setPeerBandwidth", size: 9000, limitType: 0 })
    .send({ kind: "acknowledgement", receivedBytes: 100 })
    .send({ kind: "abort", chunkStreamId: 70 });
  raw(8, fromHex("af01"), 0x1000000);
  messages.command(1, "closeStream", 0, null);
  return new ByteWriter(8192).bytes(clientHello()).bytes(clientAnswer()).bytes(messages.take())
    .take();
}

function readAggregate(bytes: Uint8Array): void {
  const raw = { chunkStreamId: 6, typeId: 22, streamId: 1, timestampMs: 5, payload: bytes };
  const reader = new AggregateReader(raw);
  const messages: RawMessage[] = [];
  for (let inner = reader.next(); inner !== undefined; inner = reader.next()) messages.push(inner);
  const again = new AggregateReader({ ...raw, payload: encodeAggregate(messages) });
  for (const message of messages) assertEquals(again.next(), { ...message });
  assertEquals(again.next(), undefined);
}

function readSharedObject(bytes: Uint8Array): void {
  const encoded = encodeSharedObject(parseSharedObject(bytes));
  assertEquals(toHex(encodeSharedObject(parseSharedObject(encoded))), toHex(encoded));
  answerSharedObject(bytes);
}

/** What is left must be plain AMF0, which reads as it was written. */
function readData(bytes: Uint8Array): void {
  const data = namedData(bytes);
  if (data === undefined || !bytes.includes(0x11)) return;
  assertEquals(plainAmf0(data.payload) === data.payload, true);
  decodeAmf0(data.payload);
}

function readUserControl(bytes: Uint8Array): void {
  const message = parseMessage({
    chunkStreamId: 2,
    typeId: 4,
    streamId: 0,
    timestampMs: 0,
    payload: bytes,
  });
  if (message.kind !== "userControl") return;
  const event = parseUserControl(message);
  assertEquals(parseUserControl(userControl(event)), event);
}

function zeroBytes(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** Whole and in pieces: both must make the same of it. */
function readChunks(bytes: Uint8Array): void {
  sameInPieces(bytes, () => {
    const chunks = new ChunkReader();
    return (piece, seen) => {
      chunks.push(piece);
      for (let raw = chunks.next(); raw !== undefined; raw = chunks.next()) {
        seen.push(`${raw.typeId} ${raw.timestampMs} ${toHex(raw.payload)}`);
        const message = parseMessage(raw);
        if (message.kind === "setChunkSize") chunks.setChunkSize(message.size);
        if (message.kind === "abort") chunks.abort(message.chunkStreamId);
      }
    };
  });
}

function writeMessageAgain(bytes: Uint8Array): void {
  const [typeId = 0, ...payload] = bytes;
  const raw = { chunkStreamId: 3, typeId, streamId: 1, timestampMs: 5 };
  const message = parseMessage({ ...raw, payload: Uint8Array.from(payload) });
  if (message.kind === "unknown") return;
  const again = toRawMessage(message);
  assertEquals(parseMessage(again), message);
}

function runSession(bytes: Uint8Array): void {
  sameInPieces(bytes, () => {
    const session = new ServerSession({ random: zeroBytes });
    session.push(clientHello());
    session.push(clientAnswer());
    return (piece, seen) => {
      session.push(piece);
      for (let event = session.next(); event !== undefined; event = session.next()) {
        seen.push("payload" in event ? `${event.kind} ${toHex(event.payload)}` : event.kind);
        if (event.kind === "publish") session.acceptPublish(event.streamId);
        if (event.kind === "play") session.acceptPlay(event.streamId);
      }
    };
  });
}

/** Takes a piece that is lent to it, and adds what it made of it to `seen`. */
type Feed = (piece: Uint8Array, seen: string[]) => void;

/** Feeds `bytes` whole and in pieces; throws the decoder's error only if both end with it. */
function sameInPieces(bytes: Uint8Array, start: () => Feed): void {
  const whole = record(bytes, bytes.length, start());
  const pieces = record(bytes, PIECE_LENGTH, start());
  if (
    whole.seen.join() !== pieces.seen.join() || whole.refusal?.message !== pieces.refusal?.message
  ) {
    throw new Error(
      `Whole: ${whole.seen.join()} ${whole.refusal}, in pieces: ${pieces.seen.join()} ${pieces.refusal}`,
    );
  }
  if (whole.refusal !== undefined) throw whole.refusal;
}

function record(
  bytes: Uint8Array,
  pieceLength: number,
  feed: Feed,
): { seen: string[]; refusal: RtmpError | undefined } {
  const seen: string[] = [];
  try {
    for (let at = 0; at < bytes.length; at += pieceLength) {
      const piece = bytes.slice(at, at + pieceLength);
      feed(piece, seen);
      piece.fill(0xee);
    }
  } catch (error) {
    if (error instanceof RtmpError) return { seen, refusal: error };
    throw error;
  }
  return { seen, refusal: undefined };
}
