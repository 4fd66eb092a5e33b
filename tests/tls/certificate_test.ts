import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { inspectCertificate } from "../../src/tls/certificate.ts";
import { TlsError } from "../../src/tls/tls_error.ts";
import { surviveMutations } from "../mutation.ts";
import { currentCertificate, KEYS } from "./certificates.ts";

const { certificate, key } = currentCertificate("localhost");
const other = currentCertificate("other.example");
const unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

Deno.test("inspectCertificate: what is no secret", () => {
  const { fingerprint, validFromMs, validToMs } = inspectCertificate({ certificate, key });
  assertMatch(fingerprint, /^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/);
  assertEquals(validToMs - validFromMs, 25 * 3_600_000);
  // Windows' line ends, texts around the blocks, a chain behind the first certificate.
  const variants = [
    certificate.replaceAll("\n", "\r\n"),
    `Bag Attributes\n${certificate}\n`,
    certificate + other.certificate,
  ];
  for (const variant of variants) {
    assertEquals(inspectCertificate({ certificate: variant, key }).fingerprint, fingerprint);
  }
});

const WRONG: readonly (readonly [certificate: string, key: string, message: string])[] = [
  ["", key, 'certificate has no PEM block "-----BEGIN CERTIFICATE-----"'],
  ["fullchain.pem", key, 'certificate has no PEM block "-----BEGIN CERTIFICATE-----"'],
  [key, key, 'certificate has no PEM block "-----BEGIN CERTIFICATE-----"'],
  [unreadable, key, "certificate 1 of 1 cannot be read"],
  [certificate + unreadable, key, "certificate 2 of 2 cannot be read"],
  [certificate, "", 'key has no PEM block "-----BEGIN PRIVATE KEY-----"'],
  [certificate, certificate, 'key has no PEM block "-----BEGIN PRIVATE KEY-----"'],
  [certificate, KEYS.encrypted, "key is encrypted: give it without its passphrase"],
  [
    certificate,
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "key cannot be read",
  ],
  [certificate, other.key, "the key is not that of the first certificate"],
  [other.certificate + certificate, key, "the key is not that of the first certificate"],
  [certificate, KEYS.rsa, "the key is not that of the first certificate"],
  [certificate, KEYS.rsaPkcs1, "the key is not that of the first certificate"],
  [certificate, KEYS.ecSec1, "the key is not that of the first certificate"],
  [certificate, KEYS.ed25519, "the key is not that of the first certificate"],
];

Deno.test("inspectCertificate: what is wrong, without a word of the key", () => {
  for (const [wrongCertificate, wrongKey, message] of WRONG) {
    const pair = { certificate: wrongCertificate, key: wrongKey };
    const error = assertThrows(() => inspectCertificate(pair), TlsError);
    assertEquals(error.message, message);
    assert(wrongKey === "" || !error.message.includes(wrongKey.slice(40, 60)));
  }
});

Deno.test("inspectCertificate: mutations of both are read or refused", () => {
  const utf8 = new TextEncoder();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  surviveMutations(
    [utf8.encode(certificate)],
    (bytes) => void inspectCertificate({ certificate: text(bytes), key }),
    TlsError,
    { count: 500 },
  );
  surviveMutations(
    [utf8.encode(key)],
    (bytes) => void inspectCertificate({ certificate, key: text(bytes) }),
    TlsError,
    { count: 500 },
  );
});
