/** Types of NAL units and of payloads (H.264 7.4.1, RFC 6184 5.2). */
const SLICE_IDR = 5;
const SEQUENCE_PARAMETER_SET = 7;
const STAP_A = 24;
const FU_A = 28;

/** What a payload of H.264 holds, as far as its first bytes tell. */
export type H264PayloadKind = "keyFrame" | "other" | "invalid";

/**
 * Tells whether a payload of RTP (RFC 6184) belongs to a key frame: its parameter sets, or an IDR
 * slice. Types that packetization mode 1 has not are invalid.
 */
export function h264PayloadKind(payload: Uint8Array): H264PayloadKind {
  if (payload.length < 2 || payload[0]! >= 0x80) return "invalid";
  const type = payload[0]! & 0x1f;
  if (type === STAP_A) return aggregateKind(payload);
  if (type === FU_A) return kindOf(payload[1]! & 0x1f);
  return kindOf(type);
}

function kindOf(nalUnitType: number): H264PayloadKind {
  if (nalUnitType === 0 || nalUnitType > 23) return "invalid";
  return nalUnitType === SLICE_IDR || nalUnitType === SEQUENCE_PARAMETER_SET ? "keyFrame" : "other";
}

function aggregateKind(payload: Uint8Array): H264PayloadKind {
  let kind: H264PayloadKind = "other";
  for (let at = 1; at < payload.length;) {
    const length = payload[at]! << 8 | payload[at + 1]!;
    if (length === 0 || at + 2 + length > payload.length) return "invalid";
    const one = kindOf(payload[at + 2]! & 0x1f);
    if (one === "invalid") return one;
    if (one === "keyFrame") kind = one;
    at += 2 + length;
  }
  return kind;
}
