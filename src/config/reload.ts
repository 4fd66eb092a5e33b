import * as v from "valibot";
import { ConfigError } from "./config_error.ts";
import { type Config, parseConfig } from "./schema.ts";

/** Settings that can change while the gateway runs; the rest needs a start. */
const RELOADABLE = [
  "access",
  "adminToken",
  "corsOrigins",
  "limits",
  "logLevel",
  "metrics",
  "secondPublisher",
  "tls",
] as const satisfies readonly (keyof Config)[];

/** Ids that one request revokes. */
const MAX_REVOKED = 10_000;
const MAX_ID_LENGTH = 1024;

/** What a request changes beside settings. */
const RECHECK = v.strictObject({
  revoke: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(MAX_ID_LENGTH))), v.maxLength(MAX_REVOKED)),
    () => [],
  ),
  recheck: v.optional(v.boolean(), false),
});

/** Who is asked again, though it was let in. */
export interface Recheck {
  /** Those with one of these subjects: "key camera-1". */
  readonly revoke: readonly string[];
  /** Everybody. */
  readonly recheck: boolean;
}

/** What a request to reload comes to. */
export interface Reload extends Recheck {
  readonly config: Config;
  /** Names of the members that are not as they were. */
  readonly changed: readonly string[];
}

/**
 * The configuration that a request changes: members that it has replace those that there are. A whole
 * configuration may be given, as long as what cannot be changed is as it is.
 *
 * @param given as `parseConfigJson` gives it; `revoke` and `recheck` are beside the settings
 * @throws {ConfigError} naming all that is wrong; then nothing is to be changed
 */
export function reloadedConfig(current: Config, given: Readonly<Record<string, unknown>>): Reload {
  const { revoke, recheck, ...settings } = given;
  const rechecked = v.safeParse(RECHECK, { revoke, recheck });
  if (!rechecked.success) {
    const reasons = rechecked.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    throw new ConfigError(`Cannot use the configuration: ${reasons.join("; ")}`);
  }
  const parsed = parseConfig(settings, current.shards);
  const names = Object.keys(settings) as (keyof Config)[];
  const changed = names.filter((name) =>
    JSON.stringify(parsed[name]) !== JSON.stringify(current[name])
  );
  const fixed = changed.filter((name) => !isReloadable(name));
  if (fixed.length > 0) {
    throw new ConfigError(
      `Cannot use the configuration: ${fixed.join(", ")} cannot change while the gateway runs, ` +
        `but by a restart; what can is ${RELOADABLE.join(", ")}`,
    );
  }
  if (names.includes("tls") && (current.tls === undefined || parsed.tls === "self-signed")) {
    if (JSON.stringify(parsed.tls) !== JSON.stringify(current.tls)) {
      throw new ConfigError(
        "Cannot use the configuration: tls: Expected a certificate in place of one with which the " +
          "gateway was started",
      );
    }
  }
  const members = Object.fromEntries(names.map((name) => [name, parsed[name]]));
  return { config: { ...current, ...members }, changed, ...rechecked.output };
}

function isReloadable(name: keyof Config): boolean {
  return (RELOADABLE as readonly string[]).includes(name);
}
