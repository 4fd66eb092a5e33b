import { createHash, timingSafeEqual } from "node:crypto";
import { AccessError } from "./access_error.ts";

/** Characters of a secret. Below this, whoever has its hash would find it by trying. */
export const MIN_SECRET_LENGTH = 16;
export const MAX_SECRET_LENGTH = 128;

/** Characters that are compared at all: the operator's token may have more than other secrets. */
export const MAX_COMPARED_LENGTH = 256;

/** Bytes of a salt: no two secrets of the world get the same. */
export const SALT_LENGTH = 16;

const PREFIX = "sha256";
const HASH = /^sha256\$([\w-]{22})\$([\w-]{43})$/;
const SECRET = new RegExp(`^[\\w-]{${MIN_SECRET_LENGTH},${MAX_SECRET_LENGTH}}$`);

/**
 * What the configuration has instead of a secret: "sha256$salt$hash".
 *
 * One round of SHA-256 and no slow hash: secrets have 95 random bits and more, which nobody finds by
 * trying, and each publisher that connects is to cost microseconds.
 *
 * @param secret letters, digits, "-" and "_" only, so that it needs no escapes anywhere
 * @param salt {@linkcode SALT_LENGTH} random bytes
 * @throws {AccessError} if the secret is too short, too long, or has other characters
 *
 * @example
 * ```ts
 * import { hashSecret, KeyHash } from "./key_hash.ts";
 *
 * const hash = hashSecret("correct-horse-battery", crypto.getRandomValues(new Uint8Array(16)));
 * new KeyHash(hash).matches("correct-horse-battery"); // true
 * ```
 */
export function hashSecret(secret: string, salt: Uint8Array): string {
  if (!SECRET.test(secret)) {
    throw new AccessError(
      `Cannot hash the secret: it must have ${MIN_SECRET_LENGTH} to ${MAX_SECRET_LENGTH} letters, ` +
        `digits, "-" and "_", got ${secret.length} characters`,
    );
  }
  if (salt.length !== SALT_LENGTH) {
    throw new AccessError(
      `Cannot hash the secret: the salt must have ${SALT_LENGTH} bytes, got ${salt.length}`,
    );
  }
  return saltedHash(secret, salt);
}

/** {@linkcode hashSecret} of what was judged already. */
export function saltedHash(secret: string, salt: Uint8Array): string {
  const saltText = salt.toBase64({ alphabet: "base64url", omitPadding: true });
  return `${PREFIX}$${saltText}$${digest(secret, salt).toString("base64url")}`;
}

/** A secret of 144 bits, as encoders and URLs take it. @param random 18 random bytes */
export function secretOf(random: Uint8Array): string {
  return random.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether a text is such as {@linkcode hashSecret} makes. */
export function isKeyHash(text: string): boolean {
  return HASH.test(text);
}

/** A hash that is read once and compared often. */
export class KeyHash {
  readonly #salt: Uint8Array;
  readonly #digest: Uint8Array;
  /** The secret, once it was given: who comes by it afterwards costs no hash. */
  #known: string | undefined;

  /** @throws {AccessError} if it is none */
  constructor(text: string) {
    const match = HASH.exec(text);
    if (match === null) {
      // It may be the secret itself, in the wrong place.
      throw new AccessError('Cannot read the hash: it must be as "sluice hash-key" prints it');
    }
    this.#salt = Uint8Array.fromBase64(match[1]!, { alphabet: "base64url" });
    this.#digest = Uint8Array.fromBase64(match[2]!, { alphabet: "base64url" });
  }

  /** Takes as long for a wrong secret as for the right one, wherever they differ. */
  matches(secret: string): boolean {
    if (secret.length > MAX_COMPARED_LENGTH) return false;
    if (this.#known !== undefined) return isSameText(secret, this.#known);
    if (!timingSafeEqual(digest(secret, this.#salt), this.#digest)) return false;
    this.#known = secret;
    return true;
  }
}

/** In a time that tells nothing but the lengths. */
function isSameText(given: string, known: string): boolean {
  let difference = given.length ^ known.length;
  for (let at = 0; at < given.length; at++) {
    // Beyond the end of the known one it is NaN, which counts as 0.
    difference |= given.charCodeAt(at) ^ known.charCodeAt(at);
  }
  return difference === 0;
}

function digest(secret: string, salt: Uint8Array) {
  return createHash("sha256").update(salt).update(secret).digest();
}
