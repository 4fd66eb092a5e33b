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
  if (!own!.checkPrivateKey(privateKey)) {
    throw new TlsError("the key is not that of the first certificate");
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
    throw new TlsError('certificate has no PEM block "-----BEGIN CERTIFICATE-----"');
  }
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new TlsError(`certificate ${at + 1} of ${blocks.length} cannot be read`);
    }
  });
}

function readKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    throw new TlsError("key is encrypted: give it without its passphrase");
  }
  const block = KEY_BLOCK.exec(pem)?.[0];
  if (block === undefined) {
    throw new TlsError('key has no PEM block "-----BEGIN PRIVATE KEY-----"');
  }
  try {
    // The reason is not told: it is for those who know the key's inside, and may quote it.
    return createPrivateKey(Buffer.from(block));
  } catch {
    throw new TlsError("key cannot be read");
  }
}
