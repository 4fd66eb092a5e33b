import { equals } from "@std/bytes/equals";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { encodeOpusHead, parseOpusHead } from "../../src/codec/sound/opus.ts";
import { FlvError } from "../../src/flv/flv_error.ts";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { encodeTag, type TagType } from "../../src/flv/tag.ts";
import { FlvReader, type FlvRecord } from "../../testing/flv/tag_reader.ts";
import { ChunkReader, type RawMessage } from "../../src/rtmp/chunk/reader.ts";
import { ChunkWriter } from "../../src/rtmp/chunk/writer.ts";
import { type Command, decodeCommand, encodeCommand } from "../../src/rtmp/message/command.ts";
import { parseMessage } from "../../src/rtmp/message/message.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { RTP_HEADER_SIZE, RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import {
  type HandshakeMessage,
  HandshakeReassembler,
  readHandshakeFragment,
  writeHandshakeRecord,
} from "../../src/webrtc/dtls/fragments.ts";
import { readDtlsRecord } from "../../src/webrtc/dtls/record.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";
import { sameAmfValues } from "../amf/same_value.ts";
import { fromHex } from "../../testing/mutation.ts";
import {
  AMF0_SAMPLES,
  AMF0_WITH_AMF3_SAMPLES,
  FLV_FILE,
  OPUS_HEAD_SAMPLES,
} from "../../testing/media/corpus.ts";
import { CHUNK_SAMPLES } from "./rtmp_targets.ts";
import { RTP_SAMPLES } from "./rtp_targets.ts";
import { decodesAgain } from "./same_again.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const HANDSHAKE_SAMPLES = [
  fromHex("01 000006 0000 000000 000003 aabbcc"),
  fromHex("01 000006 0000 000003 000003 ddeeff 01 000006 0000 000000 000003 aabbcc"),
];

/** Targets for what can also be encoded: that must decode to the same. */
export const ENCODE_TARGETS: readonly FuzzTarget[] = [
  { name: "rtmp-chunks-again", corpus: CHUNK_SAMPLES, allowed: RtmpError, run: writeChunksAgain },
  {
    name: "rtmp-command-again",
    corpus: [AMF0_SAMPLES[0]!, AMF0_SAMPLES[2]!, AMF0_WITH_AMF3_SAMPLES[0]!],
    allowed: RtmpError,
    run: encodeCommandAgain,
  },
  { name: "flv-again", corpus: [FLV_FILE], allowed: FlvError, run: encodeTagsAgain },
  {
    name: "opus-head-again",
    corpus: OPUS_HEAD_SAMPLES,
    allowed: CodecError,
    run: (bytes) => {
      const head = parseOpusHead(bytes);
      const { channels } = head;
      if (channels !== 1 && channels !== 2) return;
      decodesAgain(head, () => parseOpusHead(encodeOpusHead({ ...head, channels })), sameFields);
    },
  },
  { name: "rtp-again", corpus: RTP_SAMPLES, allowed: RtpError, run: writeRtpAgain },
  {
    name: "dtls-handshake-again",
    corpus: HANDSHAKE_SAMPLES,
    allowed: WebrtcError,
    run: writeHandshakesAgain,
  },
];

/** Whether all fields are the same, bytes by their content. */
function sameFields<T extends object>(left: T, right: T): boolean {
  for (const [name, value] of Object.entries(left)) {
    const other = right[name as keyof T];
    const isSame = value instanceof Uint8Array
      ? other instanceof Uint8Array && equals(value, other)
      : Object.is(value, other);
    if (!isSame) return false;
  }
  return true;
}

function sameRecords<T extends object>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length &&
    left.every((record, index) => sameFields(record, right[index]!));
}

function readMessages(bytes: Uint8Array, obey: (chunks: ChunkReader, raw: RawMessage) => void) {
  const chunks = new ChunkReader();
  const messages: RawMessage[] = [];
  chunks.push(bytes);
  for (let raw = chunks.next(); raw !== undefined; raw = chunks.next()) {
    messages.push({ ...raw, payload: raw.payload.slice() });
    obey(chunks, raw);
  }
  return messages;
}

function obeyControl(chunks: ChunkReader, raw: RawMessage): void {
  const message = parseMessage(raw);
  if (message.kind === "setChunkSize") chunks.setChunkSize(message.size);
  if (message.kind === "abort") chunks.abort(message.chunkStreamId);
}

/** The writer keeps to its own chunk size, whatever the messages say. */
function writeChunksAgain(bytes: Uint8Array): void {
  const messages = readMessages(bytes, obeyControl);
  decodesAgain(messages, () => {
    const writer = new ChunkWriter();
    const out = new ByteWriter(1024);
    for (const message of messages) writer.write(message, out);
    return readMessages(out.take(), () => {});
  }, sameRecords);
}

function encodeCommandAgain(bytes: Uint8Array): void {
  const command = decodeCommand(bytes);
  decodesAgain(
    command,
    () => decodeCommand(encodeCommand(command)),
    (left: Command, right: Command) =>
      left.name === right.name && Object.is(left.transactionId, right.transactionId) &&
      sameAmfValues(left.args, right.args),
  );
}

function readFlv(bytes: Uint8Array): FlvRecord[] {
  const reader = new FlvReader({ strict: true });
  reader.push(bytes);
  const records: FlvRecord[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    records.push(record.kind === "tag" ? { ...record, body: record.body.slice() } : record);
  }
  return records;
}

function encodeTagsAgain(bytes: Uint8Array): void {
  const records = readFlv(bytes);
  decodesAgain(records, () => {
    const out = new ByteWriter(4096);
    for (const record of records) {
      out.bytes(
        record.kind === "header"
          ? writeFlvHeader(record)
          : encodeTag(record.type as TagType, record.timestampMs, record.body),
      );
    }
    return readFlv(out.take());
  }, sameRecords);
}

/** Less what only others write: extensions, contributing sources, padding. */
function writeRtpAgain(bytes: Uint8Array): void {
  const { isMarked, payloadType, sequence, timestamp, ssrc, payload } = parseRtpPacket(bytes);
  const fields = { isMarked, payloadType, sequence, timestamp, ssrc, payload };
  decodesAgain(fields, () => {
    const packet = new Uint8Array(RTP_HEADER_SIZE + payload.length);
    const markerBit = isMarked ? RTP_MARKER : 0;
    writeRtpHeader(packet, 0, markerBit | payloadType, sequence, timestamp, ssrc);
    packet.set(payload, RTP_HEADER_SIZE);
    const { contributingSources: _, extension: __, ...again } = parseRtpPacket(packet);
    return again;
  }, sameFields);
}

function readHandshakes(bytes: Uint8Array, reassembler: HandshakeReassembler): HandshakeMessage[] {
  const fragments = new ByteReader(bytes, WebrtcError);
  const messages: HandshakeMessage[] = [];
  while (fragments.remaining > 0) {
    reassembler.push(readHandshakeFragment(fragments));
    for (let next = reassembler.next(); next !== undefined; next = reassembler.next()) {
      messages.push(next);
    }
  }
  return messages;
}

function writeHandshakesAgain(bytes: Uint8Array): void {
  const messages = readHandshakes(bytes, new HandshakeReassembler());
  decodesAgain(messages, () => {
    const reassembler = new HandshakeReassembler();
    return messages.flatMap((message) => {
      const record = readDtlsRecord(new ByteReader(writeHandshakeRecord(message), WebrtcError));
      return readHandshakes(record.fragment, reassembler);
    });
  }, sameRecords);
}
