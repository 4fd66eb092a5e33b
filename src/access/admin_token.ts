import type { AccessDecision, AccessRequest } from "./access.ts";
import { KeyHash } from "./key_hash.ts";
import type { AccessSource } from "./source.ts";

/** Lets the operator use the API. */
export class AdminToken implements AccessSource {
  readonly #hash: KeyHash | undefined;

  /** @param hash of the token; `undefined` if there is none, so that nobody can have it */
  constructor(hash: string | undefined) {
    this.#hash = hash === undefined ? undefined : new KeyHash(hash);
  }

  decide({ action, credentials: { token, password } }: AccessRequest): AccessDecision | undefined {
    if (action !== "api") return undefined;
    const given = token ?? password;
    if (given === undefined || this.#hash?.matches(given) !== true) return undefined;
    return { kind: "allow", decidedBy: "admin token", subject: "admin token" };
  }
}
