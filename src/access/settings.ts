import type { AccessAction } from "./access.ts";
import type { Otherwise } from "./access_chain.ts";
import type { HookSettings } from "./hooks.ts";
import type { JwtSettings } from "./jwt.ts";
import type { Revoked } from "./revoked_tokens.ts";
import type { AddressRule, Rule } from "./rules.ts";
import type { SigningSecret } from "./signed_url.ts";
import type { StreamKey } from "./stream_keys.ts";

/** Sources of decisions, in the order in which they are asked where nothing else is said. */
export const SOURCE_NAMES = [
  "rules",
  "keys",
  "signedUrls",
  "jwt",
  "functions",
  "hooks",
] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** Who may, as the configuration says it: plain data, from which each shard makes its own. */
export interface AccessSettings {
  readonly order: readonly SourceName[];
  readonly otherwise: Otherwise;
  readonly addresses: Readonly<Partial<Record<AccessAction, AddressRule | undefined>>>;
  readonly rules: readonly Rule[];
  readonly keys: readonly StreamKey[];
  readonly signedUrls: {
    readonly secrets: readonly SigningSecret[];
    readonly endAtExpiry: boolean;
  };
  /** `undefined` if no tokens are taken. */
  readonly jwt?: JwtSettings | undefined;
  readonly hooks: readonly HookSettings[];
  readonly revokedTokens: readonly Revoked[];
  /** Hash of the token of the API; `undefined` if there is none. */
  readonly adminTokenHash?: string | undefined;
}
