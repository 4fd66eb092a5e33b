/** The certificate that a DTLS client shows, against what its offer says of it (RFC 8122, RFC 5763 5). */
import { createHash, type KeyObject, verify, X509Certificate } from "node:crypto";
import { ByteReader } from "../../bytes/byte_reader.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** The hash of a certificate, as SDP has it. */
export interface CertificateFingerprint {
  /** Lower case: "sha-256". */
  readonly algorithm: string;
  /** Upper case: "AB:CD:…". */
  readonly value: string;
}

/** Hashes that count (RFC 8122 5), by their names there; those that can be forged do not. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-256", "sha256"],
  ["sha-384", "sha384"],
  ["sha-512", "sha512"],
]);

/** Of RFC 5246 7.4.1.4.1: what clients are asked to sign with. */
const SHA256 = 4;
const SIGNATURES: Readonly<Record<number, string>> = { 1: "rsa", 3: "ec" };

/** What one client has to show: the certificate of its offer, and that it has the key of it. */
export class ClientCertificate {
  readonly #fingerprints: readonly CertificateFingerprint[];
  #key: KeyObject | undefined;

  /** @param fingerprints as the offer has them: one that fits is enough */
  constructor(fingerprints: readonly CertificateFingerprint[]) {
    this.#fingerprints = fingerprints;
  }

  /**
   * Takes the body of a Certificate message (RFC 5246 7.4.2).
   *
   * @throws {WebrtcError} if it has none, or one that was not offered
   */
  take(body: Uint8Array): void {
    const reader = new ByteReader(body, WebrtcError);
    reader.skip(3);
    if (reader.remaining === 0) {
      throw new WebrtcError("Cannot take DTLS certificate: the client must show one, got none");
    }
    const der = reader.bytes(reader.u24());
    if (!this.#fingerprints.some((fingerprint) => fits(der, fingerprint))) {
      throw new WebrtcError(
        "Cannot take DTLS certificate: its fingerprint must be that of the offer, got " +
          formatDigest(der, "sha256"),
      );
    }
    this.#key = publicKeyOf(der);
  }

  /**
   * Takes the body of a CertificateVerify message (RFC 5246 7.4.8).
   *
   * @param handshakes all handshake messages before it
   * @throws {WebrtcError} if the client has not the certificate's key
   */
  verify(body: Uint8Array, handshakes: Uint8Array): void {
    const reader = new ByteReader(body, WebrtcError);
    const hash = reader.u8();
    const signature = reader.u8();
    const key = this.#key;
    if (key === undefined || hash !== SHA256 || SIGNATURES[signature] !== key.asymmetricKeyType) {
      throw new WebrtcError(
        `Cannot verify DTLS client: must sign by SHA-256 and its key, got ${hash} and ${signature}`,
      );
    }
    if (!verify("sha256", handshakes, key, reader.bytes(reader.u16()))) {
      throw new WebrtcError(
        "Cannot verify DTLS client: must sign what was said, got something else",
      );
    }
  }
}

function fits(der: Uint8Array, { algorithm, value }: CertificateFingerprint): boolean {
  const hash = HASHES.get(algorithm);
  return hash !== undefined && formatDigest(der, hash) === value;
}

function formatDigest(der: Uint8Array, hash: string): string {
  const hex = createHash(hash).update(der).digest("hex").toUpperCase();
  return hex.match(/../g)!.join(":");
}

function publicKeyOf(der: Uint8Array): KeyObject {
  try {
    return new X509Certificate(der).publicKey;
  } catch (error) {
    throw new WebrtcError(`Cannot read DTLS certificate: must be of X.509, got ${error}`);
  }
}
