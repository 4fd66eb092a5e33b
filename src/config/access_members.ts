import * as v from "valibot";
import { AccessError } from "../access/access_error.ts";
import { HOOK_EVENTS } from "../access/hook_messages.ts";
import { algorithmOfKey } from "../access/jwt.ts";
import { isKeyHash, MAX_SECRET_LENGTH, MIN_SECRET_LENGTH } from "../access/key_hash.ts";
import { MAX_PATTERN_LENGTH } from "../access/path_pattern.ts";
import { SOURCE_NAMES } from "../access/settings.ts";
import { ID_PATTERN } from "../access/stream_keys.ts";
import { count, HOUR_MS, network, section } from "./member_kinds.ts";

const MAX_KEYS = 10_000;
const MAX_RULES = 1000;
const MAX_NETWORKS = 1000;
const MAX_PATHS = 100;
const MAX_HOOKS = 16;
const MAX_SECRETS = 16;
const MAX_URL_LENGTH = 2048;
const MAX_TEXT_LENGTH = 512;

/** HS256 is as strong as its secret (RFC 7518 3.2). */
const MIN_JWT_SECRET_LENGTH = 32;
const MAX_JWT_SECRET_LENGTH = 512;

/** What is given for a secret is in no message. */
const secretText = (min: number, max: number) =>
  v.pipe(v.string("Invalid type: Expected text"), v.minLength(min), v.maxLength(max));

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TEXT_LENGTH));

const id = v.pipe(
  v.string(),
  v.regex(ID_PATTERN, 'Invalid id: Expected 1 to 64 letters, digits, "-" and "_"'),
);

const pattern = v.pipe(
  v.string(),
  v.maxLength(MAX_PATTERN_LENGTH),
  v.regex(
    /^(\*|[^/\s?#]+(\/[^/\s?#]+)+)$/,
    ({ received }) =>
      `Invalid path: Expected such as live/test, live/* or * alone but received ${received}`,
  ),
);
const paths = v.pipe(v.array(pattern), v.minLength(1), v.maxLength(MAX_PATHS));
const networks = v.optional(v.pipe(v.array(network), v.maxLength(MAX_NETWORKS)), () => []);

const ACTIONS = ["publish", "play", "api"] as const;
const actions = v.pipe(v.array(v.picklist(ACTIONS)), v.minLength(1), v.maxLength(ACTIONS.length));

const most = v.exactOptional(count(0, Number.MAX_SAFE_INTEGER));

/** What a session that is let in may use; see docs/settings.md. */
const limits = v.optional(
  v.strictObject({
    maxViewers: most,
    maxPublishers: most,
    maxBitrateBps: most,
    maxWidth: most,
    maxHeight: most,
    maxDurationMs: most,
  }),
);
/** Whether the list of what is live has the stream. */
const list = v.optional(v.boolean(), true);

const url = v.pipe(
  v.string("Invalid type: Expected a URL"),
  v.maxLength(MAX_URL_LENGTH),
  v.check(isHttpUrl, "Invalid URL: Expected such as https://example.org/hook, without user"),
);

/** Whether `fetch` can ask it: a user in a URL it refuses. */
function isHttpUrl(given: string): boolean {
  const parsed = URL.parse(given);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === "" &&
    parsed.password === "";
}

/** No two of them may be told apart by nothing. */
function haveOwnIds(all: readonly { readonly id?: string | undefined }[]): boolean {
  const ids = all.flatMap(({ id }) => id ?? []);
  return new Set(ids).size === ids.length;
}
const OWN_IDS = "Invalid list: Expected an id of its own for each";

const publicKey = v.pipe(
  v.string("Invalid type: Expected PEM text"),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      algorithmOfKey(dataset.value);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      addIssue({ message: `Invalid value: ${error.message}` });
    }
  }),
);

const addressRule = v.optional(v.strictObject({ allow: networks, deny: networks }));

const rule = v.strictObject({
  id: v.optional(id),
  decision: v.picklist(["allow", "refuse"]),
  actions: v.optional(actions, () => ["publish", "play"]),
  paths: v.optional(paths, () => ["*"]),
  addresses: networks,
  limits,
  list,
});

const key = v.strictObject({
  id,
  /** As `sluice hash-key` prints it. */
  hash: v.pipe(
    v.string("Invalid type: Expected text"),
    v.check(isKeyHash, "Invalid hash: Expected one that `sluice hash-key` has printed"),
  ),
  actions: v.optional(actions, () => ["publish"]),
  paths,
  limits,
  list,
});

const hook = v.strictObject({
  id: v.optional(id),
  url,
  events: v.optional(
    v.pipe(v.array(v.picklist(HOOK_EVENTS)), v.minLength(1), v.maxLength(HOOK_EVENTS.length)),
    () => [...HOOK_EVENTS],
  ),
  paths: v.optional(paths, () => ["*"]),
  /** Whether it is asked, or only told. */
  decides: v.optional(v.boolean(), true),
  secret: v.optional(secretText(MIN_SECRET_LENGTH, MAX_JWT_SECRET_LENGTH)),
  timeoutMs: v.optional(count(100, 30_000), 3000),
});

const jwt = v.pipe(
  v.strictObject({
    /** For HS256. */
    secret: v.optional(secretText(MIN_JWT_SECRET_LENGTH, MAX_JWT_SECRET_LENGTH)),
    /** For RS256, ES256 and EdDSA: PEM, or the URL of a set of keys. */
    publicKeys: v.optional(v.pipe(v.array(publicKey), v.maxLength(MAX_SECRETS)), () => []),
    jwksUrl: v.optional(url),
    issuer: v.optional(text),
    audience: v.optional(text),
    permissionsClaim: v.optional(text, "mediamtx_permissions"),
    endAtExpiry: v.optional(v.boolean(), false),
    clockSkewMs: v.optional(count(0, HOUR_MS), 5000),
  }),
  v.check(
    ({ secret, publicKeys, jwksUrl }) =>
      secret !== undefined || publicKeys.length > 0 || jwksUrl !== undefined,
    "Invalid value: Expected a secret, publicKeys or jwksUrl, by which tokens are checked",
  ),
  v.check(
    ({ publicKeys, jwksUrl }) => publicKeys.length === 0 || jwksUrl === undefined,
    "Invalid value: Expected either publicKeys or jwksUrl, and not both",
  ),
);

const signingSecret = v.strictObject({
  id,
  secret: secretText(MIN_SECRET_LENGTH, MAX_SECRET_LENGTH),
});

/** Settings of who may publish and play. */
export const ACCESS_MEMBERS = {
  /** In which order they are asked; what is not named is not asked. */
  order: v.optional(
    v.pipe(
      v.array(v.picklist(SOURCE_NAMES)),
      v.check(
        (names) => new Set(names).size === names.length,
        "Invalid list: Expected each source once",
      ),
    ),
    () => [...SOURCE_NAMES],
  ),
  /** What is done with whom none of them knows: refused, or let in if nothing is configured. */
  otherwise: section({
    publish: v.optional(v.picklist(["allow", "refuse"])),
    play: v.optional(v.picklist(["allow", "refuse"])),
  }),
  addresses: section({
    publish: addressRule,
    play: addressRule,
    api: addressRule,
  }),
  rules: v.optional(
    v.pipe(v.array(rule), v.maxLength(MAX_RULES), v.check((all) => haveOwnIds(all), OWN_IDS)),
    () => [],
  ),
  keys: v.optional(
    v.pipe(v.array(key), v.maxLength(MAX_KEYS), v.check((all) => haveOwnIds(all), OWN_IDS)),
    () => [],
  ),
  signedUrls: section({
    secrets: v.optional(
      v.pipe(
        v.array(signingSecret),
        v.maxLength(MAX_SECRETS),
        v.check((all) => haveOwnIds(all), OWN_IDS),
      ),
      () => [],
    ),
    endAtExpiry: v.optional(v.boolean(), false),
  }),
  jwt: v.optional(jwt),
  hooks: v.optional(
    v.pipe(v.array(hook), v.maxLength(MAX_HOOKS), v.check((all) => haveOwnIds(all), OWN_IDS)),
    () => [],
  ),
};
