import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { reloadedConfig } from "../../src/config/reload.ts";
import { parseConfig } from "../../src/config/schema.ts";
import { currentCertificate } from "../../testing/certificates.ts";

const STARTED = {
  httpPort: 9090,
  adminListen: "127.0.0.1:9091",
  limits: { viewers: 5, streams: 7 },
  access: { rules: [{ decision: "allow", actions: ["play"] }] },
};
const CURRENT = parseConfig(STARTED, 2);

Deno.test("a reload replaces what it names, and leaves the rest", () => {
  const { config, revoke, recheck } = reloadedConfig(CURRENT, {
    limits: { viewers: 6 },
    logLevel: "debug",
    corsOrigins: ["https://page.example"],
    secondPublisher: "takeOver",
    revoke: ["key a"],
  });
  assertEquals(config.corsOrigins, ["https://page.example"]);
  assertEquals(config.secondPublisher, "takeOver");
  assertEquals([config.limits.viewers, config.limits.streams], [6, 1000]);
  assertEquals([config.logLevel, config.httpPort, config.shards], ["debug", 9090, 2]);
  assertEquals(config.access, CURRENT.access);
  assertEquals([revoke, recheck], [["key a"], false]);
  assertEquals(reloadedConfig(CURRENT, {}).config, CURRENT);
  assert(reloadedConfig(CURRENT, { recheck: true }).recheck);
});

Deno.test("a whole configuration may be given, if it differs in nothing that cannot change", () => {
  const whole = { ...STARTED, access: {} };
  assertEquals(reloadedConfig(CURRENT, whole).config.access, parseConfig({}, 1).access);
});

/** What is given, and what the message must say. */
const WRONG: readonly (readonly [given: Record<string, unknown>, says: string])[] = [
  [
    { httpPort: 80 },
    "httpPort cannot change while the gateway runs, but by a restart; what can is access, ",
  ],
  [{ httpPort: 80, shards: 3 }, "httpPort, shards cannot change"],
  [{ logLevel: "loud" }, "logLevel"],
  [{ acess: {} }, "unknown setting acess; did you mean access?"],
  [{ logLevel: "debug", access: { keys: [{}] } }, "access.keys.0"],
  [{ revoke: "key a" }, "revoke"],
  [{ revoke: ["x".repeat(1025)] }, "revoke.0"],
  [{ recheck: "yes" }, "recheck"],
  [{ tls: "self-signed" }, "tls: Expected a certificate in place of one"],
];

Deno.test("a reload that is wrong in anything changes nothing, and says what is wrong", () => {
  for (const [given, says] of WRONG) {
    const { message } = assertThrows(() => reloadedConfig(CURRENT, given), ConfigError);
    assert(message.includes(says), `${message}\nshould say: ${says}`);
  }
});

Deno.test("a certificate is replaced by one, and there is none where there was none", () => {
  const { certificate, key } = currentCertificate("localhost");
  const pair = { certificate, key };
  const served = parseConfig({ tls: "self-signed" }, 1);
  assertEquals(reloadedConfig(served, { tls: pair }).config.tls, pair);
  assertThrows(() => reloadedConfig(CURRENT, { tls: pair }), ConfigError, "tls: Expected");
});
