import { type Malformed, malformed } from "../../bytes/malformed.ts";

/** In front of each earlier packet (RFC 2198 3): payload type, distance in time, and length. */
const BLOCK_HEADER_SIZE = 4;
const FOLLOWED_FLAG = 0x80;
const TYPE_MASK = 0x7f;

/** Packets that one payload carries: browsers put two or three into it. */
const MAX_BLOCKS = 8;

const ACTION = "read redundant payload";

/** A packet's payload, as it would have been without the others beside it. */
export interface RedundantBlock {
  readonly payloadType: number;
  /** Ticks by which it is earlier than the packet that brings it. */
  readonly earlierBy: number;
  readonly payload: Uint8Array;
}

/**
 * The payloads that one of RED carries (RFC 2198 3): the newest, which is the packet's own, then the
 * ones before it, the latest first. They borrow from it.
 *
 * @example
 * ```ts
 * import { readRedundantPayload } from "./redundant_payload.ts";
 *
 * readRedundantPayload(Uint8Array.of(0xef, 0x0f, 0, 1, 111, 7, 8));
 * // [{ payloadType: 111, earlierBy: 0, payload: [8] }, { …, earlierBy: 60, payload: [7] }]
 * ```
 */
export function readRedundantPayload(payload: Uint8Array): readonly RedundantBlock[] | Malformed {
  let headers = 0;
  while (((payload[headers * BLOCK_HEADER_SIZE] ?? 0) & FOLLOWED_FLAG) !== 0) {
    if (++headers === MAX_BLOCKS) {
      return malformed(ACTION, `blocks must be up to ${MAX_BLOCKS}`, headers + 1);
    }
  }
  const blocks: RedundantBlock[] = [];
  const last = headers * BLOCK_HEADER_SIZE;
  let at = last + 1;
  for (let header = 0; header < last; header += BLOCK_HEADER_SIZE) {
    const low = payload[header + 2] ?? 0;
    const end = at + ((low & 0b11) << 8 | (payload[header + 3] ?? 0));
    blocks.push({
      payloadType: payload[header]! & TYPE_MASK,
      earlierBy: payload[header + 1]! << 6 | low >> 2,
      payload: payload.subarray(at, end),
    });
    at = end;
  }
  if (at > payload.length) {
    return malformed(ACTION, "blocks must end within their payload", payload.length);
  }
  blocks.push({ payloadType: payload[last]!, earlierBy: 0, payload: payload.subarray(at) });
  return blocks.reverse();
}
