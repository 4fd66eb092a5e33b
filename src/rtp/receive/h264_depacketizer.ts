import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { H264_NAL } from "../../codec/h264/h264.ts";
import { NalFact, nalFacts } from "../../codec/nal_facts.ts";
import type { Depacketizer, ReceivedUnit } from "./depacketizer.ts";
import { hasUnit, joinNalUnits, type NalJoiner } from "./nal_joiner.ts";

/** Types of payload structures (RFC 6184 5.2, table 1). */
const FIRST_STRUCTURE = 24;
const STAP_A = 24;
const FU_A = 28;
const LAST_STRUCTURE = 29;

const TYPE_MASK = 0b1_1111;
const F_NRI_MASK = 0b1110_0000;
const NRI_MASK = 0b0110_0000;
const FRAGMENT_START = 0x80;
const ACCESS_UNIT_DELIMITER = 9;

/** Bytes in front of a fragment: FU indicator and FU header. */
const FRAGMENT_HEAD_SIZE = 2;

const ACTION = "read H.264 picture";

const NO_LAYERS = { temporalId: 0, spatialId: 0 } as const;

/**
 * H.264 in packetization mode 0 or 1 (RFC 6184 6.2 and 6.3): NAL units as they are, in STAP-As, and in
 * FU-As. The interleaved mode, which nobody is offered, is malformed.
 *
 * @example
 * ```ts
 * import { H264_DEPACKETIZER } from "./h264_depacketizer.ts";
 *
 * const unit = H264_DEPACKETIZER.read([Uint8Array.of(0x65, 0x88), Uint8Array.of(0x65, 0x01)]);
 * if (unit.kind === "unit") unit.isKeyFrame; // true
 * ```
 */
export const H264_DEPACKETIZER: Depacketizer = {
  begins(payload) {
    const type = firstType(payload);
    return type === H264_NAL.SPS || type === ACCESS_UNIT_DELIMITER;
  },
  isOfKeyFrame(payload) {
    const type = typeOf(payload);
    if (type === FU_A) return ((payload[1] ?? 0) & TYPE_MASK) === H264_NAL.SLICE_IDR;
    if (type !== STAP_A) return isOfKeyFrameType(type);
    return hasUnit(payload, 1, (at) => isOfKeyFrameType(payload[at]! & TYPE_MASK));
  },
  read(payloads) {
    const data = joinNalUnits(ACTION, payloads, addPayload);
    return data instanceof Uint8Array ? unitOf(data, payloads) : data;
  },
};

function addPayload(joiner: NalJoiner, payload: Uint8Array): Malformed | undefined {
  const type = typeOf(payload);
  if (type === STAP_A) joiner.addAggregate(payload, 1);
  else if (type === FU_A) {
    if (payload.length < FRAGMENT_HEAD_SIZE) {
      return malformed(ACTION, "fragment must have a header", payload.length);
    }
    const header = payload[1]!;
    const nalHeader = () => Uint8Array.of((payload[0]! & F_NRI_MASK) | (header & TYPE_MASK));
    joiner.addFragment(header, nalHeader, payload.subarray(FRAGMENT_HEAD_SIZE));
  } else if (type >= FIRST_STRUCTURE && type <= LAST_STRUCTURE) {
    return malformed(ACTION, `payload must be a NAL unit, STAP-A or FU-A`, type);
  } else if (type > 0 && type < FIRST_STRUCTURE) joiner.add(payload);
  // Types 0, 30 and 31 are to be passed over.
  return undefined;
}

function unitOf(data: Uint8Array<ArrayBuffer>, payloads: readonly Uint8Array[]): ReceivedUnit {
  const isKeyFrame = (nalFacts("h264", data, 4) & NalFact.key) !== 0;
  // The importance of an aggregate is that of its most important unit, as is a fragment's.
  const isDisposable = payloads.every((payload) => (payload[0]! & NRI_MASK) === 0);
  return { kind: "unit", data, isKeyFrame, isDisposable, layers: NO_LAYERS, layerSwitch: "none" };
}

function isOfKeyFrameType(type: number): boolean {
  return type === H264_NAL.SLICE_IDR || type === H264_NAL.SPS;
}

function typeOf(payload: Uint8Array): number {
  return (payload[0] ?? 0) & TYPE_MASK;
}

/** Of the first NAL unit that begins in a payload; 0 if none does. */
function firstType(payload: Uint8Array): number {
  const type = typeOf(payload);
  if (type === STAP_A) return (payload[3] ?? 0) & TYPE_MASK;
  if (type !== FU_A) return type;
  const header = payload[1] ?? 0;
  return (header & FRAGMENT_START) === 0 ? 0 : header & TYPE_MASK;
}
