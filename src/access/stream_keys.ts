import type { AccessAction, AccessDecision, AccessLimits, AccessRequest } from "./access.ts";
import { KeyHash, MAX_SECRET_LENGTH, MIN_SECRET_LENGTH } from "./key_hash.ts";
import { fitsOne } from "./path_pattern.ts";
import { type AccessSource, refuse } from "./source.ts";

/** A key as the configuration has it. */
export interface StreamKey {
  /** No secret. It is the part of the key before the dot, and what `revoke` and the API name. */
  readonly id: string;
  /** Of the part behind the dot, by `hashSecret`. */
  readonly hash: string;
  readonly actions: readonly AccessAction[];
  /** Patterns. If it is one path without "*", the key may be sent in place of the stream's name. */
  readonly paths: readonly string[];
  readonly limits?: AccessLimits | undefined;
  /** Whether the list of what is live has its streams. */
  readonly list: boolean;
}

/** What names a key, or a secret of another kind: in no need of escapes anywhere. */
export const ID_PATTERN = /^[\w-]{1,64}$/;

const KEY = new RegExp(`^([\\w-]{1,64})\\.([\\w-]{${MIN_SECRET_LENGTH},${MAX_SECRET_LENGTH}})$`);

const KEYS = new RegExp(
  `(?<![\\w-])([\\w-]{1,64})\\.[\\w-]{${MIN_SECRET_LENGTH},${MAX_SECRET_LENGTH}}(?![\\w-])`,
  "g",
);

/**
 * A text for the log without what looks like a key's secret: of names that are not (yet) a stream's,
 * nobody knows whether they are keys, sent where a name belongs.
 */
export function withoutKeys(text: string): string {
  return text.replaceAll(KEYS, "$1.***");
}

/** A name behind its first dot: it may be the secret of a key, or nearly. */
const MAYBE_SECRET = /\.[^/]*$/;

/** As {@linkcode withoutKeys}, of a path that was refused: its name may be a key that was mistyped. */
export function withoutMistypedKeys(path: string): string {
  // One may be in the application as well.
  return withoutKeys(path.replace(MAYBE_SECRET, ".…"));
}

interface KnownKey extends StreamKey {
  readonly known: KeyHash;
}

/** What a request gives as a key, and whether it is instead of the stream's name. */
interface GivenKey {
  readonly id: string;
  readonly secret: string;
  readonly isName: boolean;
}

/**
 * Lets in who has a key: sent as the stream's name, as the token, or as user and password. A try
 * costs one hash, however many keys there are: the id before the dot finds the one to compare with.
 */
export class StreamKeys implements AccessSource {
  readonly #keys: ReadonlyMap<string, KnownKey>;

  /** @throws {AccessError} if a hash is none */
  constructor(keys: readonly StreamKey[]) {
    this.#keys = new Map(keys.map((key) => [key.id, { ...key, known: new KeyHash(key.hash) }]));
  }

  unknownCause(request: AccessRequest): string | undefined {
    const { name, token } = keyMatches(request);
    return name === null && token === null ? undefined : UNKNOWN_KEY;
  }

  decide(request: AccessRequest): AccessDecision | undefined {
    const given = givenKey(request, this.#keys);
    if (given === undefined) return undefined;
    const key = this.#keys.get(given.id);
    if (key === undefined) return undefined;
    const decidedBy = `key ${key.id}`;
    if (!key.known.matches(given.secret)) return refuse("forbidden", "wrong key", decidedBy);
    if (!key.actions.includes(request.action)) {
      return refuse("forbidden", "key is for another action", decidedBy);
    }
    const path = pathOf(key, given, request);
    if (path === undefined) return refuse("forbidden", "key is for another stream", decidedBy);
    return {
      kind: "allow",
      decidedBy,
      subject: decidedBy,
      ...(path === request.path ? {} : { path }),
      ...(key.limits === undefined ? {} : { limits: key.limits }),
      ...(key.list ? {} : { isUnlisted: true }),
    };
  }
}

/** Why somebody is refused whose key has an id that is not configured, if nobody else knows it. */
const UNKNOWN_KEY = "unknown key";

/** What of a request looks like a key, whether there is one with its id or not. */
function keyMatches({ action, path, credentials: { token } }: AccessRequest) {
  const name = action === "publish" ? KEY.exec(path.slice(path.lastIndexOf("/") + 1)) : null;
  return { name, token: token === undefined ? null : KEY.exec(token) };
}

/** The key that a request gives, of those that may be meant: names may look like keys. */
function givenKey(
  request: AccessRequest,
  keys: ReadonlyMap<string, unknown>,
): GivenKey | undefined {
  const { name, token } = keyMatches(request);
  if (name !== null && keys.has(name[1]!)) {
    return { id: name[1]!, secret: name[2]!, isName: true };
  }
  if (token !== null) return { id: token[1]!, secret: token[2]!, isName: false };
  const { user, password } = request.credentials;
  return user === undefined || password === undefined
    ? undefined
    : { id: user, secret: password, isName: false };
}

/** The path that a key allows; `undefined` if it does not allow the one that is asked for. */
function pathOf(
  { paths }: StreamKey,
  { isName }: GivenKey,
  { action, path }: AccessRequest,
): string | undefined {
  if (action === "api") return path;
  if (!isName) return fitsOne(paths, path) ? path : undefined;
  const [only, ...others] = paths;
  if (only === undefined || others.length > 0 || only.includes("*")) return undefined;
  const app = (text: string) => text.slice(0, text.lastIndexOf("/") + 1);
  return app(only) === app(path) ? only : undefined;
}
