import { assert, assertEquals, assertThrows } from "@std/assert";
import { hashSecret } from "../../src/access/key_hash.ts";
import { accessContacts, opennessOf, otherwiseOf } from "../../src/config/access_summary.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { parseConfig } from "../../src/config/schema.ts";

const HASH = hashSecret("a-secret-of-a-camera", new Uint8Array(16));
const KEY = { id: "camera", hash: HASH, paths: ["live/camera"] };
const SECRET = "hidden-secret-of-32-characters-or-more";

const accessOf = (access: unknown) => parseConfig({ access }, 1).access;

Deno.test("what is not said of a key, a rule or a hook has a default", () => {
  const access = accessOf({
    keys: [KEY],
    rules: [{ decision: "allow" }],
    hooks: [{ url: "http://127.0.0.1:9000/hook" }],
    jwt: { secret: SECRET },
    addresses: { publish: { allow: ["10.0.0.0/8"] } },
  });
  assertEquals(access.keys, [{ ...KEY, actions: ["publish"], list: true }]);
  assertEquals(access.rules, [
    { decision: "allow", actions: ["publish", "play"], paths: ["*"], addresses: [], list: true },
  ]);
  assertEquals(access.hooks, [{
    url: "http://127.0.0.1:9000/hook",
    events: ["on_publish", "on_unpublish", "on_play", "on_stop"],
    paths: ["*"],
    decides: true,
    timeoutMs: 3000,
  }]);
  assertEquals(access.jwt?.permissionsClaim, "mediamtx_permissions");
  assertEquals(access.addresses.publish, { allow: ["10.0.0.0/8"], deny: [] });
  assertEquals(accessOf(access), access, "what was read once is read the same again");
});

/** What is given, and what the message must say. */
const WRONG: readonly (readonly [access: unknown, says: string])[] = [
  [{ keyz: [] }, "unknown setting access.keyz; did you mean access.keys?"],
  [
    { keys: [{ ...KEY, pats: [] }] },
    "unknown setting access.keys.0.pats; did you mean access.keys.0.paths",
  ],
  [{ keys: [{ ...KEY, id: "a b" }] }, "access.keys.0.id: Invalid id"],
  [
    { keys: [{ ...KEY, hash: SECRET }] },
    "access.keys.0.hash: Invalid hash: Expected one that `sluice",
  ],
  [{ keys: [{ ...KEY, paths: [] }] }, "access.keys.0.paths"],
  [{ keys: [{ ...KEY, paths: ["live"] }] }, "access.keys.0.paths.0: Invalid path"],
  [{ keys: [{ ...KEY, paths: ["/live/x"] }] }, "Expected such as live/test, live/* or * alone"],
  [{ keys: [KEY, KEY] }, "access.keys: Invalid list: Expected an id of its own for each"],
  [{ keys: [{ ...KEY, actions: ["watch"] }] }, "access.keys.0.actions.0"],
  [{ keys: [{ ...KEY, limits: { maxViewers: -1 } }] }, "access.keys.0.limits.maxViewers"],
  [
    { keys: [{ ...KEY, limits: { maxViewer: 1 } }] },
    "unknown setting access.keys.0.limits.maxViewer",
  ],
  [{ rules: [{}] }, "access.rules.0.decision"],
  [{ rules: [{ decision: "allow", addresses: ["10.0.0.0/99"] }] }, "Invalid network"],
  [{ addresses: { publish: { deny: ["x"] } } }, "access.addresses.publish.deny.0: Invalid network"],
  [{ order: ["keys", "keys"] }, "access.order: Invalid list: Expected each source once"],
  [{ order: ["password"] }, "access.order.0"],
  [{ otherwise: { play: "maybe" } }, "access.otherwise.play"],
  [
    { signedUrls: { secrets: [{ id: "a", secret: "hidden" }] } },
    "access.signedUrls.secrets.0.secret",
  ],
  [{ jwt: {} }, "access.jwt: Invalid value: Expected a secret, publicKeys or jwksUrl"],
  [
    { jwt: { secret: "hidden" } },
    "access.jwt.secret: Invalid length: Expected >=32 but received 6",
  ],
  [{ jwt: { publicKeys: [SECRET] } }, "access.jwt.publicKeys.0: Invalid value: expected PEM text"],
  [{ jwt: { jwksUrl: "ftp://x/" } }, "access.jwt.jwksUrl: Invalid URL"],
  [{ hooks: [{ url: "http://me:hidden@host/" }] }, "access.hooks.0.url: Invalid URL"],
  [{ hooks: [{ url: "nonsense-hidden" }] }, "access.hooks.0.url: Invalid URL"],
  [{ hooks: [{ url: "http://host/", events: ["on_dvr"] }] }, "access.hooks.0.events.0"],
  [{ hooks: [{ url: "http://host/", timeoutMs: 1 }] }, "access.hooks.0.timeoutMs"],
];

Deno.test("what cannot be used is named with its place, and no secret is repeated", () => {
  for (const [access, says] of WRONG) {
    const { message } = assertThrows(() => accessOf(access), ConfigError);
    assert(message.includes(says), `${message}\nshould say: ${says}`);
    assert(!message.includes("hidden"), message);
  }
});

Deno.test("what is configured closes what nobody has named", () => {
  const allowsNobody = { publish: "refuse", play: "refuse" } as const;
  assertEquals(otherwiseOf(accessOf({}), false), { publish: "allow", play: "allow" });
  assertEquals(otherwiseOf(accessOf({}), true), allowsNobody);
  assertEquals(otherwiseOf(accessOf({ keys: [KEY] }), false), allowsNobody);
  assertEquals(otherwiseOf(accessOf({ jwt: { secret: SECRET } }), false), allowsNobody);
  const told = [{ url: "http://127.0.0.1/", decides: false }];
  assertEquals(otherwiseOf(accessOf({ hooks: told }), false).play, "allow");
  assertEquals(otherwiseOf(accessOf({ addresses: {} }), false).play, "allow");
  const some = accessOf({ keys: [KEY], otherwise: { play: "allow" } });
  assertEquals(otherwiseOf(some, false), { publish: "refuse", play: "allow" });
});

Deno.test("what is open is said, with what closes it", () => {
  const said = (access: unknown) => opennessOf(accessOf(access), false);
  assert(
    said({})!.startsWith("OPEN: whoever reaches the ports may publish and watch; access.keys"),
  );
  assert(
    said({ keys: [KEY], otherwise: { play: "allow" } })!.includes("may watch; access.otherwise"),
  );
  assert(said({ keys: [KEY], otherwise: { publish: "allow" } })!.includes("may publish; "));
  assertEquals(said({ keys: [KEY] }), undefined);
});

Deno.test("hosts that decisions need are known before anything starts", () => {
  const access = accessOf({
    hooks: [{ id: "shop", url: "https://shop.example/x" }, { url: "http://[::1]:9000/" }],
    jwt: { jwksUrl: "http://id.example/keys" },
  });
  assertEquals(accessContacts(access), [
    { host: "shop.example", port: 443, purpose: "access hook shop" },
    { host: "::1", port: 9000, purpose: "access hook 2" },
    { host: "id.example", port: 80, purpose: "access.jwt.jwksUrl" },
  ]);
});
