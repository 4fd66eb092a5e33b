/** A block of a redundant payload. */
export interface RedundantBlock {
  readonly payloadType: number;
  /** How much earlier it is than the packet's own time. */
  readonly timestampOffset: number;
  readonly data: Uint8Array;
}

/**
 * Reads a payload of RED (RFC 2198 3).
 *
 * @throws {RangeError} if it is cut short
 */
export function readRedundant(payload: Uint8Array): RedundantBlock[] {
  const heads: { payloadType: number; timestampOffset: number; length: number }[] = [];
  let at = 0;
  for (; (payload[at]! & 0x80) !== 0; at += 4) {
    const [first, second, third, fourth] = payload.subarray(at, at + 4);
    if (fourth === undefined) throw new RangeError("Cannot read RED: a header is cut short");
    const timestampOffset = second! << 6 | third! >> 2;
    heads.push({ payloadType: first! & 0x7f, timestampOffset, length: (third! & 3) << 8 | fourth });
  }
  const payloadType = payload[at++]!;
  const blocks = heads.map((head) => {
    const data = payload.slice(at, at += head.length);
    return { payloadType: head.payloadType, timestampOffset: head.timestampOffset, data };
  });
  if (at > payload.length) throw new RangeError("Cannot read RED: a block is cut short");
  return [...blocks, { payloadType, timestampOffset: 0, data: payload.slice(at) }];
}
