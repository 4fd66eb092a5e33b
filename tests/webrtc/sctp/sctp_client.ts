/** The other side of an association, as a browser is, and what it is sent. */
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { DataChannels } from "../../../src/webrtc/sctp/data_channels.ts";
import {
  CHUNK,
  parseSctpPacket,
  type SctpChunk,
  writeChunk,
  writeSctpPacket,
} from "../../../src/webrtc/sctp/packet.ts";
import { seededRandom } from "../../../testing/mutation.ts";

export const CLIENT_TAG = 0xc11e;
/** Near the end of the numbers, which go round. */
const FIRST_NUMBER = 0xffff_fffe;

const COOKIE = 7;
const FORWARD_TSN = 0xc000;

/** A DATA_CHANNEL_OPEN message (RFC 8832 5.1). */
export function openMessage(
  label: string,
  channelType = 0,
  parameter = 0,
): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(label);
  const writer = new ByteWriter().u8(3).u8(channelType).u16(0).u32(parameter);
  return writer.u16(bytes.length).u16(0).bytes(bytes).take();
}

/** A data chunk of one piece. */
export interface SentData {
  readonly number: number;
  readonly streamId: number;
  readonly sequence: number;
  readonly protocolId: number;
  readonly flags: number;
  readonly text: string;
}

/** A client of {@linkcode DataChannels}, without a network between. */
export class SctpClient {
  readonly channels: DataChannels;
  readonly opened: string[] = [];
  /** What came since it was looked at last. */
  #arrived: SctpChunk[] = [];
  #serverTag = 0;
  #number = FIRST_NUMBER;

  constructor() {
    const random = seededRandom(5);
    this.channels = new DataChannels(
      (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      {
        send: (packet) => void this.#arrived.push(...parseSctpPacket(packet).chunks),
        opened: ({ label }) => void this.opened.push(label),
      },
    );
  }

  /** What came since the last call. */
  arrived(): SctpChunk[] {
    return this.#arrived.splice(0);
  }

  /** The data among what came. */
  data(): SentData[] {
    return this.arrived().filter(({ type }) => type === CHUNK.data).map(({ flags, value }) => {
      const reader = new ByteReader(value);
      const [number, streamId, sequence] = [reader.u32(), reader.u16(), reader.u16()];
      const protocolId = reader.u32();
      return { number, streamId, sequence, protocolId, flags, text: reader.utf8(reader.remaining) };
    });
  }

  /** Gives the server chunks of one packet. */
  give(chunks: readonly Uint8Array[], { nowMs = 0, tag = this.#serverTag } = {}): void {
    const header = { sourcePort: 5000, destinationPort: 5000, verificationTag: tag };
    this.channels.receive(writeSctpPacket(header, chunks), nowMs);
  }

  connect(): this {
    const init = new ByteWriter().u32(CLIENT_TAG).u32(100_000).u16(1024).u16(1024);
    init.u32(FIRST_NUMBER).u16(FORWARD_TSN).u16(4);
    this.give([writeChunk(CHUNK.init, 0, init.take())], { tag: 0 });
    const reader = new ByteReader(this.arrived()[0]!.value);
    this.#serverTag = reader.u32();
    reader.skip(12);
    if (reader.u16() !== COOKIE) throw new Error("The cookie comes first");
    const cookie = reader.bytes(reader.u16() - 4);
    this.give([writeChunk(CHUNK.cookieEcho, 0, cookie)]);
    return this;
  }

  /** Opens a channel, and drops what is answered. */
  open(streamId: number, label: string, channelType = 0, parameter = 0): void {
    this.sendMessage(streamId, 50, openMessage(label, channelType, parameter));
  }

  sendMessage(streamId: number, protocolId: number, message: Uint8Array, flags = 3): void {
    const number = this.#number;
    this.#number = number + 1 >>> 0;
    this.give([this.dataChunk(number, streamId, protocolId, message, flags)]);
  }

  dataChunk(
    number: number,
    streamId: number,
    protocolId: number,
    message: Uint8Array,
    flags = 3,
  ): Uint8Array {
    const writer = new ByteWriter().u32(number).u16(streamId).u16(0).u32(protocolId);
    return writeChunk(CHUNK.data, flags, writer.bytes(message).take());
  }

  /** Tells what it has got, as distances of runs beyond `cumulative`. */
  acknowledge(
    cumulative: number,
    runs: readonly (readonly [number, number])[] = [],
    nowMs = 0,
  ): void {
    const writer = new ByteWriter().u32(cumulative).u32(100_000).u16(runs.length).u16(0);
    for (const [first, last] of runs) writer.u16(first).u16(last);
    this.give([writeChunk(CHUNK.sack, 0, writer.take())], { nowMs });
  }
}
