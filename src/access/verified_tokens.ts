import type { Claims } from "./token_claims.ts";

/** Tokens that are known at a time. */
const MAX_TOKENS = 1000;

/** After this, a token's signature is checked anew: its key may have been withdrawn. */
const MAX_AGE_MS = 30_000;

interface Verified {
  readonly claims: Promise<Claims>;
  readonly atMs: number;
}

/** Claims of tokens whose signatures were checked: a list of streams asks about each of them. */
export class VerifiedTokens {
  readonly #verify: (token: string) => Promise<Claims>;
  readonly #nowMs: () => number;
  /** The oldest first. */
  readonly #verified = new Map<string, Verified>();

  /** @param verify rejects if the token is not to be taken */
  constructor(verify: (token: string) => Promise<Claims>, nowMs: () => number) {
    this.#verify = verify;
    this.#nowMs = nowMs;
  }

  /** Rejects as the check does. Whether the token has expired meanwhile, the caller sees to. */
  claimsOf(token: string): Promise<Claims> {
    const known = this.#verified.get(token);
    if (known !== undefined && this.#nowMs() - known.atMs < MAX_AGE_MS) return known.claims;
    this.#verified.delete(token);
    const claims = this.#verify(token);
    this.#verified.set(token, { claims, atMs: this.#nowMs() });
    // What is wrong is checked each time: nobody is to fill the table with it.
    claims.catch(() => this.#verified.delete(token));
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > MAX_TOKENS) this.#verified.delete(oldest!);
    return claims;
  }
}
