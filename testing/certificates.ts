/** Certificates and keys for tests. */
import { generateKeyPairSync } from "node:crypto";
import { type CertificatePair, createSelfSigned } from "../src/tls/self_signed.ts";

const HOUR_MS = 3_600_000;

/** Valid from an hour ago, for a day. */
export function currentCertificate(
  ...names: readonly [string, ...string[]]
): CertificatePair {
  const nowMs = Date.now();
  return createSelfSigned({
    names,
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + 24 * HOUR_MS,
    serialNumber: crypto.getRandomValues(new Uint8Array(16)),
  });
}

const PKCS8 = { type: "pkcs8", format: "pem" } as const;

/** Private keys as programs write them, each of a kind of its own. */
export const KEYS = {
  rsa: rsaKey(2048, "pkcs8"),
  rsaPkcs1: rsaKey(2048, "pkcs1"),
  rsa1024: rsaKey(1024, "pkcs8"),
  ecSec1: ecKey("P-256").export({ type: "sec1", format: "pem" }) as string,
  secp256k1: ecKey("secp256k1").export(PKCS8) as string,
  encrypted: ecKey("P-256")
    .export({ ...PKCS8, cipher: "aes-256-cbc", passphrase: "secret" }) as string,
  ed25519: generateKeyPairSync("ed25519").privateKey.export(PKCS8) as string,
  x25519: generateKeyPairSync("x25519").privateKey.export(PKCS8) as string,
} as const;

function rsaKey(modulusLength: number, type: "pkcs1" | "pkcs8"): string {
  return generateKeyPairSync("rsa", { modulusLength }).privateKey
    .export({ type, format: "pem" }) as string;
}

function ecKey(namedCurve: string) {
  return generateKeyPairSync("ec", { namedCurve }).privateKey;
}
