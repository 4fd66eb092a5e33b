import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { MadeCertificate } from "../../../src/shard/webtransport/made_certificate.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2030, 0, 1);

function make(names: readonly string[] = []) {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  return new MadeCertificate({ names, nowMs: NOW_MS, random });
}

Deno.test("MadeCertificate: valid for less than two weeks, for this machine, by its SHA-256", () => {
  const { pair, hash } = make(["0.0.0.0", "203.0.113.7", "stream.example"]);
  const read = new X509Certificate(pair.certificate);
  assertEquals(read.fingerprint256.replaceAll(":", ""), hash.toHex().toUpperCase());
  const spanMs = read.validToDate.getTime() - read.validFromDate.getTime();
  assertEquals(spanMs > 13 * DAY_MS && spanMs < 14 * DAY_MS, true, `${spanMs}`);
  assertEquals(read.validFromDate.getTime() < NOW_MS, true);
  assertEquals(read.checkHost("stream.example"), "stream.example");
  for (const address of ["127.0.0.1", "::1", "203.0.113.7"]) {
    assertEquals(read.checkIP(address), address);
  }
  // Browsers take an elliptic curve only (W3C WebTransport, serverCertificateHashes).
  assertEquals(read.publicKey.asymmetricKeyType, "ec");
});

Deno.test("MadeCertificate: another one is made days before its end", () => {
  const made = make();
  assertStrictEquals(made.at(NOW_MS + 6 * DAY_MS), made);
  const next = made.at(NOW_MS + 7 * DAY_MS);
  assertNotEquals(next.hash, made.hash);
  const read = new X509Certificate(next.pair.certificate);
  assertEquals(read.validToDate.getTime(), NOW_MS + 20 * DAY_MS);
});
