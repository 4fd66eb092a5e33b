import { isKeyHash, SALT_LENGTH, saltedHash } from "../access/key_hash.ts";
import type { AccessSettings } from "../access/settings.ts";
import { otherwiseOf } from "../config/access_summary.ts";
import type { Config } from "../config/schema.ts";

/** What each shard is told of who may. */
export function accessSettings(
  { access, adminToken }: Pick<Config, "access" | "adminToken">,
  hasFunction: boolean,
): AccessSettings {
  return {
    ...access,
    otherwise: otherwiseOf(access, hasFunction),
    adminTokenHash: adminToken === undefined ? undefined : hashOf(adminToken),
  };
}

/** The token may be configured as its hash. */
function hashOf(token: string): string {
  if (isKeyHash(token)) return token;
  return saltedHash(token, crypto.getRandomValues(new Uint8Array(SALT_LENGTH)));
}
