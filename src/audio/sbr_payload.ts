import type { AacConfiguration } from "../codec/sound/aac.ts";

/** Core rates up to which a stream that says nothing of SBR may have it (14496-3 1.6.5.3). */
const MAX_CORE_RATE = 24_000;

const EXPLICIT_RATE = 15;

/** syncExtensionType of the extension that says whether there is SBR (14496-3 1.6.2.1). */
const SYNC_EXTENSION = 0x2b7;

/** Syntactic elements of a raw data block (14496-3 table 4.85). */
const ID_FILL = 0b110;
const ID_END = 0b111;
const ELEMENT_ID_BITS = 3;

/** extension_type of spectral band replication, without and with a checksum (table 4.121). */
const EXTENSION_SBR = 0b1101;
const EXTENSION_SBR_CRC = 0b1110;

/** A count of fill bytes of four ones is followed by eight bits more. */
const COUNT_ESCAPE = 15;

/** Bytes from the end of an access unit in which SBR is looked for: as much as three elements hold. */
const MAX_SEARCHED = 800;

/**
 * Whether only the access units tell if a stream has SBR: FAAD2 then takes it that it has, puts out
 * twice the rate and is 962 samples late, which is wrong for the cameras that send plain AAC so.
 */
export function isSbrOpen(
  audioSpecificConfig: Uint8Array,
  { sbr, sampleRate }: Pick<AacConfiguration, "sbr" | "sampleRate">,
): boolean {
  const [first, second, third = 0, fourth = 0] = audioSpecificConfig as unknown as number[];
  if (sbr || sampleRate > MAX_CORE_RATE || first === undefined || second === undefined) {
    return false;
  }
  const rateIndex = ((first & 0b111) << 1) | (second >> 7);
  const channelConfiguration = (second >> 3) & 0b1111;
  // Others are longer, and rare.
  const hasTwoBytes = rateIndex !== EXPLICIT_RATE && channelConfiguration !== 0 &&
    (second & 0b111) === 0;
  return hasTwoBytes && ((third << 3) | (fourth >> 5)) !== SYNC_EXTENSION;
}

/** The configuration with an extension behind it that says: no SBR (14496-3 1.6.2.1). */
export function withoutSbr(audioSpecificConfig: Uint8Array): Uint8Array {
  const [first, second] = audioSpecificConfig as unknown as [number, number];
  return Uint8Array.of(first, second, 0x56, 0xe5, 0x00);
}

/**
 * Whether an access unit seems to carry SBR: a fill element of that type whose length leads,
 * perhaps by other fill elements, exactly to the end. What comes before cannot be skipped without
 * decoding it, so the element is looked for: one in some 40 access units without SBR looks so too,
 * but each with it does.
 */
export function seemsToCarrySbr(accessUnit: Uint8Array): boolean {
  const bits = accessUnit.length * 8;
  const start = Math.max(0, bits - MAX_SEARCHED * 8);
  for (let at = start; at < bits; at++) {
    if (peek(accessUnit, at, ELEMENT_ID_BITS) !== ID_FILL) continue;
    const payload = fillPayload(accessUnit, at);
    const type = peek(accessUnit, payload.start, 4);
    if (type !== EXTENSION_SBR && type !== EXTENSION_SBR_CRC) continue;
    if (payload.end > payload.start && leadsToEnd(accessUnit, payload.end)) return true;
  }
  return false;
}

/** Bit positions of what a fill element holds (14496-3 4.4.2.7). */
function fillPayload(accessUnit: Uint8Array, at: number): { start: number; end: number } {
  let start = at + ELEMENT_ID_BITS + 4;
  let count = peek(accessUnit, at + ELEMENT_ID_BITS, 4);
  if (count === COUNT_ESCAPE) {
    count += peek(accessUnit, start, 8) - 1;
    start += 8;
  }
  return { start, end: start + count * 8 };
}

/** Whether only fill elements lie between a bit and the end of the block. */
function leadsToEnd(accessUnit: Uint8Array, at: number): boolean {
  const bits = accessUnit.length * 8;
  while (at + ELEMENT_ID_BITS <= bits) {
    const id = peek(accessUnit, at, ELEMENT_ID_BITS);
    if (id === ID_END) {
      const rest = bits - at - ELEMENT_ID_BITS;
      return rest < 8 && peek(accessUnit, at + ELEMENT_ID_BITS, rest) === 0;
    }
    if (id !== ID_FILL) return false;
    at = fillPayload(accessUnit, at).end;
  }
  return false;
}

/** Up to 8 bits from a bit position; those behind the end are 0. */
function peek(bytes: Uint8Array, at: number, count: number): number {
  const byte = at >> 3;
  const word = ((bytes[byte] ?? 0) << 8) | (bytes[byte + 1] ?? 0);
  return (word >> (16 - (at & 7) - count)) & ((1 << count) - 1);
}
