/** The certificate that DTLS shows; its fingerprint goes into the answer (RFC 8122). */
import { Buffer } from "node:buffer";
import {
  CipherContext,
  fingerprint,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
} from "werift";

/** A self-signed certificate with its key. Made once, for all viewers. */
export interface DtlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** SHA-256 of the certificate as SDP writes it, in upper case: "AB:CD:…". */
  readonly fingerprint: string;
}

/** How certificates of this file are signed: ECDSA with SHA-256. */
export const SIGNATURE_HASH = {
  signature: SignatureAlgorithm.ecdsa_3,
  hash: HashAlgorithm.sha256_4,
} as const;

/** Makes a certificate on P-256 that is valid for ten years. */
export async function createDtlsCertificate(): Promise<DtlsCertificate> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    SIGNATURE_HASH,
    NamedCurveAlgorithm.secp256r1_23,
  );
  const base64 = certPem.replaceAll(/-----[^-]+-----|\s/g, "");
  const digest = fingerprint(Buffer.from(base64, "base64"), "sha256");
  return { certPem, keyPem, fingerprint: digest.toUpperCase() };
}
