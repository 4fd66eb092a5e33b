import { getLogger } from "@logtape/logtape";
import { type ServerCertificate, validityProblem } from "../config/server_certificate.ts";

/** How often certificates are looked at. */
export const VALIDITY_CHECK_MS = 3_600_000;

const DAY_MS = 24 * 3_600_000;

/** Days before the end of which it is warned: certbot renews at thirty. */
const WARNING_DAYS = 14;

/** Why clients refuse a certificate, or will before long; `undefined` if nothing is to be said. */
export function validityWarning(
  facts: ServerCertificate["facts"],
  nowMs: number,
): string | undefined {
  const problem = validityProblem(facts, nowMs);
  if (problem !== undefined) return `Clients will refuse the certificate: ${problem}`;
  const days = Math.floor((facts.validToMs - nowMs) / DAY_MS);
  if (days >= WARNING_DAYS) return undefined;
  const end = new Date(facts.validToMs).toISOString();
  return `The certificate expires in ${days} days, on ${end}`;
}

/** Logs what is to be said of a certificate, if anything; that is also returned. */
export function warnOfValidity({ facts }: ServerCertificate): string | undefined {
  const warning = validityWarning(facts, Date.now());
  if (warning !== undefined) {
    getLogger(["sluice", "control"]).warn("{warning}", { warning });
  }
  return warning;
}

/** Looks at the certificate that there is now and then, and tells what is new to be said of it. */
export class ValidityWatch {
  readonly #warned: (warning: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #told: string | undefined;

  /** @param certificate the one of now */
  constructor(
    certificate: () => ServerCertificate | undefined,
    warned: (warning: string) => void,
    intervalMs: number = VALIDITY_CHECK_MS,
  ) {
    this.#warned = warned;
    // What holds at the start was told there.
    const known = certificate();
    this.#told = known && validityWarning(known.facts, Date.now());
    this.#timer = setInterval(() => this.#look(certificate()), intervalMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(certificate: ServerCertificate | undefined): void {
    const warning = certificate && validityWarning(certificate.facts, Date.now());
    if (warning === this.#told) return;
    this.#told = warning;
    if (warning === undefined) return;
    warnOfValidity(certificate!);
    this.#warned(warning);
  }
}
