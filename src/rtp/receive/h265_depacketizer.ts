import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE } from "../../codec/h265/h265.ts";
import { NalFact, nalFacts } from "../../codec/nal_facts.ts";
import { walkNalUnits } from "../../codec/nal_units.ts";
import type { Depacketizer, ReceivedUnit } from "./depacketizer.ts";
import { hasUnit, joinNalUnits, type NalJoiner } from "./nal_joiner.ts";

/** Types of payload structures (RFC 7798 4.4.2, 4.4.3). */
const AGGREGATE = 48;
const FRAGMENT = 49;

/** In front of a fragment: what has the form of a NAL header, and the FU header. */
const FRAGMENT_HEAD_SIZE = H265_NAL_HEADER_SIZE + 1;
const FRAGMENT_START = 0x80;
const FRAGMENT_TYPE_MASK = 0b11_1111;

/** F and the high bit of the layer, in the first byte of a header. */
const AROUND_TYPE_MASK = 0b1000_0001;

const ACTION = "read H.265 picture";

/**
 * H.265 in one stream without decoding order numbers (RFC 7798 4.4, `sprop-max-don-diff=0`): NAL units
 * as they are, in aggregates, and in fragments.
 */
export const H265_DEPACKETIZER: Depacketizer = {
  begins(payload) {
    const type = firstType(payload);
    return type === H265_NAL.VPS || type === H265_NAL.ACCESS_UNIT_DELIMITER;
  },
  isOfKeyFrame(payload) {
    const type = typeOf(payload, 0);
    if (type === FRAGMENT) return isOfKeyFrameType((payload[2] ?? 0) & FRAGMENT_TYPE_MASK);
    if (type !== AGGREGATE) return isOfKeyFrameType(type);
    return hasUnit(payload, H265_NAL_HEADER_SIZE, (at) => isOfKeyFrameType(typeOf(payload, at)));
  },
  read(payloads) {
    const data = joinNalUnits(ACTION, payloads, addPayload);
    return data instanceof Uint8Array ? unitOf(data) : data;
  },
};

function addPayload(joiner: NalJoiner, payload: Uint8Array): Malformed | undefined {
  if (payload.length < H265_NAL_HEADER_SIZE) {
    return malformed(ACTION, "payload must have a header of two bytes", payload.length);
  }
  const type = typeOf(payload, 0);
  if (type === AGGREGATE) joiner.addAggregate(payload, H265_NAL_HEADER_SIZE);
  else if (type === FRAGMENT) {
    if (payload.length < FRAGMENT_HEAD_SIZE) {
      return malformed(ACTION, "fragment must have a header", payload.length);
    }
    const header = payload[2]!;
    const nalHeader = () =>
      Uint8Array.of(
        (payload[0]! & AROUND_TYPE_MASK) | (header & FRAGMENT_TYPE_MASK) << 1,
        payload[1]!,
      );
    joiner.addFragment(header, nalHeader, payload.subarray(FRAGMENT_HEAD_SIZE));
  } else if (type > FRAGMENT) {
    return malformed(ACTION, "payload must be a NAL unit, an aggregate or a fragment", type);
  } else joiner.add(payload);
  return undefined;
}

function unitOf(data: Uint8Array<ArrayBuffer>): ReceivedUnit {
  const isKeyFrame = (nalFacts("h265", data, 4) & NalFact.key) !== 0;
  let temporalId = 0;
  walkNalUnits(data, 4, (start, end) => {
    const isSlice = end - start >= H265_NAL_HEADER_SIZE && typeOf(data, start) < H265_NAL.VPS;
    if (isSlice) temporalId = Math.max(0, (data[start + 1]! & 0b111) - 1);
    return isSlice;
  });
  const layers = { temporalId, spatialId: 0 };
  return { kind: "unit", data, isKeyFrame, isDisposable: false, layers, layerSwitch: "none" };
}

function isOfKeyFrameType(type: number): boolean {
  const isRandomAccess = type >= H265_NAL.BLA_W_LP && type <= H265_NAL.CRA;
  return isRandomAccess || type === H265_NAL.VPS || type === H265_NAL.SPS;
}

function typeOf(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) >> 1 & 0b11_1111;
}

/** Of the first NAL unit that begins in a payload; -1 if none does. */
function firstType(payload: Uint8Array): number {
  const type = typeOf(payload, 0);
  if (type === AGGREGATE) return typeOf(payload, H265_NAL_HEADER_SIZE + 2);
  if (type !== FRAGMENT) return type;
  const header = payload[2] ?? 0;
  return (header & FRAGMENT_START) === 0 ? -1 : header & FRAGMENT_TYPE_MASK;
}
