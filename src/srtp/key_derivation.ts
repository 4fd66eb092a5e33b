/** Keys of SRTP and SRTCP from what DTLS exports (RFC 5764 4.2, RFC 3711 4.3). */
import { createCipheriv } from "node:crypto";
import { SrtpError } from "./srtp_error.ts";

/** Length of a master key and of the cipher keys, for AES_CM_128. */
const SRTP_KEY_LENGTH = 16;
/** Length of a master salt and of the session salts. */
const SRTP_SALT_LENGTH = 14;
/** Length of the authentication keys, for HMAC_SHA1. */
const SRTP_AUTHENTICATION_KEY_LENGTH = 20;
/** Length of what DTLS exports: two keys and two salts. */
const DTLS_EXPORT_LENGTH = 2 * (SRTP_KEY_LENGTH + SRTP_SALT_LENGTH);

/** What one direction of a session starts from. */
export interface SrtpMasterKey {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 14 bytes. */
  readonly salt: Uint8Array;
}

/** What packets of one direction are protected with. */
export interface SrtpSessionKeys {
  /** 16 bytes, for AES. */
  readonly cipherKey: Uint8Array;
  /** 20 bytes, for HMAC-SHA1. */
  readonly authenticationKey: Uint8Array;
  /** 14 bytes. */
  readonly salt: Uint8Array;
}

/** Labels of RFC 3711 4.3.1 and 4.3.2. */
const LABELS = {
  srtp: { cipherKey: 0, authenticationKey: 1, salt: 2 },
  srtcp: { cipherKey: 3, authenticationKey: 4, salt: 5 },
} as const;

/**
 * The master keys in the 60 bytes that DTLS exports: client key, server key, client salt, server
 * salt (RFC 5764 4.2). The results borrow from `exported`.
 *
 * @throws {SrtpError} if `exported` has another length
 */
export function splitDtlsExport(
  exported: Uint8Array,
): { readonly client: SrtpMasterKey; readonly server: SrtpMasterKey } {
  checkLength("split DTLS export", exported, DTLS_EXPORT_LENGTH);
  const saltsAt = 2 * SRTP_KEY_LENGTH;
  return {
    client: {
      key: exported.subarray(0, SRTP_KEY_LENGTH),
      salt: exported.subarray(saltsAt, saltsAt + SRTP_SALT_LENGTH),
    },
    server: {
      key: exported.subarray(SRTP_KEY_LENGTH, saltsAt),
      salt: exported.subarray(saltsAt + SRTP_SALT_LENGTH),
    },
  };
}

/**
 * Derives the session keys of SRTP or SRTCP, with a key derivation rate of 0 as DTLS-SRTP has it
 * (RFC 3711 4.3). The results are new arrays.
 *
 * @throws {SrtpError} if a length of `master` is wrong
 *
 * @example
 * ```ts
 * import { deriveSessionKeys, splitDtlsExport } from "./key_derivation.ts";
 *
 * const { server } = splitDtlsExport(new Uint8Array(60));
 * const keys = deriveSessionKeys(server, "srtp");
 * keys.cipherKey.length; // 16
 * ```
 */
export function deriveSessionKeys(
  master: SrtpMasterKey,
  protocol: "srtp" | "srtcp",
): SrtpSessionKeys {
  checkLength("derive session keys: master key", master.key, SRTP_KEY_LENGTH);
  checkLength("derive session keys: master salt", master.salt, SRTP_SALT_LENGTH);
  const labels = LABELS[protocol];
  return {
    cipherKey: derive(master, labels.cipherKey, SRTP_KEY_LENGTH),
    authenticationKey: derive(master, labels.authenticationKey, SRTP_AUTHENTICATION_KEY_LENGTH),
    salt: derive(master, labels.salt, SRTP_SALT_LENGTH),
  };
}

/** AES-CM of zeros under the master key, the label in the eighth byte of the salt (4.3.3). */
function derive(master: SrtpMasterKey, label: number, length: number): Uint8Array<ArrayBuffer> {
  const counter = new Uint8Array(16);
  counter.set(master.salt);
  counter[7] = counter[7]! ^ label;
  const cipher = createCipheriv("aes-128-ctr", master.key, counter);
  const derived = Uint8Array.from(cipher.update(new Uint8Array(length)));
  // Nothing comes of it, but without it Deno keeps the cipher for ever.
  cipher.final();
  return derived;
}

function checkLength(action: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new SrtpError(`Cannot ${action}: must be ${length} bytes, got ${bytes.length}`);
  }
}
