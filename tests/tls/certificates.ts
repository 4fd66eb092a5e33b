/** Certificates and keys for tests. */
import { generateKeyPairSync } from "node:crypto";
import { type CertificatePair, createSelfSigned } from "../../src/tls/self_signed.ts";

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

/** Keys as programs write them: each in PEM, of a kind of its own. */
export const KEYS: Readonly<
  Record<"rsa" | "rsaPkcs1" | "ecSec1" | "ed25519" | "encrypted", string>
> = {
  rsa: rsaKey("pkcs8"),
  rsaPkcs1: rsaKey("pkcs1"),
  ecSec1: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    .export({ type: "sec1", format: "pem" }) as string,
  ed25519: generateKeyPairSync("ed25519").privateKey
    .export({ type: "pkcs8", format: "pem" }) as string,
  encrypted: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }) as string,
};

function rsaKey(type: "pkcs1" | "pkcs8"): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type, format: "pem" }) as string;
}
