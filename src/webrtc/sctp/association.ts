import { equals } from "@std/bytes/equals";
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { RandomBytes } from "../ice/credentials.ts";
import { WebrtcError } from "../webrtc_error.ts";
import { type MessageOptions, Outbox, type ResetStreams } from "./outbox.ts";
import {
  CHUNK,
  paddingOf,
  parseSctpPacket,
  type SctpChunk,
  writeChunk,
  writeSctpPacket,
} from "./packet.ts";
import { ReceivedNumbers } from "./received_numbers.ts";

/** Streams each way, which are as many as there may be channels. */
const MAX_STREAMS = 1024;
const RECEIVE_WINDOW_BYTES = 64 * 1024;
/** Runs of an acknowledgement that are looked at: those that come first. */
const MAX_RUNS = 16;
const COOKIE_LENGTH = 16;
const WHOLE_MESSAGE = 3;

/** Parameters of chunks (RFC 9260 3.3.2, RFC 3758 3.1, RFC 5061 4.2.7, RFC 6525 4). */
const PARAMETER = {
  cookie: 7,
  resetRequest: 13,
  resetResponse: 16,
  supportedExtensions: 0x8008,
  forwardTsn: 0xc000,
} as const;
/** What becomes of a wish to reset streams (RFC 6525 4.4). */
const RESET = { done: 1, inProgress: 6 } as const;

/** What an association tells. The callbacks may be called within any method. */
export interface AssociationEvents {
  /** To be sent to the other side; the callee's. */
  readonly send: (packet: Uint8Array) => void;
  /** A message has come, in one piece, which is borrowed: others are let go of. */
  readonly message: (streamId: number, protocolId: number, data: Uint8Array) => void;
  /** The other side has closed streams. */
  readonly reset: (streamIds: ResetStreams) => void;
}

/** What the other side is, as its INIT says. */
interface Partner {
  readonly verificationTag: number;
  readonly windowBytes: number;
  readonly initialNumber: number;
  readonly canForward: boolean;
  readonly cookie: Uint8Array;
}

/**
 * The part of SCTP (RFC 9260) that is in a WebRTC connection, on the side that is called: without
 * sockets and clocks. It takes messages of one piece only, and sends any.
 *
 * What the other side is, is known from the DTLS connection, so that the cookie is no proof of an
 * address, but only goes to and fro.
 */
export class SctpAssociation {
  readonly #events: AssociationEvents;
  readonly #random: RandomBytes;
  readonly #verificationTag: number;
  readonly #initialNumber: number;
  #state: "listening" | "established" | "ended" = "listening";
  #ports = { sourcePort: 0, destinationPort: 0 };
  /** Whose INIT was answered. */
  #asked: Partner | undefined;
  #partner: Partner | undefined;
  #received: ReceivedNumbers | undefined;
  #outbox: Outbox | undefined;
  /** The wish of the other side that was granted last, and the answer. */
  #granted: { readonly number: number; readonly answer: Uint8Array<ArrayBuffer> } | undefined;
  #resetNumber: number;

  constructor(random: RandomBytes, events: AssociationEvents) {
    this.#events = events;
    this.#random = random;
    const numbers = new ByteReader(random(8));
    // 0 is no tag.
    this.#verificationTag = Math.max(1, numbers.u32());
    this.#initialNumber = numbers.u32();
    this.#resetNumber = this.#initialNumber;
  }

  get isOver(): boolean {
    return this.#state === "ended";
  }

  /**
   * Takes a packet, which it borrows.
   *
   * @throws {WebrtcError} if it is malformed
   */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#state === "ended") return;
    const { verificationTag, chunks, sourcePort, destinationPort } = parseSctpPacket(bytes);
    const isInit = chunks[0]?.type === CHUNK.init;
    if (verificationTag !== (isInit ? 0 : this.#verificationTag)) {
      throw new WebrtcError("Cannot take SCTP packet: must have this association's tag");
    }
    this.#ports = { sourcePort: destinationPort, destinationPort: sourcePort };
    let hasData = false;
    try {
      for (const chunk of chunks) {
        hasData ||= chunk.type === CHUNK.data || chunk.type === CHUNK.forwardTsn;
        this.#receiveChunk(chunk, nowMs);
      }
    } finally {
      // Also what is not to be taken has come: it would be sent again and again.
      if (hasData) this.#acknowledge();
    }
    this.#flush(nowMs);
  }

  /** Sends again what was not answered. To be called every second or so. */
  handleTimeout(nowMs: number): void {
    if (this.#state !== "established") return;
    this.#outbox!.handleTimeout(nowMs);
    if (this.#outbox!.isGivenUp) this.#state = "ended";
    else this.#flush(nowMs);
  }

  /** Takes a message, which it keeps; whether there is room for it. */
  send(data: Uint8Array, options: MessageOptions, nowMs: number): boolean {
    if (this.#state !== "established") return false;
    const isTaken = this.#outbox!.push(data, options, nowMs);
    this.#flush(nowMs);
    return isTaken;
  }

  #receiveChunk({ type, flags, value }: SctpChunk, nowMs: number): void {
    const reader = new ByteReader(value, WebrtcError);
    if (type === CHUNK.init) return this.#answerInit(reader);
    if (type === CHUNK.cookieEcho) return this.#establish(value);
    if (this.#state !== "established") return;
    switch (type) {
      case CHUNK.data:
        return this.#takeData(flags, reader);
      case CHUNK.sack:
        return this.#takeAcknowledgement(reader, nowMs);
      case CHUNK.heartbeat:
        return this.#sendChunks(writeChunk(CHUNK.heartbeatAck, 0, value));
      case CHUNK.forwardTsn:
        return this.#received!.skipTo(reader.u32());
      case CHUNK.reconfig:
        return this.#takeResets(reader);
      case CHUNK.shutdown:
        this.#sendChunks(writeChunk(CHUNK.shutdownAck, 0, new Uint8Array()));
        this.#state = "ended";
        return;
      case CHUNK.abort:
        this.#state = "ended";
    }
  }

  #answerInit(reader: ByteReader): void {
    if (this.#state !== "listening") return;
    const verificationTag = reader.u32();
    const windowBytes = reader.u32();
    reader.skip(4);
    const initialNumber = reader.u32();
    let canForward = false;
    for (const { type } of parameters(reader)) canForward ||= type === PARAMETER.forwardTsn;
    if (verificationTag === 0) {
      throw new WebrtcError("Cannot answer SCTP INIT: tag must not be 0, got 0");
    }
    const cookie = this.#asked?.cookie ?? this.#random(COOKIE_LENGTH);
    this.#asked = { verificationTag, windowBytes, initialNumber, canForward, cookie };
    const writer = new ByteWriter().u32(this.#verificationTag).u32(RECEIVE_WINDOW_BYTES);
    writer.u16(MAX_STREAMS).u16(MAX_STREAMS).u32(this.#initialNumber);
    writeParameter(writer, PARAMETER.cookie, cookie);
    writeParameter(writer, PARAMETER.forwardTsn, new Uint8Array());
    const extensions = Uint8Array.of(CHUNK.forwardTsn, CHUNK.reconfig);
    writeParameter(writer, PARAMETER.supportedExtensions, extensions);
    this.#sendChunks(writeChunk(CHUNK.initAck, 0, writer.take()));
  }

  #establish(cookie: Uint8Array): void {
    const asked = this.#asked;
    if (asked === undefined || !equals(cookie, asked.cookie)) return;
    if (this.#state === "listening") {
      this.#state = "established";
      this.#partner = asked;
      this.#received = new ReceivedNumbers(asked.initialNumber);
      this.#outbox = new Outbox(this.#initialNumber, asked.windowBytes, asked.canForward);
    }
    this.#sendChunks(writeChunk(CHUNK.cookieAck, 0, new Uint8Array()));
  }

  #takeData(flags: number, reader: ByteReader): void {
    const number = reader.u32();
    const streamId = reader.u16();
    reader.skip(2);
    const protocolId = reader.u32();
    if (!this.#received!.add(number) || (flags & WHOLE_MESSAGE) !== WHOLE_MESSAGE) return;
    this.#events.message(streamId, protocolId, reader.rest());
  }

  #takeAcknowledgement(reader: ByteReader, nowMs: number): void {
    const cumulative = reader.u32();
    const windowBytes = reader.u32();
    const count = reader.u16();
    reader.skip(2);
    const runs: [number, number][] = [];
    for (let at = 0; at < Math.min(count, MAX_RUNS); at++) runs.push([reader.u16(), reader.u16()]);
    this.#outbox!.acknowledge({ cumulative, windowBytes, runs }, nowMs);
  }

  /** RFC 6525 5.2.2, RFC 8831 6.7: a stream that is closed there is closed here as well. */
  #takeResets(reader: ByteReader): void {
    for (const { type, value } of parameters(reader)) {
      if (type === PARAMETER.resetRequest) this.#reset(value);
    }
  }

  #reset(request: ByteReader): void {
    const number = request.u32();
    request.skip(4);
    const lastNumber = request.u32();
    if (number !== this.#granted?.number) {
      const isEarly = (lastNumber - this.#received!.cumulative | 0) > 0;
      const listed: number[] = [];
      while (request.remaining >= 2) listed.push(request.u16());
      const writer = new ByteWriter();
      const result = isEarly ? RESET.inProgress : RESET.done;
      const response = new ByteWriter().u32(number).u32(result).take();
      writeParameter(writer, PARAMETER.resetResponse, response);
      if (isEarly) return this.#sendChunks(writeChunk(CHUNK.reconfig, 0, writer.take()));
      // RFC 6525 4.1: where none is listed, all are meant.
      const streamIds = listed.length === 0 ? "all" : listed;
      this.#events.reset(streamIds);
      this.#outbox!.resetStreams(streamIds);
      const own = new ByteWriter().u32(this.#resetNumber).u32(number);
      this.#resetNumber = this.#resetNumber + 1 >>> 0;
      own.u32(this.#outbox!.newestNumber);
      for (const streamId of listed) own.u16(streamId);
      writeParameter(writer, PARAMETER.resetRequest, own.take());
      this.#granted = { number, answer: writeChunk(CHUNK.reconfig, 0, writer.take()) };
    }
    this.#sendChunks(this.#granted!.answer);
  }

  #acknowledge(): void {
    if (this.#state !== "established") return;
    this.#sendChunks(writeChunk(CHUNK.sack, 0, this.#received!.acknowledgement()));
  }

  #flush(nowMs: number): void {
    if (this.#state !== "established") return;
    for (;;) {
      const chunk = this.#outbox!.next(nowMs);
      if (chunk === undefined) return;
      this.#sendChunks(chunk);
    }
  }

  #sendChunks(...chunks: readonly Uint8Array[]): void {
    const { verificationTag } = (this.#partner ?? this.#asked)!;
    this.#events.send(writeSctpPacket({ ...this.#ports, verificationTag }, chunks));
  }
}

/** Each parameter that follows (RFC 9260 3.2.1). */
function* parameters(reader: ByteReader): Generator<{ type: number; value: ByteReader }> {
  while (reader.remaining > 0) {
    const [type, length] = [reader.u16(), reader.u16()];
    if (length < 4) {
      throw new WebrtcError(`Cannot read SCTP parameter: length must be 4 at least, got ${length}`);
    }
    const value = new ByteReader(reader.bytes(length - 4), WebrtcError);
    reader.skip(Math.min(paddingOf(length), reader.remaining));
    yield { type, value };
  }
}

function writeParameter(writer: ByteWriter, type: number, value: Uint8Array): void {
  const length = 4 + value.length;
  writer.u16(type).u16(length).bytes(value).bytes(new Uint8Array(paddingOf(length)));
}
