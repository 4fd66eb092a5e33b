/** What a certificate and its key say of themselves. */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { CertificatePair } from "./self_signed.ts";
import { TlsError } from "./tls_error.ts";

/** What is told about a certificate; nothing of it is secret. */
export interface CertificateFacts {
  /** SHA-256 over the certificate, as browsers show it: "AB:CD:…". */
  readonly fingerprint: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const KEY_BLOCK = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^-]*-----END \1-----/;

/**
 * Reads a chain of certificates, the server's own first, and the key of that one.
 *
 * @throws {TlsError} if a certificate or the key cannot be read, or the key is of another one
 *
 * @example
 * ```ts ignore
 * import { inspectCertificate } from "./certificate.ts";
 *
 * inspectCertificate({ certificate: "-----BEGIN CERTIFICATE-----…", key: "…" }).fingerprint;
 * ```
 */
export function inspectCertificate({ certificate, key }: CertificatePair): CertificateFacts {
  const [own] = readChain(certificate);
  const privateKey = readKey(key);
  if (!isUsable(privateKey)) {
    throw new TlsError(
      "Cannot use the key: must be RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, " +
        `or Ed25519, got ${privateKey.asymmetricKeyType}`,
    );
  }
  if (!own!.checkPrivateKey(privateKey)) {
    throw new TlsError("Cannot use the key: must be that of the first certificate");
  }
  return {
    fingerprint: own!.fingerprint256,
    validFromMs: Date.parse(own!.validFrom),
    validToMs: Date.parse(own!.validTo),
  };
}

function readChain(pem: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE_BLOCK);
  if (blocks === null) {
    throw new TlsError(
      'Cannot read the certificate: must be PEM with "-----BEGIN CERTIFICATE-----"',
    );
  }
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new TlsError(`Cannot read certificate ${at + 1} of ${blocks.length}`);
    }
  });
}

/** The curves that TLS 1.3 has (RFC 8446 4.2.3), by OpenSSL's names. */
const CURVES: readonly unknown[] = ["prime256v1", "secp384r1", "secp521r1"];

const MIN_RSA_BITS = 2048;

/** Whether the engine can sign by it: with another key, every handshake would fail. */
function isUsable({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  switch (asymmetricKeyType) {
    case "ed25519":
      return true;
    case "ec":
      return CURVES.includes(asymmetricKeyDetails?.namedCurve);
    case "rsa":
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
    default:
      return false;
  }
}

function readKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    throw new TlsError("Cannot read the key: must not be encrypted");
  }
  const block = KEY_BLOCK.exec(pem)?.[0];
  if (block === undefined) {
    throw new TlsError('Cannot read the key: must be PEM with "-----BEGIN PRIVATE KEY-----"');
  }
  try {
    // The reason is not told: it is for those who know the key's inside, and may quote it.
    return createPrivateKey(Buffer.from(block));
  } catch {
    throw new TlsError("Cannot read the key");
  }
}
