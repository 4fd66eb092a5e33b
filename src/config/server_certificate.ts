import { type CertificateFacts, inspectCertificate } from "../tls/certificate.ts";
import { type CertificatePair, createSelfSigned } from "../tls/self_signed.ts";
import { HOUR_MS } from "./member_kinds.ts";
import type { Config } from "./schema.ts";

const YEAR_MS = 365 * 24 * HOUR_MS;

/** Clients whose clock is behind are to take a new certificate all the same. */
const CLOCK_TOLERANCE_MS = HOUR_MS;

/** RFC 5280 4.1.2.2 allows 20 bytes, and wants it hard to guess. */
const SERIAL_NUMBER_SIZE = 16;

/** What clients are shown over TLS. */
export interface ServerCertificate extends CertificatePair {
  readonly isSelfSigned: boolean;
  readonly facts: CertificateFacts;
}

/**
 * The certificate that the configuration gives, or a new one if it asks for that; `undefined` if
 * nothing is to be served over TLS.
 */
export function serverCertificate(
  { tls, host, publicIps }: Pick<Config, "tls" | "host" | "publicIps">,
): ServerCertificate | undefined {
  if (tls === undefined) return undefined;
  const isSelfSigned = tls === "self-signed";
  const pair = isSelfSigned ? createFor([host, ...publicIps]) : tls;
  return { ...pair, isSelfSigned, facts: inspectCertificate(pair) };
}

function createFor(addresses: readonly string[]): CertificatePair {
  const nowMs = Date.now();
  const asked = addresses.filter((address) => address !== "0.0.0.0" && address !== "::");
  const names = new Set(["localhost", "127.0.0.1", "::1", ...asked]);
  return createSelfSigned({
    names: [...names] as [string, ...string[]],
    notBeforeMs: nowMs - CLOCK_TOLERANCE_MS,
    notAfterMs: nowMs + YEAR_MS,
    serialNumber: crypto.getRandomValues(new Uint8Array(SERIAL_NUMBER_SIZE)),
  });
}

/** Why clients will not take a certificate at this time; `undefined` if they may. */
export function validityProblem(
  { validFromMs, validToMs }: CertificateFacts,
  nowMs: number,
): string | undefined {
  if (nowMs < validFromMs) return `it is valid from ${new Date(validFromMs).toISOString()} on`;
  if (nowMs > validToMs) return `it has expired on ${new Date(validToMs).toISOString()}`;
  return undefined;
}
