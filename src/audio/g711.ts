/** What A-law inverts (ITU-T G.711 table 1a, note 2). */
const ALAW_MASK = 0x55;

/** Added to a µ-law value before its exponent is taken, on the scale of 16 bits. */
const MULAW_BIAS = 0x84;

/**
 * The linear value of an A-law byte: 13 bits on the scale of 16 (ITU-T G.711 table 1).
 *
 * @example
 * ```ts
 * import { alawSample } from "./g711.ts";
 *
 * alawSample(0xd5); // 8, the smallest step above 0
 * ```
 */
export function alawSample(byte: number): number {
  const value = byte ^ ALAW_MASK;
  const exponent = (value >> 4) & 0b111;
  const mantissa = ((value & 0b1111) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}

/** The linear value of a µ-law byte: 14 bits on the scale of 16 (ITU-T G.711 table 2). */
export function mulawSample(byte: number): number {
  const value = ~byte & 0xff;
  const exponent = (value >> 4) & 0b111;
  const magnitude = ((((value & 0b1111) << 3) + MULAW_BIAS) << exponent) - MULAW_BIAS;
  return (value & 0x80) === 0 ? magnitude : -magnitude;
}
