/** X25519 (RFC 7748 6.1) by the runtime. */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { WebrtcError } from "../webrtc_error.ts";

/** Of either kind of key, and of what two sides agree upon. */
const X25519_LENGTH = 32;

/** RFC 8410 7 and 4: what stands before the 32 bytes of a private and of a public key. */
const PRIVATE_KEY_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_KEY_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** 32 bytes each, in buffers of their own. */
export interface X25519KeyPair {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly secretKey: Uint8Array<ArrayBuffer>;
}

/** A new pair of keys. */
export function createX25519KeyPair(): X25519KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  return {
    publicKey: Uint8Array.from(spki.subarray(-X25519_LENGTH)),
    // RFC 8410 7: nothing follows the key in version 1.
    secretKey: Uint8Array.from(
      pkcs8.subarray(PRIVATE_KEY_PREFIX.length, PRIVATE_KEY_PREFIX.length + X25519_LENGTH),
    ),
  };
}

/**
 * What both sides agree upon, as a new array.
 *
 * @throws {WebrtcError} if a key is not of 32 bytes, or the other side's is one of those that give
 * zero with every key (RFC 7748 6.1)
 */
export function agreeByX25519(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array<ArrayBuffer> {
  for (const key of [secretKey, publicKey]) {
    if (key.length === X25519_LENGTH) continue;
    throw new WebrtcError(
      `Cannot agree upon key: must be of ${X25519_LENGTH} bytes, got ${key.length}`,
    );
  }
  const keys = {
    privateKey: createPrivateKey({
      key: Buffer.concat([PRIVATE_KEY_PREFIX, secretKey]),
      format: "der",
      type: "pkcs8",
    }),
    publicKey: createPublicKey({
      key: Buffer.concat([PUBLIC_KEY_PREFIX, publicKey]),
      format: "der",
      type: "spki",
    }),
  };
  try {
    return Uint8Array.from(diffieHellman(keys));
  } catch (error) {
    throw new WebrtcError(`Cannot agree upon key: must not be of small order, got ${error}`);
  }
}
