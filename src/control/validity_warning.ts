import { getLogger } from "@logtape/logtape";
import { type ServerCertificate, validityProblem } from "../config/server_certificate.ts";

/** Logs why clients will not take a certificate, if they will not. */
export function warnOfValidity({ facts }: ServerCertificate): void {
  const problem = validityProblem(facts, Date.now());
  if (problem === undefined) return;
  getLogger(["sluice", "control"]).warn("Clients will refuse the certificate: {problem}", {
    problem,
  });
}
