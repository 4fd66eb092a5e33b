import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { inspectCertificate } from "../../src/tls/certificate.ts";
import { TlsError } from "../../src/tls/tls_error.ts";
import { surviveMutations } from "../../testing/mutation.ts";
import { currentCertificate, KEYS } from "../../testing/certificates.ts";

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
  ["", key, 'Cannot read the certificate: must be PEM with "-----BEGIN CERTIFICATE-----"'],
  [
    "fullchain.pem",
    key,
    'Cannot read the certificate: must be PEM with "-----BEGIN CERTIFICATE-----"',
  ],
  [key, key, 'Cannot read the certificate: must be PEM with "-----BEGIN CERTIFICATE-----"'],
  [unreadable, key, "Cannot read certificate 1 of 1"],
  [certificate + unreadable, key, "Cannot read certificate 2 of 2"],
  [certificate, "", 'Cannot read the key: must be PEM with "-----BEGIN PRIVATE KEY-----"'],
  [certificate, certificate, 'Cannot read the key: must be PEM with "-----BEGIN PRIVATE KEY-----"'],
  [certificate, KEYS.encrypted, "Cannot read the key: must not be encrypted"],
  [
    certificate,
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "Cannot read the key",
  ],
  [certificate, other.key, "Cannot use the key: must be that of the first certificate"],
  [
    other.certificate + certificate,
    key,
    "Cannot use the key: must be that of the first certificate",
  ],
  [certificate, KEYS.rsa, "Cannot use the key: must be that of the first certificate"],
  [certificate, KEYS.rsaPkcs1, "Cannot use the key: must be that of the first certificate"],
  [certificate, KEYS.ecSec1, "Cannot use the key: must be that of the first certificate"],
  [certificate, KEYS.ed25519, "Cannot use the key: must be that of the first certificate"],
  ...[["rsa1024", "rsa"], ["secp256k1", "ec"], ["x25519", "x25519"]].map(([kind, type]) =>
    [
      certificate,
      KEYS[kind as keyof typeof KEYS],
      "Cannot use the key: must be RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, " +
      `or Ed25519, got ${type}`,
    ] as const
  ),
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
