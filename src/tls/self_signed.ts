/** A certificate for trying things out, made in memory (RFC 5280). */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { isIP } from "node:net";
import {
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derTrue,
  derUtf8String,
} from "./der.ts";
import { ipAddressBytes } from "./ip_address_bytes.ts";

/** A certificate and its key, both as PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is made for. */
export interface SelfSignedOptions {
  /** Host names and IP addresses that clients will ask for; the first is the subject's name. */
  readonly names: readonly [string, ...string[]];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 8 to 20 random bytes: two certificates of one subject may not have the same number. */
  readonly serialNumber: Uint8Array;
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const KEY_USAGE = "2.5.29.15";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/** RFC 5280 4.2.1.3: digitalSignature is the first bit. */
const DIGITAL_SIGNATURE = Uint8Array.of(0x80);
const DIGITAL_SIGNATURE_UNUSED_BITS = 7;

/** RFC 5280 4.2.1.6: the tags of a GeneralName. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/**
 * Makes a key on P-256 and a certificate for it, signed by itself with ECDSA and SHA-256.
 *
 * @example
 * ```ts
 * import { createSelfSigned } from "./self_signed.ts";
 *
 * const { certificate, key } = createSelfSigned({
 *   names: ["localhost", "127.0.0.1"],
 *   notBeforeMs: Date.UTC(2030, 0),
 *   notAfterMs: Date.UTC(2031, 0),
 *   serialNumber: crypto.getRandomValues(new Uint8Array(16)),
 * });
 * ```
 */
export function createSelfSigned(options: SelfSignedOptions): CertificatePair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
  const toBeSigned = certificateBody(options, publicKeyInfo);
  const certificate = derSequence(
    toBeSigned,
    derSequence(derObjectIdentifier(ECDSA_WITH_SHA256)),
    derBitString(sign("sha256", toBeSigned, privateKey)),
  );
  return {
    certificate: toPem("CERTIFICATE", certificate),
    key: toPem("PRIVATE KEY", privateKey.export({ type: "pkcs8", format: "der" })),
  };
}

/** TBSCertificate (RFC 5280 4.1.2), version 3. */
function certificateBody(
  { names, notBeforeMs, notAfterMs, serialNumber }: SelfSignedOptions,
  publicKeyInfo: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const commonName = derSequence(derObjectIdentifier(COMMON_NAME), derUtf8String(names[0]));
  const name = derSequence(derSet(commonName));
  return derSequence(
    derExplicit(0, derInteger(Uint8Array.of(2))),
    derInteger(serialNumber),
    derSequence(derObjectIdentifier(ECDSA_WITH_SHA256)),
    name,
    derSequence(derTime(notBeforeMs), derTime(notAfterMs)),
    name,
    publicKeyInfo,
    derExplicit(3, extensions(names)),
  );
}

function extensions(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const usage = derBitString(DIGITAL_SIGNATURE, DIGITAL_SIGNATURE_UNUSED_BITS);
  return derSequence(
    // No authority: nobody who trusts it trusts what its key has signed.
    criticalExtension(BASIC_CONSTRAINTS, derSequence()),
    criticalExtension(KEY_USAGE, usage),
    extension(EXTENDED_KEY_USAGE, derSequence(derObjectIdentifier(SERVER_AUTHENTICATION))),
    extension(SUBJECT_ALTERNATIVE_NAME, derSequence(...names.map(generalName))),
  );
}

function extension(identifier: string, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return derSequence(derObjectIdentifier(identifier), derOctetString(value));
}

function criticalExtension(identifier: string, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return derSequence(derObjectIdentifier(identifier), derTrue(), derOctetString(value));
}

function generalName(name: string): Uint8Array<ArrayBuffer> {
  return isIP(name) === 0
    ? derImplicit(DNS_NAME, new TextEncoder().encode(name))
    : derImplicit(IP_ADDRESS, ipAddressBytes(name));
}

/** RFC 7468: base64 in lines of 64. */
function toPem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
