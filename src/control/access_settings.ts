import { isKeyHash, SALT_LENGTH, saltedHash } from "../access/key_hash.ts";
import type { Revoked } from "../access/revoked_tokens.ts";
import type { AccessSettings } from "../access/settings.ts";
import { tokenSubject, userSubject } from "../access/token_claims.ts";
import { otherwiseOf } from "../config/access_summary.ts";
import type { Config } from "../config/schema.ts";

/** What each shard is told of who may. */
export function accessSettings(
  { access, adminToken }: Pick<Config, "access" | "adminToken">,
  hasFunction: boolean,
  revokedTokens: readonly Revoked[],
): AccessSettings {
  return {
    ...access,
    otherwise: otherwiseOf(access, hasFunction),
    revokedTokens,
    adminTokenHash: adminToken === undefined ? undefined : hashOf(adminToken),
  };
}

/** The token may be configured as its hash. */
function hashOf(token: string): string {
  if (isKeyHash(token)) return token;
  return saltedHash(token, crypto.getRandomValues(new Uint8Array(SALT_LENGTH)));
}

/** Tokens and users that are kept in mind as revoked; the oldest give way. */
const MAX_REVOKED = 20_000;

/**
 * What tokens are not taken any more. What else is revoked by its id is only asked again: its key or
 * rule has changed.
 *
 * @param revoke whole subjects ("token 5f2a", "user ann"), or ids alone, which may be those of both
 */
export function withRevoked(
  known: readonly Revoked[],
  revoke: readonly string[],
  nowMs: number,
): readonly Revoked[] {
  const subjects = new Set(revoke.flatMap(subjectsOf));
  const kept = known.filter(({ subject }) => !subjects.has(subject));
  const added = [...subjects].map((subject) => ({ subject, atMs: nowMs }));
  return [...kept, ...added].slice(-MAX_REVOKED);
}

function subjectsOf(text: string): readonly string[] {
  const [, kind, name] = /^(\w+) (.*)$/s.exec(text) ?? [];
  if (kind === undefined) return [tokenSubject(text), userSubject(text)];
  if (kind === "token") return [tokenSubject(name!)];
  return kind === "user" ? [userSubject(name!)] : [];
}
