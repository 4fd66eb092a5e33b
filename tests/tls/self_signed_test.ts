import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { createSelfSigned } from "../../src/tls/self_signed.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";

const OPTIONS = {
  names: ["localhost", "a.example", "127.0.0.1", "::1", "2001:db8::1:2"],
  notBeforeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  notAfterMs: Date.UTC(2050, 1, 1),
  // Its first bit would make it negative.
  serialNumber: Uint8Array.of(0xfe, 2, 3, 4, 5, 6, 7, 8),
} as const;

Deno.test("createSelfSigned: names, times and number are as asked, the signature holds", () => {
  const pair = createSelfSigned({ ...OPTIONS, names: [...OPTIONS.names] });
  const certificate = new X509Certificate(pair.certificate);
  assertEquals(certificate.subject, "CN=localhost");
  assertEquals(certificate.issuer, "CN=localhost");
  assertEquals(Date.parse(certificate.validFrom), OPTIONS.notBeforeMs);
  assertEquals(Date.parse(certificate.validTo), OPTIONS.notAfterMs);
  assertMatch(certificate.serialNumber, /^(?:00)?FE02030405060708$/i);
  assert(certificate.verify(certificate.publicKey));
  for (const line of pair.certificate.trimEnd().split("\n")) assert(line.length <= 64, line);
});

Deno.test("createSelfSigned: each has a key of its own", () => {
  const [one, other] = [1, 2].map(() => createSelfSigned({ ...OPTIONS, names: ["localhost"] }));
  assertNotEquals(one!.key, other!.key);
});

peerTest("openssl reads and verifies what createSelfSigned makes", ["openssl"], async () => {
  const { certificate, key } = createSelfSigned({ ...OPTIONS, names: [...OPTIONS.names] });
  const folder = await Deno.makeTempDir();
  try {
    const [certificatePath, keyPath] = [`${folder}/certificate.pem`, `${folder}/key.pem`];
    await Deno.writeTextFile(certificatePath, certificate);
    await Deno.writeTextFile(keyPath, key);
    const read = await runPeer("openssl", ["x509", "-in", certificatePath, "-noout", "-text"]);
    for (const part of EXPECTED_PARTS) {
      assert(read.stdout.includes(part), `${part}: ${read.stdout}`);
    }
    const at = `${Date.UTC(2030, 0) / 1000}`;
    const purpose = ["-purpose", "sslserver", "-verify_hostname", "a.example"];
    const verify = ["verify", "-x509_strict", "-check_ss_sig", "-attime", at, ...purpose];
    const verified = await runPeer("openssl", [
      ...[...verify, "-CAfile", certificatePath, certificatePath],
    ]);
    assertEquals(verified.stdout, `${certificatePath}: OK\n`);
    const publicKeys = await Promise.all([
      runPeer("openssl", ["pkey", "-in", keyPath, "-pubout"]),
      runPeer("openssl", ["x509", "-in", certificatePath, "-noout", "-pubkey"]),
    ]);
    assertEquals(publicKeys[0].stdout, publicKeys[1].stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const EXPECTED_PARTS = [
  "Version: 3 (0x2)",
  "Serial Number:\n            fe:02:03:04:05:06:07:08\n",
  "Not Before: Jan  2 03:04:05 2026 GMT",
  "Not After : Feb  1 00:00:00 2050 GMT",
  "ASN1 OID: prime256v1",
  "Signature Algorithm: ecdsa-with-SHA256",
  "X509v3 Basic Constraints: critical\n                CA:FALSE",
  "X509v3 Key Usage: critical\n                Digital Signature",
  "TLS Web Server Authentication",
  "DNS:localhost, DNS:a.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, " +
  "IP Address:2001:DB8:0:0:0:0:1:2",
];
