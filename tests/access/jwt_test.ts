import { generateKeyPairSync } from "node:crypto";
import { assertEquals, assertThrows } from "@std/assert";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import type { AccessDecision, AccessRequest } from "../../src/access/access.ts";
import { AccessError } from "../../src/access/access_error.ts";
import { algorithmOfKey, Jwt, type JwtSettings } from "../../src/access/jwt.ts";
import { RevokedTokens } from "../../src/access/revoked_tokens.ts";
import { RemoteKeys } from "../../src/access/remote_keys.ts";
import { accessRequest } from "./requests.ts";
import { startHttpServer } from "./http_server.ts";

const NOW_MS = 1_800_000_000_000;
const SECRET = "a-secret-for-hs256-of-at-least-32-bytes";
const DEFAULTS: JwtSettings = {
  publicKeys: [],
  permissionsClaim: "mediamtx_permissions",
  endAtExpiry: false,
  clockSkewMs: 0,
};

type Claims = Record<string, unknown>;
type Signer = CryptoKey | Uint8Array;

function sign(claims: Claims, alg: string, key: Signer, kid?: string): Promise<string> {
  const jwt = new SignJWT({ exp: NOW_MS / 1000 + 60, ...claims });
  return jwt.setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

const signHs256 = (claims: Claims) => sign(claims, "HS256", new TextEncoder().encode(SECRET));

function jwtOf(settings: Partial<JwtSettings>, nowMs: () => number): Jwt {
  const { jwksUrl } = settings;
  const remote = jwksUrl === undefined ? undefined : new RemoteKeys(jwksUrl, nowMs);
  return new Jwt({ ...DEFAULTS, ...settings }, nowMs, remote);
}

async function decide(
  settings: Partial<JwtSettings>,
  token: string,
  parts: Partial<AccessRequest> = {},
): Promise<AccessDecision | undefined> {
  const jwt = jwtOf(settings, () => NOW_MS);
  return await jwt.decide(accessRequest({ credentials: { token }, ...parts }));
}

function outcome(decision: AccessDecision | undefined): string {
  if (decision === undefined) return "pass";
  return decision.kind === "allow" ? "allow" : decision.cause;
}

Deno.test("a token of each algorithm is taken, and one that another key signed is not", async () => {
  for (const alg of ["RS256", "ES256", "EdDSA"]) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const other = await generateKeyPair(alg);
    const pem = await exportSPKI(publicKey);
    assertEquals(algorithmOfKey(pem), alg);
    const settings = { publicKeys: [await exportSPKI(other.publicKey), pem], secret: SECRET };
    const token = await sign({ publish: "live/test" }, alg, privateKey);
    assertEquals(outcome(await decide(settings, token)), "allow", alg);
    const alone = { publicKeys: [await exportSPKI(other.publicKey)] };
    assertEquals(outcome(await decide(alone, token)), "wrong token", alg);
  }
  const token = await signHs256({ publish: "live/test" });
  assertEquals(outcome(await decide({ secret: SECRET }, token)), "allow");
  assertEquals(outcome(await decide({ secret: `${SECRET}x` }, token)), "wrong token");
});

Deno.test("a token does not choose how it is checked", async () => {
  const { publicKey } = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportSPKI(publicKey);
  const settings = { publicKeys: [pem] };
  // Signed with what everybody knows.
  const confused = await sign({ publish: "*" }, "HS256", new TextEncoder().encode(pem));
  assertEquals(outcome(await decide(settings, confused)), "wrong token");
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value))
      .toBase64({ alphabet: "base64url", omitPadding: true });
  const payload = encode({ publish: "*", exp: NOW_MS / 1000 + 60 });
  for (const alg of ["none", "None", "NONE", "HS512", "RS512", "", 5]) {
    for (const signature of ["", "AAAA"]) {
      const token = `${encode({ alg })}.${payload}.${signature}`;
      assertEquals(outcome(await decide({ ...settings, secret: SECRET }, token)), "wrong token");
    }
  }
  const [head, , signature] = (await signHs256({ publish: "live/other" })).split(".");
  const changed = `${head}.${payload}.${signature}`;
  assertEquals(outcome(await decide({ secret: SECRET }, changed)), "wrong token");
});

Deno.test("what is no token is another source's, and rubbish that looks like one is refused", async () => {
  for (const token of ["", "camera.secretsecretsecret", "a.b.c", "s1.a.b.c", "eyJ", "eyJ.a"]) {
    assertEquals(outcome(await decide({ secret: SECRET }, token)), "pass", token);
  }
  for (const token of ["eyJ.a.b", "eyJhbGciOiJIUzI1NiJ9.e30.", `eyJ${"A".repeat(4000)}.AA.AA`]) {
    assertEquals(outcome(await decide({ secret: SECRET }, token)), "wrong token", token);
  }
});

Deno.test("a token must expire, and counts until then", async () => {
  const settings = { secret: SECRET };
  const expired = await signHs256({ publish: "*", exp: NOW_MS / 1000 - 1 });
  assertEquals(outcome(await decide(settings, expired)), "expired token");
  assertEquals(outcome(await decide({ ...settings, clockSkewMs: 5000 }, expired)), "allow");
  const endless = await signHs256({ publish: "*", exp: undefined });
  assertEquals(outcome(await decide(settings, endless)), "wrong token");
  const early = await signHs256({ publish: "*", nbf: NOW_MS / 1000 + 5 });
  assertEquals(outcome(await decide(settings, early)), "wrong token");
});

Deno.test("issuer and audience are those of the configuration", async () => {
  const settings = { secret: SECRET, issuer: "https://id.example", audience: "sluice" };
  const right = await signHs256({ publish: "*", iss: "https://id.example", aud: ["sluice"] });
  assertEquals(outcome(await decide(settings, right)), "allow");
  for (const claims of [{}, { iss: "https://id.example" }, { iss: "x", aud: "sluice" }]) {
    const token = await signHs256({ publish: "*", ...claims });
    assertEquals(outcome(await decide(settings, token)), "wrong token");
  }
});

/** Claims, what is asked for, and whether they allow it. */
const PERMISSIONS: readonly (readonly [Claims, Partial<AccessRequest>, boolean])[] = [
  [{ publish: "live/test" }, {}, true],
  [{ publish: "live/test" }, { action: "play" }, false],
  [{ publish: "live/test" }, { path: "live/other" }, false],
  [{ play: ["live/a", "live/t*"] }, { action: "play" }, true],
  [{ play: true }, { action: "play" }, true],
  [{ play: [5, null, {}] }, { action: "play" }, false],
  [{ api: true }, { action: "api", path: "" }, true],
  [{ publish: "*", play: "*" }, { action: "api", path: "" }, false],
  [{}, {}, false],
  [{ mediamtx_permissions: [{ action: "publish", path: "live/test" }] }, {}, true],
  [{ mediamtx_permissions: [{ action: "publish" }] }, {}, true],
  [{ mediamtx_permissions: [{ action: "publish", path: "" }] }, { action: "play" }, false],
  [{ mediamtx_permissions: [{ action: "read", path: "live/test" }] }, { action: "play" }, true],
  [{ mediamtx_permissions: [{ action: "read", path: "live/x" }] }, { action: "play" }, false],
  [{ mediamtx_permissions: [{ action: "api" }] }, { action: "api", path: "" }, true],
  [{ mediamtx_permissions: [{ action: "publish", path: "~^live/.*$" }] }, {}, true],
  [{ mediamtx_permissions: [{ action: "publish", path: "~live" }] }, {}, true],
  [{ mediamtx_permissions: [{ action: "publish", path: "~^live$" }] }, {}, false],
  [{ mediamtx_permissions: [{ action: "publish", path: "~^li.*te.*t$" }] }, {}, true],
  [{ mediamtx_permissions: [{ action: "publish", path: "~^li.*te.*x" }] }, {}, false],
  [{ mediamtx_permissions: [{ action: "publish", path: "~^(l+)+$" }] }, {}, false],
  [{ mediamtx_permissions: "publish" }, {}, false],
  [{ mediamtx_permissions: [null, 5, "x", []] }, {}, false],
];

Deno.test("claims allow what they name, in mediamtx's shape and plainly", async () => {
  for (const [claims, parts, isAllowed] of PERMISSIONS) {
    const expected = isAllowed ? "allow" : "token is for something else";
    const decision = await decide({ secret: SECRET }, await signHs256(claims), parts);
    assertEquals(outcome(decision), expected, JSON.stringify([claims, parts]));
  }
});

Deno.test("a token says who it is of, sets limits, and may end a session", async () => {
  const claims = {
    publish: "*",
    jti: "5f2a",
    sub: "alice",
    limits: { maxWidth: 1280 },
    list: false,
  };
  const settings = { secret: SECRET, endAtExpiry: true };
  assertEquals(await decide(settings, await signHs256(claims)), {
    kind: "allow",
    decidedBy: "token 5f2a",
    subject: "token 5f2a",
    user: "user alice",
    expiresAtMs: NOW_MS + 60_000,
    limits: { maxWidth: 1280 },
    isUnlisted: true,
  });
  const plain = await decide({ secret: SECRET }, await signHs256({ publish: "*", sub: "alice" }));
  assertEquals(plain, { kind: "allow", decidedBy: "user alice", subject: "user alice" });
  const wrong = await signHs256({ publish: "*", limits: { maxWidth: "all" } });
  assertEquals(outcome(await decide(settings, wrong)), "wrong limits in token");
});

Deno.test("what is revoked is not taken: a token by its id, a user's tokens by when they were issued", async () => {
  const atMs = NOW_MS - 10_000;
  const revoked = new RevokedTokens([
    { subject: "token 5f2a", atMs },
    { subject: "user alice", atMs },
  ]);
  const settings = { ...DEFAULTS, secret: SECRET, clockSkewMs: 2000 };
  const jwt = new Jwt(settings, () => NOW_MS, undefined, revoked);
  const atS = atMs / 1000;
  for (
    const [claims, expected] of [
      [{ jti: "5f2a" }, "revoked"],
      [{ jti: "5f2a", iat: atS + 5 }, "revoked"],
      [{ jti: "77" }, "allow"],
      [{ sub: "bob" }, "allow"],
      [{ sub: "alice" }, "revoked"],
      [{ sub: "alice", iat: atS - 60 }, "revoked"],
      [{ sub: "alice", iat: atS - 60, jti: "77" }, "revoked"],
      // The issuer's clock may be behind.
      [{ sub: "alice", iat: atS + 2 }, "revoked"],
      [{ sub: "alice", iat: atS + 3 }, "allow"],
      [{ sub: "5f2a" }, "allow"],
      // It is told apart from a name that is the same.
      [{ jti: "alice" }, "allow"],
    ] as const
  ) {
    const token = await signHs256({ publish: "*", ...claims });
    const decision = await jwt.decide(accessRequest({ credentials: { token } }));
    assertEquals(outcome(decision), expected, JSON.stringify(claims));
  }
});

Deno.test("keys that can check no token are named so", () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" });
  assertEquals(algorithmOfKey(`${pem}`), "RS256");
  const others = ["secret", `# mine\n${pem}`, publicKey.export({ type: "pkcs1", format: "pem" })];
  for (const text of others) {
    assertThrows(() => algorithmOfKey(`${text}`), AccessError, "expected PEM text");
  }
});

Deno.test("a set of keys is renewed when it has to be, and outlives its server", async () => {
  const first = await generateKeyPair("ES256", { extractable: true });
  const second = await generateKeyPair("EdDSA", { extractable: true });
  const jwk = async ({ publicKey }: { publicKey: CryptoKey }, kid: string) => {
    return { ...await exportJWK(publicKey), kid };
  };
  let keys = [await jwk(first, "one")];
  let requests = 0;
  let isDown = false;
  const server = startHttpServer(() => {
    requests++;
    return isDown ? new Response("out of order", { status: 500 }) : Response.json({ keys });
  });
  await using _ = server;
  let nowMs = NOW_MS;
  const jwt = jwtOf({ jwksUrl: server.url }, () => nowMs);
  const ask = async (token: string) =>
    outcome(await jwt.decide(accessRequest({ credentials: { token } })));
  const claims = { publish: "*", exp: NOW_MS / 1000 + 7200 };
  const ofFirst = await sign(claims, "ES256", first.privateKey, "one");
  const ofSecond = await sign(claims, "EdDSA", second.privateKey, "two");
  assertEquals([await ask(ofFirst), requests], ["allow", 1]);

  // Unknown keys make no more than one request each while.
  assertEquals([await ask(ofSecond), requests], ["unknown token key", 1]);
  nowMs += 5000;
  assertEquals([await ask(ofSecond), requests], ["unknown token key", 2]);
  keys = [await jwk(second, "two")];
  assertEquals([await ask(ofSecond), requests], ["unknown token key", 2]);
  nowMs += 5000;
  assertEquals([await ask(ofSecond), requests], ["allow", 3]);
  // What was checked a moment ago is not checked again, and what was withdrawn soon is.
  assertEquals([await ask(ofFirst), requests], ["allow", 3]);
  nowMs += 30_000;
  assertEquals([await ask(ofFirst), requests], ["unknown token key", 4]);

  isDown = true;
  nowMs += 3_600_000;
  assertEquals(await ask(ofSecond), "allow");
  assertEquals(await ask(ofSecond), "allow");
});

Deno.test("without any keys, nobody is let in, and each knows soon", async () => {
  const jwt = jwtOf({ jwksUrl: "http://127.0.0.1:9/keys" }, () => NOW_MS);
  const { privateKey } = await generateKeyPair("ES256");
  const token = await sign({ publish: "*" }, "ES256", privateKey);
  const request = accessRequest({ credentials: { token } });
  assertEquals(outcome(await jwt.decide(request)), "token keys");
});

Deno.test("a secret never checks what public keys sign, nor a set of keys what a secret signs", async () => {
  const secret = new TextEncoder().encode(SECRET);
  const server = startHttpServer(() =>
    Response.json({
      keys: [{ kty: "oct", k: secret.toBase64({ alphabet: "base64url" }), alg: "HS256" }],
    })
  );
  await using _ = server;
  const token = await signHs256({ publish: "*" });
  assertEquals(outcome(await decide({ jwksUrl: server.url }, token)), "wrong token");
});
