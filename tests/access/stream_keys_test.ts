import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { AccessDecision, AccessRequest } from "../../src/access/access.ts";
import { AccessError } from "../../src/access/access_error.ts";
import { hashSecret, KeyHash } from "../../src/access/key_hash.ts";
import { type StreamKey, StreamKeys } from "../../src/access/stream_keys.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { accessRequest } from "./requests.ts";

const { key, hash } = makeKey("camera-1");
const secret = key.slice("camera-1.".length);

const PLAIN = { actions: ["publish"], paths: ["live/camera"], list: true } as const;
const keys = new StreamKeys([
  { id: "camera-1", hash, ...PLAIN, limits: { maxPublishers: 1 } } satisfies StreamKey,
  { id: "many", hash, actions: ["publish", "play"], paths: ["live/*"], list: false },
]);

/** Whether it is allowed and as which path, or else why not; "pass" if another source is to say. */
function outcome(parts: Partial<AccessRequest>): string {
  const decision = keys.decide(accessRequest(parts));
  if (decision === undefined) return "pass";
  return decision.kind === "allow" ? `allow ${decision.path ?? "as asked"}` : decision.cause;
}

Deno.test("a key is taken as the name, as the token, and as user and password", () => {
  const path = "live/camera";
  const cases: readonly (readonly [Partial<AccessRequest>, string])[] = [
    [{ path: `live/${key}` }, "allow live/camera"],
    [{ path, credentials: { token: key } }, "allow as asked"],
    [{ path, credentials: { user: "camera-1", password: secret } }, "allow as asked"],
    [{ path: `other/${key}` }, "key is for another stream"],
    [{ path: "live/else", credentials: { token: key } }, "key is for another stream"],
    [{ path, action: "play", credentials: { token: key } }, "key is for another action"],
    [{ path: `live/camera-1.${"x".repeat(24)}` }, "wrong key"],
    [{ path, credentials: { token: `camera-1.${"x".repeat(24)}` } }, "wrong key"],
    [{ path, credentials: { user: "camera-1", password: "" } }, "wrong key"],
    [{ path, credentials: { user: "camera-1", password: "x".repeat(100_000) } }, "wrong key"],
    [{ path: "live/x", credentials: { token: `many.${secret}` } }, "allow as asked"],
    [
      { path: "live/x", action: "play", credentials: { token: `many.${secret}` } },
      "allow as asked",
    ],
    // Which stream it would be, nobody could tell.
    [{ path: `live/many.${secret}` }, "key is for another stream"],
    // Others may know these.
    [{ path }, "pass"],
    [{ path, credentials: { token: `nobody.${secret}` } }, "pass"],
    [{ path: `live/nobody.${secret}` }, "pass"],
    [{ path, credentials: { token: "eyJhbGciOiJIUzI1NiJ9.e30.abc" } }, "pass"],
    [{ path, credentials: { user: "alice", password: secret } }, "pass"],
    // A viewer asks for a name, and never for a key.
    [{ path: `live/${key}`, action: "play" }, "pass"],
  ];
  for (const [parts, expected] of cases) assertEquals(outcome(parts), expected, `${expected}`);
});

Deno.test("a key brings what it was given in the configuration", () => {
  const by = (parts: Partial<AccessRequest>): AccessDecision | undefined =>
    keys.decide(accessRequest(parts));
  assertEquals(by({ path: `live/${key}` }), {
    kind: "allow",
    decidedBy: "key camera-1",
    subject: "key camera-1",
    path: "live/camera",
    limits: { maxPublishers: 1 },
  });
  assertEquals(by({ credentials: { token: `many.${secret}` } }), {
    kind: "allow",
    decidedBy: "key many",
    subject: "key many",
    isUnlisted: true,
  });
});

Deno.test("keys and hashes are never the same, and hold no secret in what is told", () => {
  assertMatch(key, /^camera-1\.[\w-]{24}$/);
  assertMatch(hash, /^sha256\$[\w-]{22}\$[\w-]{43}$/);
  assert(!hash.includes(secret));
  const salts = [new Uint8Array(16), new Uint8Array(16).fill(1)] as const;
  assert(hashSecret(secret, salts[0]) !== hashSecret(secret, salts[1]));
});

Deno.test("what can be no key is refused, without being repeated", () => {
  const salt = new Uint8Array(16);
  for (const text of ["", "short", "has a space in it, and more", "ü".repeat(30)]) {
    const { message } = assertThrows(() => hashSecret(text, salt), AccessError);
    assert(text === "" || !message.includes(text), message);
    assert(message.includes(`got ${text.length} characters`), message);
  }
  assertThrows(() => hashSecret(secret, new Uint8Array(3)), AccessError, "16 bytes, got 3");
  const wrong = { id: "a", hash: "plain-secret-in-wrong-place", ...PLAIN };
  const { message } = assertThrows(() => new StreamKeys([wrong]), AccessError);
  assert(!message.includes("plain-secret"), message);
});

Deno.test("a try costs the same for one key and for ten thousand", () => {
  const many = new StreamKeys(
    Array.from({ length: 10_000 }, (_, at) => ({ id: `key-${at}`, hash, ...PLAIN })),
  );
  const started = performance.now();
  for (let at = 0; at < 1000; at++) {
    const token = `key-${at}.${secret}`;
    assert(many.decide(accessRequest({ path: "live/camera", credentials: { token } })));
  }
  assert(performance.now() - started < 1000);
});

Deno.test("KeyHash: a wrong secret is wrong before and after the right one was given", () => {
  const secret = "correct-horse-battery";
  const known = new KeyHash(hashSecret(secret, new Uint8Array(16).fill(7)));
  const wrong = [
    "",
    "c",
    secret.slice(1),
    secret.slice(0, -1),
    `${secret}a`,
    `d${secret.slice(1)}`,
  ];
  const isTaken = (given: string) => known.matches(given);
  assertEquals(wrong.filter(isTaken), []);
  assertEquals([known.matches(secret), known.matches(secret)], [true, true]);
  assertEquals(wrong.filter(isTaken), []);
  assertEquals(known.matches(`${secret.slice(0, -1)}\u{10079}`), false);
});
