import { amfEcmaArray } from "../../src/amf/amf_value.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { parseMessage } from "../../src/rtmp/message.ts";
import { ServerHandshake } from "../../src/rtmp/handshake.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { ServerSession } from "../../src/rtmp/server_session.ts";
import { fromHex, seededRandom, toHex } from "../mutation.ts";
import {
  clientAnswer,
  clientDigestHello,
  clientHello,
  ClientMessages,
  publisherPreamble,
} from "../rtmp/client.ts";
import type { FuzzTarget } from "./targets.ts";

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

/** What encoders send after the handshake, up to the end of a publication. */
export const SESSION_SAMPLES: readonly Uint8Array[] = [
  publication(128).subarray(HANDSHAKE_LENGTH),
  publication(4096).subarray(HANDSHAKE_LENGTH),
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
  { name: "rtmp-session", corpus: SESSION_SAMPLES, allowed: RtmpError, run: runSession },
];

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
