/** What WebRTC publishers send to do harm, one datagram after the other. */
import { parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { VIDEO_CONFIGURATION } from "../../testing/media/self_describing.ts";
import { seededRandom } from "../../testing/mutation.ts";
import {
  type OddPacket,
  PICTURE_PAYLOAD_TYPE,
  REPAIR_PAYLOAD_TYPE,
  type WhipSender,
} from "../../testing/webrtc/whip_sender.ts";
import { writeCheck } from "../../testing/webrtc/whep_stun.ts";
import type { Received } from "./counted_link.ts";

/** Not offered. */
const UNKNOWN_TYPE = 77;

const VIDEO_SSRC = 0x1000;
const REPAIR_SSRC = 0x1001;

const PAYLOAD_SIZE = 1150;
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;
const SLICE = 0x41;
const SLICE_IDR = 0x65;
const TICKS_PER_PICTURE = 3600;

/** More than a thread sends. */
const FULL_SPEED = 100_000;

/** Below what a publisher may have looked at in a second. */
const WITHIN_QUOTA = 5000;

/** What somebody sends over and over. */
export interface WhipFlood {
  /** Datagrams a second, as far as the machine has it. */
  readonly perSecond: number;
  readonly hasPictures?: boolean;
  /** Whether it connects before it floods. */
  readonly isConnected?: boolean;
  /** What sends the next datagram of a publisher. */
  readonly begin: (sender: WhipSender, received: Received) => () => void;
}

const random = seededRandom(7);
const someBytes = (size: number) => Uint8Array.from({ length: size }, () => random() * 256);
const NOISE = someBytes(PAYLOAD_SIZE);

/** Sound that is sent as it is made, each packet with what makes it odd. */
function sounds(oddOf: (count: number) => OddPacket): WhipFlood["begin"] {
  return (sender) => {
    let count = 0;
    return () => sender.peer.send(sender.next(oddOf(count++)));
  };
}

/** The same datagram over and over. */
function same(
  make: (sender: WhipSender, received: Received) => Uint8Array,
): WhipFlood["begin"] {
  return (sender, received) => {
    const datagram = make(sender, received);
    return () => sender.peer.send(datagram);
  };
}

/** Pictures: a key frame, and then what is made of the count of packets. */
function pictures(oddOf: (count: number) => OddPacket): WhipFlood["begin"] {
  return (sender) => {
    const base = { ssrc: VIDEO_SSRC, payloadType: PICTURE_PAYLOAD_TYPE };
    let count = 0;
    return () => {
      const odd = count === 0 ? { payload: KEY_FRAME, isMarked: true } : oddOf(count);
      const timestamp = count * TICKS_PER_PICTURE;
      sender.peer.send(sender.next({ ...base, sequence: count, timestamp, ...odd }));
      count++;
    };
  };
}

/** A STAP-A of these units (RFC 6184 5.7.1). */
function aggregate(units: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.of(
    STAP_A,
    ...units.flatMap((unit) => [unit.length >> 8, unit.length & 0xff, ...unit]),
  );
}

const { sps, pps } = parseH264Configuration(VIDEO_CONFIGURATION.subarray(5));
const IDR = Uint8Array.of(SLICE_IDR, 0x88, ...NOISE.subarray(0, 200));
const KEY_FRAME = aggregate([...sps, ...pps, IDR]);
const INTER_FRAME = Uint8Array.of(SLICE, 0x9a, ...NOISE.subarray(0, 40));
const TINY_UNITS = aggregate(
  Array.from({ length: Math.floor(PAYLOAD_SIZE / 3) }, () => Uint8Array.of(SLICE)),
);
const FRAGMENT = Uint8Array.of(FU_A, 1, ...NOISE);
const FIRST_FRAGMENT = Uint8Array.of(FU_A, FU_START | 1, ...NOISE);
/** RFC 3550 5.1: the last byte counts the padding. */
const PADDING = new Uint8Array(255).fill(255);

/** One-byte elements of ids that nobody has agreed on, as many as a packet has room for. */
function extended(): WhipFlood["begin"] {
  return (sender) => {
    const words = 280;
    const packet = new Uint8Array(12 + 4 + 4 * words + 3);
    packet.set([0x90, 111]);
    const view = new DataView(packet.buffer);
    view.setUint32(8, 0x3000);
    view.setUint16(12, 0xbede);
    view.setUint16(14, words);
    for (let at = 16; at < 16 + 4 * words; at += 2) packet.set([0xe0, 0], at);
    let sequence = 0;
    return () => {
      view.setUint16(2, sequence);
      sender.peer.send(sender.peer.protectOdd(packet, sequence++, 16 + 4 * words));
    };
  };
}

/** A flipped bit at the end, where the tag is. */
function forged(sender: WhipSender): Uint8Array {
  const datagram = sender.next();
  datagram[datagram.length - 1]! ^= 1;
  return datagram;
}

/** A record of handshakes behind keys that are not those of the session (RFC 6347 4.1). */
const record = () => Uint8Array.of(22, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 64, ...someBytes(64));

/** First byte and type of what might be RTP, and anything behind. */
const garbage = () => Uint8Array.of(0x80, 111, ...someBytes(1200));

/** Nobody has the time for all of it: what is looked at is bounded, and others do not notice. */
export const FLOODS = {
  "whole packets": { perSecond: FULL_SPEED, begin: sounds(() => ({})) },
  "forged packets": { perSecond: FULL_SPEED, begin: same(forged) },
  "the same packet": { perSecond: FULL_SPEED, begin: same((sender) => sender.next()) },
  "garbage": { perSecond: FULL_SPEED, begin: same(garbage) },
  "packets far apart": {
    perSecond: FULL_SPEED,
    begin: sounds((count) => ({ sequence: 100_000 + 500 * count })),
  },
  "another source each": {
    perSecond: FULL_SPEED,
    begin: sounds((count) => ({ ssrc: 0x10_0000 + count, sequence: 1 })),
  },
  "an unknown payload type": {
    perSecond: FULL_SPEED,
    begin: sounds(() => ({ payloadType: UNKNOWN_TYPE })),
  },
  "hellos": { perSecond: FULL_SPEED, begin: same((_, { hello }) => hello!) },
  "records": { perSecond: FULL_SPEED, begin: same(record) },
  "records before the handshake": {
    perSecond: FULL_SPEED,
    isConnected: false,
    begin: same(record),
  },
  "checks": {
    perSecond: FULL_SPEED,
    begin: same(({ peer }) => writeCheck(peer.local, peer.remote)),
  },
  "packets before the handshake": {
    perSecond: FULL_SPEED,
    isConnected: false,
    begin: same(garbage),
  },
} as const satisfies Record<string, WhipFlood>;

/** All of it is looked at: what it makes the gateway do and keep is bounded. */
export const ABUSES = {
  "timestamps that jump": {
    perSecond: WITHIN_QUOTA,
    begin: sounds(() => ({ timestamp: random() * 2 ** 32 })),
  },
  "a clock of twice the speed": {
    perSecond: 100,
    begin: sounds((count) => ({ timestamp: count * 960 })),
  },
  "every other packet": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures((count) => ({ sequence: 2 * count, payload: INTER_FRAME, isMarked: true })),
  },
  "no key frame": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures((count) => ({ sequence: count + 9, payload: INTER_FRAME, isMarked: true })),
  },
  "repairs of what was never lost": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures((count) =>
      count < 3 ? { payload: INTER_FRAME, isMarked: true } : {
        ssrc: REPAIR_SSRC,
        payloadType: REPAIR_PAYLOAD_TYPE,
        payload: Uint8Array.of(0, count & 0xff, ...INTER_FRAME),
      }
    ),
  },
  "a picture that never ends": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures((count) => ({
      timestamp: TICKS_PER_PICTURE,
      payload: count === 1 ? FIRST_FRAGMENT : FRAGMENT,
    })),
  },
  "units of one byte": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures(() => ({ payload: TINY_UNITS, isMarked: true })),
  },
  "nothing but padding": {
    perSecond: WITHIN_QUOTA,
    hasPictures: true,
    begin: pictures(() => ({ payload: PADDING, isPadded: true })),
  },
  "header extensions of 1120 bytes": { perSecond: WITHIN_QUOTA, begin: extended() },
} as const satisfies Record<string, WhipFlood>;
