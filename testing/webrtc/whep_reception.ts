/** What a test's WebRTC viewer has received: every packet is checked, decrypted and kept. */
import { assert, assertEquals } from "@std/assert";
import { SrtpReceiver } from "./srtp_receiver.ts";
import { extendSequence } from "../../src/rtp/sequence.ts";
import type { SrtpMasterKey } from "../../src/srtp/key_derivation.ts";
import { depacketizeH264 } from "./depacketizer.ts";
import { checkVideoFrame, type FrameFacts } from "../media/self_describing.ts";

const HEADER_SIZE = 12;
const TAG_SIZE = 10;
const EXTENSION_FLAG = 0x10;
const STAP_A = 24;
const SPS = 7;
const PPS = 8;
const IDR = 5;

/** A packet, decrypted. */
export interface ReceivedPacket {
  /** Sequence number with its wraps in front. */
  readonly index: number;
  readonly timestamp: number;
  readonly isMarked: boolean;
  readonly payload: Uint8Array;
  /** With profile and length in front. */
  readonly extension: Uint8Array | undefined;
  /** Header and payload. */
  readonly packet: Uint8Array;
  readonly arrivedMs: number;
}

/** The packets of one SSRC, in the order they came. */
export interface ReceivedSource {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly packets: ReceivedPacket[];
}

/** A picture as it was published, and what it came in. */
export interface ReceivedFrame extends FrameFacts {
  readonly rtpTimestamp: number;
  readonly firstIndex: number;
  readonly arrivedMs: number;
}

/** Takes SRTP packets; those that are not authentic are counted. */
export class WhepReception {
  readonly sources: ReceivedSource[] = [];
  unauthentic = 0;
  readonly #srtp: SrtpReceiver;
  readonly #highest = new Map<number, number>();

  constructor(server: SrtpMasterKey) {
    this.#srtp = new SrtpReceiver(server);
  }

  get packetCount(): number {
    return this.sources.reduce((sum, { packets }) => sum + packets.length, 0);
  }

  take(datagram: Uint8Array): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const ssrc = view.getUint32(8);
    const sequence = view.getUint16(2);
    const highest = this.#highest.get(ssrc);
    const index = highest === undefined ? sequence : extendSequence(sequence, highest);
    const payload = this.#srtp.unprotect(datagram, index);
    if (payload === undefined) return void this.unauthentic++;
    this.#highest.set(ssrc, Math.max(index, highest ?? 0));
    const packet = new Uint8Array(HEADER_SIZE + payload.length);
    packet.set(datagram.subarray(0, HEADER_SIZE));
    packet.set(payload, HEADER_SIZE);
    // The extension stays behind.
    packet[0]! &= ~EXTENSION_FLAG;
    const extension = (datagram[0]! & EXTENSION_FLAG) === 0
      ? undefined
      : datagram.slice(HEADER_SIZE, datagram.length - TAG_SIZE - payload.length);
    this.#source(ssrc, datagram[1]! & 0x7f).packets.push({
      index,
      timestamp: view.getUint32(4),
      isMarked: datagram[1]! >= 0x80,
      payload: packet.subarray(HEADER_SIZE),
      packet,
      extension,
      arrivedMs: performance.now(),
    });
  }

  /** The source of a payload type; `undefined` if nothing of it came. */
  source(payloadType: number): ReceivedSource | undefined {
    return this.sources.find((source) => source.payloadType === payloadType);
  }

  #source(ssrc: number, payloadType: number): ReceivedSource {
    let source = this.sources.find((known) => known.ssrc === ssrc);
    if (source === undefined) {
      source = { ssrc, payloadType, packets: [] };
      this.sources.push(source);
    }
    assertEquals(source.payloadType, payloadType, "a source has changed its payload type");
    return source;
  }
}

/** Packets by index, without those that came twice. */
export function inOrder(packets: readonly ReceivedPacket[]): ReceivedPacket[] {
  return [...new Map(packets.map((packet) => [packet.index, packet])).values()]
    .sort((one, other) => one.index - other.index);
}

/** Fails unless each packet follows the one before, in the order they came. */
export function checkNoGaps({ packets }: ReceivedSource): void {
  for (const [at, { index }] of packets.entries()) {
    assertEquals(index, packets[0]!.index + at, "sequence numbers have a gap or are out of order");
  }
}

/**
 * Rebuilds the pictures of a source, and checks each of their bytes; those that are not whole are
 * left out. Key frames must have their parameter sets in front.
 */
export function receivedFrames(packets: readonly ReceivedPacket[]): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  let unit: ReceivedPacket[] = [];
  // Whether the unit's first packet is the picture's; a key frame begins with an aggregate.
  let isBegun = packets[0] !== undefined && (packets[0].payload[0]! & 31) === STAP_A;
  let last: ReceivedPacket | undefined;
  for (const packet of inOrder(packets)) {
    const isLost = last !== undefined && last.index + 1 !== packet.index;
    // The server left the rest out: what follows begins a key frame.
    const isCut = !isLost && unit.length > 0 && last!.timestamp !== packet.timestamp;
    if (isLost || isCut) unit = [];
    isBegun = isCut || (isBegun && !isLost);
    last = packet;
    unit.push(packet);
    if (!packet.isMarked) continue;
    if (isBegun) frames.push(rebuildFrame(unit));
    unit = [];
    isBegun = true;
  }
  return frames;
}

function rebuildFrame(unit: readonly ReceivedPacket[]): ReceivedFrame {
  const { nalUnits, timestamp } = depacketizeH264(unit.map(({ packet }) => packet));
  const slice = nalUnits.at(-1)!;
  const isKeyFrame = (slice[0]! & 31) === IDR;
  const types = nalUnits.slice(0, -1).map((nalUnit) => nalUnit[0]! & 31);
  assertEquals(types, isKeyFrame ? [SPS, PPS] : [], "what comes in front of a slice");
  const body = new Uint8Array(9 + slice.length);
  body.set([isKeyFrame ? 0x17 : 0x27, 1, 0, 0, 0]);
  new DataView(body.buffer).setUint32(5, slice.length);
  body.set(slice, 9);
  const facts = checkVideoFrame(body);
  const { index, arrivedMs } = unit[0]!;
  return { ...facts, rtpTimestamp: timestamp, firstIndex: index, arrivedMs };
}

/** A viewer is sent within so long what was there before it came. */
const PAST_MS = 1000;

/**
 * Fails unless pictures follow each other without a gap, from a key frame on, on one clock. Those
 * that were there before the viewer came are sent as if they were new, one closely after the other,
 * until the stream's own times are reached.
 */
export function checkFrames(frames: readonly ReceivedFrame[], clockRateHz = 90_000): void {
  const first = frames[0]!;
  const last = frames.at(-1)!;
  assert(first.isKeyFrame, "the first picture is no key frame");
  for (const [at, frame] of frames.entries()) {
    assertEquals(frame.sequence, first.sequence + at, "pictures are missing");
    const elapsedTicks = (frame.timestampMs - last.timestampMs) * clockRateHz / 1000;
    const aheadTicks = (frame.rtpTimestamp - last.rtpTimestamp - elapsedTicks) | 0;
    const told = `picture ${at} of ${frames.length} is ${aheadTicks} ahead`;
    const isPast = frame.arrivedMs - first.arrivedMs < PAST_MS;
    assert(isPast ? aheadTicks >= 0 : aheadTicks === 0, `times are not the stream's: ${told}`);
    const previous = frames[at - 1];
    const stepTicks = previous === undefined ? 1 : (frame.rtpTimestamp - previous.rtpTimestamp) | 0;
    assert(stepTicks > 0, `times go back: ${told}`);
  }
}
