import { assert, assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { parseConfig } from "../../src/config/schema.ts";
import { serverCertificate, validityProblem } from "../../src/config/server_certificate.ts";
import { currentCertificate } from "../../testing/certificates.ts";

const DAY_MS = 86_400_000;

Deno.test("serverCertificate: none, the one that is given, or a new one", () => {
  assertEquals(serverCertificate(parseConfig({}, 1)), undefined);
  const given = currentCertificate("localhost");
  const found = serverCertificate(parseConfig({ tls: given }, 1))!;
  assertEquals([found.certificate, found.key, found.isSelfSigned], [
    given.certificate,
    given.key,
    false,
  ]);
  const made = serverCertificate(parseConfig({ tls: "self-signed" }, 1))!;
  assertEquals(made.isSelfSigned, true);
  assertEquals(made.facts.fingerprint, new X509Certificate(made.certificate).fingerprint256);
});

Deno.test("serverCertificate: a new one is for localhost and what the configuration names", () => {
  const local = "DNS:localhost, IP Address:127.0.0.1, IP Address:::1";
  const namesOf = (given: Record<string, unknown>) => {
    const made = serverCertificate(parseConfig({ ...given, tls: "self-signed" }, 1))!;
    return new X509Certificate(made.certificate).subjectAltName!
      .replaceAll(/IP Address:0:0:0:0:0:0:0:1/g, "IP Address:::1");
  };
  for (const host of ["0.0.0.0", "::", "127.0.0.1"]) assertEquals(namesOf({ host }), local);
  assertEquals(
    namesOf({ host: "192.0.2.1", publicIps: ["192.0.2.2", "192.0.2.1"] }),
    `${local}, IP Address:192.0.2.1, IP Address:192.0.2.2`,
  );
});

Deno.test("serverCertificate: a new one is valid now, for a year", () => {
  const { facts } = serverCertificate(parseConfig({ tls: "self-signed" }, 1))!;
  const nowMs = Date.now();
  assert(facts.validFromMs < nowMs - DAY_MS / 25 && facts.validFromMs > nowMs - DAY_MS);
  assert(facts.validToMs > nowMs + 364 * DAY_MS && facts.validToMs < nowMs + 366 * DAY_MS);
  assertEquals(validityProblem(facts, nowMs), undefined);
});

Deno.test("validityProblem: too early, in time, too late", () => {
  const facts = { fingerprint: "", validFromMs: Date.UTC(2030, 0), validToMs: Date.UTC(2031, 0) };
  const early = "it is valid from 2030-01-01T00:00:00.000Z on";
  const late = "it has expired on 2031-01-01T00:00:00.000Z";
  assertEquals(validityProblem(facts, facts.validFromMs - 1), early);
  assertEquals(validityProblem(facts, facts.validFromMs), undefined);
  assertEquals(validityProblem(facts, facts.validToMs), undefined);
  assertEquals(validityProblem(facts, facts.validToMs + 1), late);
});
