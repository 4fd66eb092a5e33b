import { isKeyHash, SALT_LENGTH, saltedHash } from "../access/key_hash.ts";
import type { AccessSettings } from "../access/settings.ts";
import { tokenSubject } from "../access/token_claims.ts";
import { otherwiseOf } from "../config/access_summary.ts";
import type { Config } from "../config/schema.ts";

/** What each shard is told of who may. */
export function accessSettings(
  { access, adminToken }: Pick<Config, "access" | "adminToken">,
  hasFunction: boolean,
  revokedTokens: readonly string[],
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

/** Tokens that are kept in mind as revoked; the oldest give way. */
const MAX_REVOKED_TOKENS = 10_000;

const TOKEN = tokenSubject("");

/**
 * Subjects of tokens that are not taken any more. What else is revoked by its id is only asked again:
 * its key or rule has changed.
 *
 * @param revoke whole subjects ("token 5f2a"), or ids alone, which may be those of tokens
 */
export function withRevoked(known: readonly string[], revoke: readonly string[]): string[] {
  const tokens = revoke.filter((id) => !id.includes(" ") || id.startsWith(TOKEN))
    .map((id) => tokenSubject(id.startsWith(TOKEN) ? id.slice(TOKEN.length) : id));
  return [...new Set([...known, ...tokens])].slice(-MAX_REVOKED_TOKENS);
}
