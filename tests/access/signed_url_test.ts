import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AccessRequest } from "../../src/access/access.ts";
import { AccessError } from "../../src/access/access_error.ts";
import { type SignedGrant, SignedUrls, signUrl } from "../../src/access/signed_url.ts";
import { accessRequest } from "./requests.ts";

const NOW_MS = 1_800_000_000_000;
const secret = { id: "a", secret: "a-secret-of-this-server" };
const grant: SignedGrant = { action: "play", path: "live/test", expiresAtMs: NOW_MS + 60_000 };

function outcome(token: string, parts: Partial<AccessRequest> = {}, nowMs = NOW_MS): string {
  const options = { secrets: [secret], endAtExpiry: false, nowMs: () => nowMs };
  const request = accessRequest({ action: "play", credentials: { token }, ...parts });
  const decision = new SignedUrls(options).decide(request);
  if (decision === undefined) return "pass";
  return decision.kind === "allow" ? "allow" : decision.cause;
}

Deno.test("a signed URL is for one action, one stream, and a time", () => {
  const token = signUrl(secret, grant);
  assertEquals(outcome(token), "allow");
  assertEquals(outcome(token, { action: "publish" }), "wrong signature");
  assertEquals(outcome(token, { action: "api" }), "URL is for another action");
  assertEquals(outcome(token, { path: "live/tes" }), "wrong signature");
  assertEquals(outcome(token, {}, NOW_MS + 59_999), "allow");
  assertEquals(outcome(token, {}, NOW_MS + 60_000), "expired URL");
});

Deno.test("no character of a signed URL can be changed", () => {
  const token = signUrl(secret, grant);
  for (let at = 0; at < token.length - 1; at++) {
    const other = token[at] === "b" ? "c" : "b";
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    assert(outcome(changed) !== "allow", changed);
  }
});

Deno.test("a signed URL may be for one address, however that is written", () => {
  const token = signUrl(secret, { ...grant, address: "2001:DB8:0::1" });
  assertEquals(outcome(token, { address: "2001:db8::1" }), "allow");
  assertEquals(outcome(token, { address: "2001:db8::2" }), "wrong signature");
  assertEquals(outcome(token, { address: undefined }), "wrong signature");
  assertEquals(
    outcome(token.replace("s1a.", "s1."), { address: "2001:db8::1" }),
    "wrong signature",
  );
});

Deno.test("a signed URL is short, and of an unknown signer nothing", () => {
  const token = signUrl(secret, grant);
  assert(token.length <= 40, token);
  const other = signUrl({ ...secret, id: "b" }, grant);
  assertEquals(outcome(other), "unknown signer");
  for (const none of ["", "a.b", "s1.a.b.c", `${token}x`, "eyJhbGciOiJub25lIn0.e30."]) {
    assertEquals(outcome(none), "pass", none);
  }
});

Deno.test("the expiry of a signed URL ends a session if that is wanted", () => {
  const token = signUrl(secret, grant);
  const options = { secrets: [secret], endAtExpiry: true, nowMs: () => NOW_MS };
  const request = accessRequest({ action: "play", credentials: { token } });
  assertEquals(new SignedUrls(options).decide(request), {
    kind: "allow",
    decidedBy: "signature a",
    subject: "signature a",
    isShared: true,
    expiresAtMs: grant.expiresAtMs,
  });
});

Deno.test("what cannot be signed is refused with the reason", () => {
  const wrong: readonly (readonly [Partial<typeof secret>, Partial<SignedGrant>, string])[] = [
    [{ id: "a.b" }, {}, "an id of 3 characters"],
    [{ secret: "short" }, {}, "16 to 128 characters, got 5"],
    [{}, { expiresAtMs: NaN }, "NaN ms"],
    [{}, { expiresAtMs: -1 }, "-1 ms"],
  ];
  for (const [signer, given, message] of wrong) {
    const sign = () => signUrl({ ...secret, ...signer }, { ...grant, ...given });
    assertThrows(sign, AccessError, message);
  }
});
