import { createHash } from "node:crypto";
import { createSelfSigned } from "../../tls/self_signed.ts";
import type { QuicCertificate } from "./quic_source.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Browsers take a certificate by its hash that is valid for two weeks at most. */
const VALID_MS = 13 * DAY_MS;
/** Another one is made so long before its end: clocks of clients may be ahead. */
const SPARE_MS = 6 * DAY_MS;
/** Clients whose clock is behind are to take a new one all the same. */
const CLOCK_TOLERANCE_MS = HOUR_MS;

const SERIAL_NUMBER_SIZE = 16;

/** What certificates are made with. */
export interface MadeCertificateOptions {
  /** Host names and addresses of this machine, beside its own names for itself. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly random: (length: number) => Uint8Array;
}

/**
 * A certificate that lasts for some days and is made in memory, which pages name by its hash
 * (serverCertificateHashes of the W3C's WebTransport).
 */
export class MadeCertificate {
  readonly pair: QuicCertificate;
  /** SHA-256 of the certificate. */
  readonly hash: Uint8Array;
  readonly #options: MadeCertificateOptions;

  constructor(options: MadeCertificateOptions) {
    const { names, nowMs, random } = options;
    const asked = names.filter((name) => name !== "0.0.0.0" && name !== "::");
    this.#options = options;
    this.pair = createSelfSigned({
      names: ["localhost", ...new Set(["127.0.0.1", "::1", ...asked])],
      notBeforeMs: nowMs - CLOCK_TOLERANCE_MS,
      notAfterMs: nowMs + VALID_MS,
      serialNumber: random(SERIAL_NUMBER_SIZE),
    });
    this.hash = createHash("sha256").update(derOf(this.pair.certificate)).digest();
  }

  /** This one, or the next if it is time for that. */
  at(nowMs: number): MadeCertificate {
    const isDue = nowMs >= this.#options.nowMs + VALID_MS - SPARE_MS;
    return isDue ? new MadeCertificate({ ...this.#options, nowMs }) : this;
  }
}

/** RFC 7468. */
function derOf(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replace(/-----[A-Z ]+-----/g, ""));
}
