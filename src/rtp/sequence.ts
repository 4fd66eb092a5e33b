/**
 * The number nearest to `reference` whose low 16 bits are `sequence`: a sequence number from the
 * wire, extended to one that does not wrap (RFC 3550 A.1).
 *
 * @param reference any whole number near it, such as the newest one; may be negative
 *
 * @example
 * ```ts
 * import { extendSequence } from "./sequence.ts";
 *
 * extendSequence(65_535, 65_540); // 65_535
 * extendSequence(3, 65_530); // 65_539
 * ```
 */
export function extendSequence(sequence: number, reference: number): number {
  return reference + (((sequence - reference) << 16) >> 16);
}
