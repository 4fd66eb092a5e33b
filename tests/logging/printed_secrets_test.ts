import { assertEquals } from "@std/assert";
import { printedSecrets } from "../../testing/printed_secrets.ts";

const CONFIG = {
  adminToken: "the-token-of-the-operator",
  access: {
    keys: [{ id: "camera-with-a-long-name", hash: "sha256$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo" }],
    signedUrls: { secrets: [{ id: "a", secret: "what-signs-urls-of-this-server" }] },
  },
  tls: { key: "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----" },
};

/** What is printed, and what of it is secret. */
const CASES: readonly (readonly [printed: string, found: string[]])[] = [
  ["", []],
  ["key camera-with-a-long-name publishes live/test", []],
  ["-----BEGIN PRIVATE KEY----- is missing", []],
  ["rtmp://localhost/live/NAME?token=TOKEN", []],
  ["wrong the-token-of-the-operator", ["adminToken"]],
  ["…signs-urls-of-this-server", ["secret"]],
  ["hash sha256$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", ["hash"]],
  ["got MIGHAgEAMBMGByqGSM49", ["key"]],
  ["GET /live/test.flv?token=x", ["a token behind an address"]],
  ["GET /live/test.flv?a=b&token=TOKENS", ["a token behind an address"]],
  ['{"authorization":"Bearer x"}', ["a header with credentials"]],
  ["eyJhbGciOiJIUzI1NiJ9.eyJwbGF5IjoiKiJ9.c2ln", ["a JSON Web Token"]],
  ["live/s1.a.trnulc.0123456789abcdefABCDEF", ["a signed URL"]],
];

Deno.test("printedSecrets: finds what is configured, and what clients show", () => {
  for (const [printed, found] of CASES) {
    assertEquals(printedSecrets(printed, CONFIG), found, printed);
  }
});
