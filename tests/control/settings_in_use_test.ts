import { assertEquals, assertObjectMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { parseConfig } from "../../src/config/schema.ts";
import { SettingsInUse } from "../../src/control/settings_in_use.ts";

function settingsInUse(): SettingsInUse {
  const parts = {
    version: "1",
    shardSource: "",
    transcodingSource: "",
    assets: [],
    assetHeaders: {},
    shardHung: () => {},
  };
  const ports = {
    rtmpPort: 1935,
    httpPort: 8080,
    rtmpsPort: undefined,
    httpsPort: undefined,
    adminPort: undefined,
    webrtcPorts: [8000],
    webtransportPorts: undefined,
    udpFamilies: { ipv4: true, ipv6: false },
  };
  return new SettingsInUse(parseConfig({}, 1), parts, ports, undefined);
}

const HOOKED = JSON.stringify({
  access: { hooks: [{ id: "shop", url: "https://shop.example/hook" }] },
  logLevel: "debug",
});

Deno.test("what a reload changes is what shards are told next", () => {
  const settings = settingsInUse();
  assertObjectMatch(settings.reload(HOOKED), {
    ...{ changed: ["access", "logLevel"], revoke: [], recheck: false },
  });
  const { access, logLevel } = settings.ofShard(0);
  assertEquals([access.hooks[0]?.id, logLevel], ["shop", "debug"]);
  const revoke = ["token 5f2a", "key a"];
  assertObjectMatch(settings.reload(JSON.stringify({ revoke })), {
    ...{ changed: [], revoke, recheck: false },
  });
  settings.reload(JSON.stringify({ revoke: ["77"], recheck: true }));
  const subjects = settings.ofShard(0).access.revokedTokens.map(({ subject }) => subject);
  assertEquals(subjects, ["token 5f2a", "token 77", "user 77"]);
});

Deno.test({
  name: "a reload that needs a host that is not granted changes nothing",
  permissions: { net: ["127.0.0.1"] },
  fn() {
    const settings = settingsInUse();
    const { config } = settings;
    const text = JSON.stringify({ ...JSON.parse(HOOKED), revoke: ["77"] });
    assertThrows(
      () => settings.reload(text),
      ConfigError,
      "Not permitted to reach shop.example:443",
    );
    assertStrictEquals(settings.config, config);
    assertEquals(settings.ofShard(0).access.revokedTokens, []);
  },
});
