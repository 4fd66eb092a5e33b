import { createHmac, timingSafeEqual } from "node:crypto";
import { parseIpAddress } from "../address/transport_address.ts";
import type { AccessAction, AccessDecision, AccessRequest } from "./access.ts";
import { AccessError } from "./access_error.ts";
import { MAX_SECRET_LENGTH, MIN_SECRET_LENGTH } from "./key_hash.ts";
import { type AccessSource, refuse } from "./source.ts";
import { ID_PATTERN } from "./stream_keys.ts";

/** A secret that signs. Several of them let one give way to the next. */
export interface SigningSecret {
  /** No secret: it is in the URL, and what `revoke` names. */
  readonly id: string;
  readonly secret: string;
}

/** What is signed. */
export interface SignedGrant {
  readonly action: Extract<AccessAction, "publish" | "play">;
  /** Of one stream: "live/test". */
  readonly path: string;
  readonly expiresAtMs: number;
  /** Of the only client that may use it; `undefined` for anybody. */
  readonly address?: string | undefined;
}

/** Bytes of a signature: 128 bits cannot be guessed, and an encoder's field for keys is short. */
const SIGNATURE_LENGTH = 16;

/** "s1" or, for one address, "s1a"; the secret's id; seconds since 1970 in base 36; signature. */
const TOKEN = /^(s1a?)\.([\w-]{1,64})\.([0-9a-z]{1,8})\.([\w-]{22})$/;

/**
 * The token that makes a URL a signed one, as `?token=…` behind it or behind OBS's stream key: 36
 * characters and the secret's id.
 *
 * @throws {AccessError} if the secret's id or the expiry cannot be written
 *
 * @example
 * ```ts
 * import { signUrl } from "./signed_url.ts";
 *
 * const secret = { id: "a", secret: "a-secret-of-this-server" };
 * signUrl(secret, { action: "play", path: "live/test", expiresAtMs: 1_800_000_000_000 });
 * // "s1.a.trnulc.…", to be sent as ?token=
 * ```
 */
export function signUrl({ id, secret }: SigningSecret, grant: SignedGrant): string {
  const seconds = Math.floor(grant.expiresAtMs / 1000);
  if (!ID_PATTERN.test(id) || !(seconds > 0 && seconds < 36 ** 8)) {
    throw new AccessError(
      `Cannot sign: expected an id of letters, digits, "-" and "_" and a time from 1970 on, got ` +
        `an id of ${id.length} characters and ${grant.expiresAtMs} ms`,
    );
  }
  if (secret.length < MIN_SECRET_LENGTH || secret.length > MAX_SECRET_LENGTH) {
    throw new AccessError(
      `Cannot sign: the secret must have ${MIN_SECRET_LENGTH} to ${MAX_SECRET_LENGTH} ` +
        `characters, got ${secret.length}`,
    );
  }
  const kind = grant.address === undefined ? "s1" : "s1a";
  const expiry = seconds.toString(36);
  const signature = signatureOf(secret, { ...grant, expiry }).toString("base64url");
  return `${kind}.${id}.${expiry}.${signature}`;
}

function signatureOf(
  secret: string,
  { action, path, expiry, address }: Omit<SignedGrant, "expiresAtMs"> & { readonly expiry: string },
) {
  // However an address is written: "2001:db8::1" and "2001:DB8:0::1" are one.
  const bound = address === undefined ? "" : parseIpAddress(address)?.join(".") ?? address;
  // No part has a line feed, so that no two grants are written the same.
  const text = ["s1", action, path, expiry, bound].join("\n");
  return createHmac("sha256", secret).update(text).digest().subarray(0, SIGNATURE_LENGTH);
}

/** How signed URLs are taken. */
export interface SignedUrlOptions {
  readonly secrets: readonly SigningSecret[];
  /** Whether a session ends when its URL expires, and not only none can begin. */
  readonly endAtExpiry: boolean;
  readonly nowMs: () => number;
}

/** Lets in who has a URL that one of the secrets signed. */
export class SignedUrls implements AccessSource {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #options: SignedUrlOptions;

  constructor(options: SignedUrlOptions) {
    this.#options = options;
    this.#secrets = new Map(options.secrets.map(({ id, secret }) => [id, secret]));
  }

  decide({ action, path, address, credentials }: AccessRequest): AccessDecision | undefined {
    const match = TOKEN.exec(credentials.token ?? "");
    if (match === null) return undefined;
    const [, kind, id, expiry, signature] = match;
    const decidedBy = `signature ${id}`;
    const secret = this.#secrets.get(id!);
    if (secret === undefined) return refuse("forbidden", "unknown signer", "signature");
    if (action !== "publish" && action !== "play") {
      return refuse("forbidden", "URL is for another action", decidedBy);
    }
    const bound = kind === "s1a" ? address ?? "unknown" : undefined;
    const expected = signatureOf(secret, { action, path, expiry: expiry!, address: bound });
    if (!timingSafeEqual(expected, Uint8Array.fromBase64(signature!, { alphabet: "base64url" }))) {
      return refuse("forbidden", "wrong signature", decidedBy);
    }
    const expiresAtMs = parseInt(expiry!, 36) * 1000;
    if (expiresAtMs <= this.#options.nowMs()) {
      return refuse("forbidden", "expired URL", decidedBy);
    }
    return {
      kind: "allow",
      decidedBy,
      subject: decidedBy,
      isShared: true,
      ...(this.#options.endAtExpiry ? { expiresAtMs } : {}),
    };
  }
}
