import { createHash, timingSafeEqual } from "node:crypto";

/** A secret of the configuration, of which digests are compared. */
export class KnownToken {
  readonly #digest: Uint8Array;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** Takes as long for a wrong token as for the right one: digests have one length. */
  is(given: string): boolean {
    return timingSafeEqual(digestOf(given), this.#digest);
  }
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
