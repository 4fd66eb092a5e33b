import { claimedNames, type Claims } from "./token_claims.ts";

/** What is not taken any more, though nobody has changed what signs it. */
export interface Revoked {
  /** "token 5f2a", or "user ann" for all tokens that she had by then. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Tokens that are not taken any more. */
export class RevokedTokens {
  readonly #atMs: ReadonlyMap<string, number>;

  constructor(revoked: readonly Revoked[]) {
    this.#atMs = new Map(revoked.map(({ subject, atMs }) => [subject, atMs]));
  }

  /**
   * Whether a token is not to be taken: its id is revoked, or its user, and it does not say that it
   * was issued after that.
   *
   * @param clockSkewMs by how much the issuer's clock may be wrong
   */
  has(claims: Claims, clockSkewMs: number): boolean {
    if (this.#atMs.size === 0) return false;
    const { subject, user } = claimedNames(claims);
    if (subject !== undefined && subject !== user && this.#atMs.has(subject)) return true;
    const atMs = user === undefined ? undefined : this.#atMs.get(user);
    if (atMs === undefined) return false;
    const { iat } = claims;
    return typeof iat !== "number" || iat * 1000 <= atMs + clockSkewMs;
  }
}
