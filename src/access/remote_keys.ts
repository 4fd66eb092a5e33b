import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from "jose";
import { getLogger } from "@logtape/logtape";
import { AccessError } from "./access_error.ts";
import { boundedFetch } from "./bounded_fetch.ts";

/** After this, the keys are asked for anew; until there is an answer, the old ones count. */
const MAX_AGE_MS = 10 * 60_000;

/** Least time between two tries: whoever sends unknown key ids must not make requests. */
const RETRY_MS = 5000;

const LIMITS = { timeoutMs: 5000, maxBytes: 256 * 1024 };

const logger = getLogger(["sluice", "access"]);

type Find = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys that a server publishes (RFC 7517). They are kept while it is away; a key that it has
 * begun to use meanwhile is found as soon as a token names it.
 */
export class RemoteKeys {
  readonly url: string;
  readonly #nowMs: () => number;
  #find: Find | undefined;
  #loadedAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #loading: Promise<void> | undefined;

  constructor(url: string, nowMs: () => number) {
    this.url = url;
    this.#nowMs = nowMs;
  }

  /** Asks for the keys, so that the first token does not wait for them. */
  load(): Promise<void> {
    this.#triedAtMs = this.#nowMs();
    this.#loading ??= this.#fetch().finally(() => this.#loading = undefined);
    return this.#loading;
  }

  /**
   * The key that a token's header names.
   *
   * @returns `undefined` if there is none such
   * @throws {AccessError} if the keys were never had
   */
  async keyFor(header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
    const isOld = this.#nowMs() - this.#loadedAtMs >= MAX_AGE_MS;
    const loading = isOld ? this.#loadUnlessTried() : undefined;
    if (this.#find === undefined) await (loading ?? this.#loading);
    if (this.#find === undefined) throw new AccessError("the keys could not be loaded");
    const key = await found(this.#find, header);
    if (key !== undefined) return key;
    await (this.#loadUnlessTried() ?? this.#loading);
    return await found(this.#find, header);
  }

  #loadUnlessTried(): Promise<void> | undefined {
    return this.#nowMs() - this.#triedAtMs < RETRY_MS ? undefined : this.load();
  }

  /** Never rejects: who waits looks at what there is. */
  async #fetch(): Promise<void> {
    try {
      const { status, text } = await boundedFetch(this.url, { method: "GET" }, LIMITS);
      if (status !== 200) throw new AccessError(`status ${status}`);
      this.#find = createLocalJWKSet(keySet(text));
      this.#loadedAtMs = this.#nowMs();
    } catch (error) {
      if (!(error instanceof AccessError || error instanceof errors.JOSEError)) throw error;
      logger.warn("Cannot load the keys of tokens from {host}: {reason}", {
        host: new URL(this.url).host,
        reason: error.message,
        keysThatCount: this.#find === undefined ? "none" : "those from before",
      });
    }
  }
}

function keySet(text: string): JSONWebKeySet {
  try {
    return JSON.parse(text);
  } catch {
    throw new AccessError("an answer that is no JSON");
  }
}

async function found(find: Find, header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
  try {
    return await find(header);
  } catch {
    // None such, several that the header does not choose from, or one that is no key.
    return undefined;
  }
}
