import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether a secret is that of the configuration. It takes as long for a wrong one as for the right
 * one, as digests are compared, which have one length.
 */
export function isSameSecret(given: string, known: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(known));
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
