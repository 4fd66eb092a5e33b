import { assert, assertEquals } from "@std/assert";
import type { AccessDecision, AccessRequest, Refused } from "../../src/access/access.ts";
import { AccessChain } from "../../src/access/access_chain.ts";
import { type AccessParts, ConfiguredAccess } from "../../src/access/configured_access.ts";
import type { Rule } from "../../src/access/rules.ts";
import type { AccessSettings } from "../../src/access/settings.ts";
import { signUrl } from "../../src/access/signed_url.ts";
import { refuse } from "../../src/access/source.ts";
import { hashSecret } from "../../src/access/key_hash.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { accessSettings } from "./access_settings.ts";
import { startHttpServer } from "./http_server.ts";
import { accessRequest } from "./requests.ts";

const NOW_MS = 1_800_000_000_000;
const PARTS: AccessParts = {
  observer: { answered() {}, noticeLost() {} },
  nowMs: () => NOW_MS,
};
const { key, hash } = makeKey("cam");
const TOKEN = "the-token-of-the-operator";
const ADMIN = { adminTokenHash: hashSecret(TOKEN, new Uint8Array(16)) };
const CAMERA = {
  id: "cam",
  hash,
  actions: ["publish"],
  paths: ["live/test"],
  list: true,
} as const;
const PLAYERS: Rule = {
  decision: "allow",
  actions: ["play"],
  paths: ["live/*"],
  addresses: [],
  list: true,
};

async function outcome(
  settings: Partial<AccessSettings>,
  request: Partial<AccessRequest>,
  parts: Partial<AccessParts> = {},
): Promise<string> {
  const access = new ConfiguredAccess(accessSettings(settings), { ...PARTS, ...parts });
  return told(await access.decide(accessRequest(request)));
}

function told(decision: AccessDecision): string {
  return decision.kind === "allow"
    ? `allow: ${decision.decidedBy}`
    : `${decision.status}: ${decision.cause}`;
}

Deno.test("whoever no source knows is asked for credentials, or told that they do not do", async () => {
  assertEquals(await outcome({}, {}), "unauthorized: no credentials");
  assertEquals(
    await outcome({}, { credentials: { token: "x" } }),
    "forbidden: unknown credentials",
  );
  const open = { otherwise: { publish: "refuse", play: "allow" } } as const;
  assertEquals(await outcome(open, { action: "play" }), "allow: open");
  assertEquals(await outcome(open, {}), "unauthorized: no credentials");
  assertEquals(await outcome(open, { action: "api" }), "unauthorized: no credentials");
});

Deno.test("an id that is not known is told from a wrong secret in the log, and nowhere else", async () => {
  const signed = { id: "a", secret: "what-signs-urls-of-this-server" };
  const grant = { action: "publish", path: "live/test", expiresAtMs: NOW_MS + 60_000 } as const;
  const access = new ConfiguredAccess(
    accessSettings({
      keys: [CAMERA],
      signedUrls: { secrets: [signed], endAtExpiry: false },
    }),
    PARTS,
  );
  const wrong = "x".repeat(24);
  const cases: readonly (readonly [cause: string, request: Partial<AccessRequest>])[] = [
    ["wrong key", { path: `live/cam.${wrong}` }],
    ["unknown key", { path: `live/none.${wrong}` }],
    ["wrong key", { credentials: { token: `cam.${wrong}` } }],
    ["unknown key", { credentials: { token: `none.${wrong}` } }],
    ["wrong key", { credentials: { user: "cam", password: wrong } }],
    ["unknown credentials", { credentials: { user: "none", password: wrong } }],
    [
      "wrong signature",
      { credentials: { token: signUrl({ ...signed, secret: `${signed.secret}x` }, grant) } },
    ],
    ["unknown signer", { credentials: { token: signUrl({ ...signed, id: "b" }, grant) } }],
  ];
  for (const [expected, request] of cases) {
    const decision = await access.decide(accessRequest(request));
    const { status, reason, cause } = decision as Refused;
    assertEquals(
      [cause, status, reason],
      [expected, "forbidden", "The credentials do not allow this."],
    );
  }
});

Deno.test("a name that looks like a key of nobody's is a name, for whoever else is asked", async () => {
  const path = `live/none.${"x".repeat(24)}`;
  const settings = { keys: [CAMERA], otherwise: { publish: "allow", play: "refuse" } } as const;
  assertEquals(await outcome(settings, { path }), "allow: open");
  const rule = { ...PLAYERS, actions: ["publish"] } as const;
  assertEquals(await outcome({ keys: [CAMERA], rules: [rule] }, { path }), "allow: rule 1");
});

Deno.test("a refusal says the same whatever stream it is about, and no secret", async () => {
  const access = new ConfiguredAccess(accessSettings({ keys: [CAMERA] }), PARTS);
  const refusals = new Set<string>();
  for (const path of ["live/test", "live/none", `live/${key}x`]) {
    const request = accessRequest({ path, action: "play", credentials: { token: key } });
    const decision = await access.decide(request);
    assert(decision.kind === "refuse");
    refusals.add(JSON.stringify(decision));
  }
  assertEquals(refusals.size, 1);
  assert(![...refusals].join().includes(key.slice(4)));
});

Deno.test("sources are asked in the order that is configured", async () => {
  const settings = { keys: [CAMERA], rules: [{ ...PLAYERS, actions: ["publish"] }] } as const;
  const request = { credentials: { token: key } };
  assertEquals(await outcome(settings, request), "allow: rule 1");
  assertEquals(await outcome({ ...settings, order: ["keys", "rules"] }, request), "allow: key cam");
  assertEquals(
    await outcome({ ...settings, order: [] }, request),
    "forbidden: unknown credentials",
  );
});

Deno.test("addresses count before everything, the token of the operator too", async () => {
  const allow = ["10.0.0.0/8"];
  const settings = { ...ADMIN, addresses: { api: { allow, deny: [] } } };
  const credentials = { token: TOKEN };
  assertEquals(await outcome(settings, { action: "api", credentials }), "forbidden: address");
  const near = { action: "api", address: "10.1.1.1", credentials } as const;
  assertEquals(await outcome(settings, near), "allow: admin token");
});

Deno.test("the token of the operator is for the API, and nothing else is", async () => {
  const token = { token: TOKEN };
  const basic = { user: "admin", password: TOKEN };
  const cases: readonly (readonly [Partial<AccessRequest>, string])[] = [
    [{ action: "api", credentials: token }, "allow: admin token"],
    [{ action: "api", credentials: basic }, "allow: admin token"],
    [{ action: "publish", credentials: token }, "forbidden: unknown credentials"],
    [{ action: "api", credentials: { token: `${TOKEN}x` } }, "forbidden: unknown credentials"],
    [{ action: "api", credentials: { token: key } }, "forbidden: key is for another action"],
  ];
  for (const [request, expected] of cases) {
    assertEquals(await outcome({ ...ADMIN, keys: [CAMERA] }, request), expected);
  }
  const open = { otherwise: { publish: "allow", play: "allow" } } as const;
  assertEquals(
    await outcome(open, { action: "api", credentials: token }),
    "forbidden: unknown credentials",
  );
});

Deno.test("what is known at once is answered at once", () => {
  const settings = accessSettings({ keys: [CAMERA], rules: [PLAYERS] });
  const access = new ConfiguredAccess(settings, PARTS);
  for (const request of [{ credentials: { token: key } }, { action: "play" }, {}] as const) {
    assert(!(access.decide(accessRequest(request)) instanceof Promise));
  }
});

Deno.test("a function decides, or leaves it to others, or fails and keeps out", async () => {
  const ask = (decision: AccessDecision | undefined) => ({
    askFunction: () => ({ answer: Promise.resolve(decision), forget() {} }),
  });
  const allow = { kind: "allow", decidedBy: "function" } as const;
  assertEquals(await outcome({}, {}, ask(allow)), "allow: function");
  const no = refuse("forbidden", "not today", "function");
  assertEquals(await outcome({}, {}, ask(no)), "forbidden: not today");
  assertEquals(await outcome({}, {}, ask(undefined)), "unauthorized: no credentials");
  const failing = {
    askFunction: () => ({ answer: Promise.reject(new Error("defect")), forget() {} }),
  };
  assertEquals(await outcome({}, {}, failing), "unavailable: a source failed");
});

Deno.test("a source that fails at once keeps out, too", async () => {
  const errors: unknown[] = [];
  const broken = {
    decide() {
      throw new Error("defect");
    },
  };
  const open = { publish: "allow", play: "allow" } as const;
  const chain = new AccessChain([broken], open, (error) => errors.push(error));
  assertEquals(told(await chain.decide(accessRequest())), "unavailable: a source failed");
  assertEquals(errors.length, 1);
});

Deno.test("new settings count from the next question on", async () => {
  const access = new ConfiguredAccess(accessSettings({ keys: [CAMERA] }), PARTS);
  const request = accessRequest({ credentials: { token: key } });
  assertEquals(told(await access.decide(request)), "allow: key cam");
  access.configure(accessSettings());
  assertEquals(told(await access.decide(request)), "forbidden: unknown credentials");
});

Deno.test("hooks that only listen are told whoever decides, and of nobody who was kept out", async () => {
  const told: string[] = [];
  const server = startHttpServer(async (request) => {
    const { action, stream } = await request.json();
    told.push(`${action} ${stream}`);
    return new Response("0");
  });
  await using _ = server;
  const hook = {
    url: server.url,
    events: ["on_publish", "on_play", "on_unpublish", "on_stop"],
    paths: ["*"],
    decides: false,
    timeoutMs: 3000,
  } as const;
  const settings = accessSettings({ keys: [CAMERA], hooks: [hook] });
  const access = new ConfiguredAccess(settings, PARTS);
  const request = accessRequest({ path: `live/${key}` });
  const decision = await access.decide(request);
  await access.decide(accessRequest({ action: "play" }));
  await access.decide({ ...request, isAgain: true });
  if (decision.kind !== "allow") throw new Error(decision.cause);
  await access.close(5000);
  access.ended({ request, decision, durationMs: 5, bytes: 5, reason: "it has left" });
  await access.close(5000);
  assertEquals(told, ["on_publish test", "on_unpublish test"]);
});
