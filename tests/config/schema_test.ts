import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { parseConfigJson } from "../../src/config/config_json.ts";
import { parseConfig } from "../../src/config/schema.ts";
import { currentCertificate, KEYS } from "../../testing/certificates.ts";

Deno.test("parseConfig: everything has a default", () => {
  const config = parseConfig({}, 3);
  assertEquals([config.host, config.rtmpPort, config.httpPort], ["0.0.0.0", 1935, 8080]);
  assertEquals([config.shards, config.flushMs, config.gracePeriodMs], [3, 0, 15_000]);
  assertEquals(config.log, { maxBytes: 32 * 1024 * 1024, windowMs: 10_000 });
  assertEquals([config.limits.streams, config.limits.viewers], [1000, 10_000]);
  assertEquals([config.timeouts.idleMs, config.timeouts.trackSettleMs], [10_000, 1000]);
  assertEquals([config.webrtcPort, config.publicIps, config.opusBitrateBps], [8000, [], 128_000]);
  assertEquals([config.webrtcPacketBytes, config.webrtcFeedback], [1350, "remb"]);
  assertEquals([config.webrtcBFrames, config.webrtcInexact], ["drop", "show"]);
  assertEquals([config.limits.webrtcViewers, config.timeouts.iceMs], [2000, 15_000]);
  assertEquals([config.rtmpsPort, config.httpsPort, config.tls], [1936, 8443, undefined]);
  assertEquals([config.logLevel, config.logFormat], ["info", "text"]);
  assertEquals(parseConfig({ log: {}, limits: {}, timeouts: {} }, 3), config);
});

Deno.test("parseConfig: a machine of many cores gets no more shards than there may be", () => {
  assertEquals(parseConfig({}, 1000).shards, 64);
  assertEquals(parseConfig({ shards: 2 }, 1000).shards, 2);
});

/** Members with the numbers at and beyond their limits. */
const RANGES: readonly (readonly [member: string, min: number, max: number])[] = [
  ["rtmpPort", 0, 65_535],
  ["httpPort", 0, 65_535],
  ["webrtcPort", 0, 65_535],
  ["rtmpsPort", 0, 65_535],
  ["httpsPort", 0, 65_535],
  ["opusBitrateBps", 32_000, 510_000],
  ["shards", 1, 64],
  ["flushMs", 0, 10_000],
  ["gracePeriodMs", 0, 3_600_000],
  ["log.maxBytes", 256 * 1024, 1 << 30],
  ["log.windowMs", 500, 60_000],
  ["limits.streams", 1, 100_000],
  ["limits.viewers", 0, 1_000_000],
  ["limits.streamsPerAddress", 1, 100_000],
  ["limits.rtmpNewcomers", 1, 100_000],
  ["limits.rtmpNewcomersPerAddress", 1, 100_000],
  ["limits.rtmpPlayers", 0, 100_000],
  ["limits.rtmpPlayersPerAddress", 1, 100_000],
  ["limits.webrtcNewcomers", 1, 1_000_000],
  ["limits.webrtcNewcomersPerAddress", 1, 1_000_000],
  ["limits.whipNewcomers", 1, 100_000],
  ["limits.whipNewcomersPerAddress", 1, 100_000],
  ["limits.listListeners", 0, 1_000_000],
  ["limits.listListenersPerAddress", 1, 1_000_000],
  ["limits.webrtcViewers", 0, 1_000_000],
  ["limits.webrtcViewersPerAddress", 1, 1_000_000],
  ["webrtcPacketBytes", 548, 1472],
  ["limits.messageBytes", 4096, 0xffffff],
  ["timeouts.handshakeMs", 100, 3_600_000],
  ["timeouts.publishMs", 100, 3_600_000],
  ["timeouts.firstFrameMs", 100, 3_600_000],
  ["timeouts.idleMs", 1000, 3_600_000],
  ["timeouts.stallMs", 1000, 3_600_000],
  ["timeouts.iceMs", 1000, 3_600_000],
  ["timeouts.trackSettleMs", 0, 3_600_000],
];

/** `{ a: { b: value } }` for "a.b". */
function nested(member: string, value: unknown): Record<string, unknown> {
  const [first, ...rest] = member.split(".");
  return { [first!]: rest.length === 0 ? value : nested(rest.join("."), value) };
}

function messageFor(given: unknown): string {
  const { message } = assertThrows(() => parseConfig(given, 1), ConfigError);
  assert(!message.includes("\n"), message);
  return message;
}

Deno.test("parseConfig: numbers at their limits, and no further; messages name member and value", () => {
  for (const [member, min, max] of RANGES) {
    for (const value of [min, max]) {
      // A window that allows every `flushMs`.
      const given = { log: { windowMs: 60_000 }, ...nested(member, value) };
      const config = parseConfig(given, 1) as Record<string, unknown>;
      const [section, key] = member.split(".");
      const read = key === undefined
        ? config[section!]
        : (config[section!] as Record<string, unknown>)[key];
      assertEquals(read, value, member);
    }
    for (const value of [min - 1, max + 1, min + 0.5, "12", null, true, NaN]) {
      const message = messageFor(nested(member, value));
      const received = typeof value === "string" ? `"${value}"` : `${value}`;
      assertMatch(message, new RegExp(`configuration: ${member}(?: \\(--[a-z-]+\\))?: `));
      assert(message.endsWith(`eceived ${received}`), message);
    }
  }
});

Deno.test("parseConfig: all that is wrong is told at once", () => {
  assertEquals(
    messageFor({ httpPort: 70_000, log: { windowMs: "x" }, nope: 1, limits: { viewer: 3 } }),
    "Cannot use the configuration: unknown setting nope; " +
      "unknown setting limits.viewer; did you mean limits.viewers? " +
      "httpPort (--http-port): Invalid value: Expected <=65535 but received 70000; " +
      'log.windowMs: Invalid type: Expected number but received "x"',
  );
  const messages: readonly (readonly [given: unknown, part: string])[] = [
    [
      { host: "localhost" },
      "host (--host): Invalid IP: Expected an IP address such as 127.0.0.1 but received " +
      '"localhost"',
    ],
    [{ publicIps: ["1.2.3.4", "x"] }, "publicIps.1 (--public-ip): Invalid IP: "],
    [{ flushMs: -1 }, "flushMs (--flush-ms): Invalid value: "],
    [{ publicIps: ["a.example"] }, 'but received "a.example"'],
    [{ publicIps: Array(17).fill("::1") }, "publicIps (--public-ip): Invalid length: "],
    [{ webrtcBFrames: "keep" }, 'webrtcBFrames (--webrtc-bframes): Invalid type: Expected ("drop"'],
    [{ webrtcInexact: "drop" }, 'webrtcInexact (--webrtc-inexact): Invalid type: Expected ("show"'],
    [
      { webrtcFeedback: "no" },
      'webrtcFeedback (--webrtc-feedback): Invalid type: Expected ("remb"',
    ],
    [{ logLevel: "loud" }, 'but received "loud"'],
    [{ logFormat: "xml" }, 'but received "xml"'],
    [{ log: 5 }, "log: Invalid type: Expected Object but received 5"],
    [5, "configuration: Invalid type: Expected Object but received 5"],
  ];
  for (const [given, part] of messages) {
    assert(messageFor(given).includes(part), messageFor(given));
  }
});

Deno.test("parseConfig: viewers are written to at least twice in a log's window", () => {
  const given = (flushMs: number) => ({ flushMs, log: { windowMs: 1001 } });
  assertEquals(parseConfig(given(500), 1).flushMs, 500);
  assertEquals(
    messageFor(given(501)),
    "Cannot use the configuration: flushMs (--flush-ms): Invalid value: " +
      "Expected at most half of log.windowMs, which is 1001, but received 501",
  );
  assertEquals(parseConfig({ flushMs: 5000 }, 1).flushMs, 5000);
  assert(messageFor({ flushMs: 5001 }).includes("which is 10000, but received 5001"));
  // Told beside what else is wrong.
  assert(messageFor({ flushMs: 5001, shards: 0 }).includes("which is 10000"));
});

Deno.test("parseConfig: every shard has a port of its own for WebRTC", () => {
  const given = (webrtcPort: number) => ({ webrtcPort, shards: 4 });
  for (const port of [0, 65_532]) assertEquals(parseConfig(given(port), 1).webrtcPort, port);
  assertEquals(
    messageFor(given(65_533)),
    "Cannot use the configuration: webrtcPort (--webrtc-port): Invalid value: Expected <=65532, " +
      "with a port for each of 4 shards, but received 65533",
  );
});

Deno.test("parseConfig: a certificate with its key, or one to be made", () => {
  const { certificate, key } = currentCertificate("localhost");
  for (const tls of [{ certificate, key }, "self-signed"]) {
    assertEquals(parseConfig({ tls }, 1).tls as unknown, tls);
  }
  const expected = 'Invalid type: Expected "self-signed", or an object with certificate and key ' +
    "as PEM text";
  const wrong: readonly (readonly [tls: unknown, reason: string])[] = [
    ["selfsigned", `tls (--tls): ${expected}`],
    // A key in the wrong place is in no message.
    [key, `tls (--tls): ${expected}`],
    [[certificate, key], `tls (--tls): ${expected}`],
    [null, `tls (--tls): ${expected}`],
    [true, `tls (--tls): ${expected}`],
    [{ certificate, key: [key] }, "tls.key (--tls): Invalid type: Expected PEM text"],
    [{ certificate: 5, key }, "tls.certificate (--tls): Invalid type: Expected PEM text"],
    [{ certificate }, 'tls.key (--tls): Invalid key: Expected "key" but received undefined'],
    [
      { certificate, key, file: key },
      "unknown setting tls.file",
    ],
    [
      { certificate: "fullchain.pem", key },
      'tls (--tls): Invalid value: Cannot read the certificate: must be PEM with "-----BEGIN ' +
      'CERTIFICATE-----"',
    ],
    [
      { certificate, key: KEYS.encrypted },
      "tls (--tls): Invalid value: Cannot read the key: must not be encrypted",
    ],
    [
      { certificate, key: KEYS.rsa },
      "tls (--tls): Invalid value: Cannot use the key: must be that of the first certificate",
    ],
  ];
  for (const [tls, reason] of wrong) {
    assertEquals(messageFor({ tls }), `Cannot use the configuration: ${reason}`);
  }
});

Deno.test("parseConfigJson: a key is not quoted, whatever is wrong beside it", () => {
  const { key } = currentCertificate("localhost");
  const json = JSON.stringify({ tls: { key } }, undefined, 2);
  const lines = key.split("\n").filter((line) => !line.startsWith("-----") && line !== "");
  let failures = 0;
  for (let at = 0; at < json.length; at++) {
    for (const broken of [json.slice(0, at), json.slice(0, at) + "\n" + json.slice(at)]) {
      try {
        parseConfigJson(broken);
      } catch (error) {
        const { message } = error as ConfigError;
        assert(message.startsWith("Cannot read the configuration: "), message);
        failures++;
        // Nothing of the key is left, not even eight of its letters.
        for (const line of lines) {
          for (let start = 0; start + 8 <= line.length; start++) {
            assert(!message.includes(line.slice(start, start + 8)), message);
          }
        }
      }
    }
  }
  assert(failures > json.length);
});

Deno.test("parseConfig: an address is announced only where its kind is listened on", () => {
  const given = (host: string, ...publicIps: string[]) => ({ host, publicIps });
  const good = [
    given("0.0.0.0", "192.0.2.1"),
    given("192.0.2.2", "192.0.2.1"),
    given("::", "192.0.2.1", "2001:db8::1"),
    given("2001:db8::2", "2001:db8::1"),
  ];
  for (const config of good) assertEquals(parseConfig(config, 1).publicIps, config.publicIps);
  assertEquals(
    messageFor(given("0.0.0.0", "192.0.2.1", "2001:db8::1")),
    "Cannot use the configuration: publicIps (--public-ip): Invalid IP: Expected IPv4, as host " +
      "0.0.0.0 takes no other (--host :: takes both), but received 2001:db8::1",
  );
  assert(
    messageFor(given("2001:db8::2", "192.0.2.1")).includes("Expected IPv6, as host 2001:db8::2"),
  );
});

Deno.test("parseConfigJson: an object, or one line that says why not", () => {
  assertEquals(parseConfigJson('\n{"httpPort": 1, "log": {}}\n'), { httpPort: 1, log: {} });
  const wrong: readonly (readonly [json: string, part: string])[] = [
    ["", 'standard input is empty; give it JSON such as { "httpPort": 9090 }'],
    [" \n", "standard input is empty"],
    ["hello\nworld", 'line 1, column 1 is not valid JSON: expected a value, got "h"'],
    [
      "{",
      'line 1, column 2 is not valid JSON: expected a name in double quotes or "}", got the end',
    ],
    ["null", "expected a JSON object, got null"],
    ["[{}]", "expected a JSON object, got an array"],
    ["42", "expected a JSON object, got a number"],
    ['"x"', "expected a JSON object, got a string"],
  ];
  const { message } = assertThrows(() => parseConfigJson("", "request"), ConfigError);
  assert(message.includes("the request has no body") && !message.includes("--config"), message);
  for (const [json, part] of wrong) {
    const { message } = assertThrows(() => parseConfigJson(json), ConfigError);
    assert(message.startsWith("Cannot read the configuration: "), message);
    assert(message.includes(part) && !message.includes("\n"), message);
  }
});

Deno.test("parseConfig: trusted proxies are addresses or networks", () => {
  const right = [
    "10.0.0.0/8",
    "192.0.2.1",
    "0.0.0.0/0",
    "fd00::/8",
    "2001:db8::1",
    "::ffff:10.0.0.1",
  ];
  assertEquals(parseConfig({ trustedProxies: right }, 1).trustedProxies, right);
  const wrong = ["10.0.0.0/33", "fd00::/129", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8"];
  for (const network of [...wrong, "fe80::1%eth0", "::ffff:10.0.0.0/104"]) {
    assertThrows(
      () => parseConfig({ trustedProxies: [network] }, 1),
      ConfigError,
      `trustedProxies.0 (--trusted-proxies): Invalid network: Expected an IP address or a network ` +
        `such as 10.0.0.0/8 but received "${network}"`,
    );
  }
});

Deno.test("parseConfig: what an address may have is well below what all may have", () => {
  const limits: Readonly<Record<string, number>> = parseConfig({}, 1).limits;
  const perAddress = Object.entries(limits).filter(([name]) => name.endsWith("PerAddress"));
  assertEquals(perAddress.length, 9);
  for (const [name, limit] of perAddress) {
    assert(limit * 10 <= limits[name.replace("PerAddress", "")]!, name);
  }
});

Deno.test("parseConfig: memory as bytes, or as text with a unit", () => {
  const memoryOf = (memory: unknown) => parseConfig({ memory }, 1).memory;
  assertEquals(parseConfig({}, 1).memory, 1024 ** 3);
  const told = [[67_108_864, 2 ** 26], ["67108864", 2 ** 26], ["2g", 2 ** 31], ["1 GiB", 2 ** 30]];
  for (const [given, bytes] of told) assertEquals(memoryOf(given), bytes);
  assertEquals(memoryOf("512MB"), 2 ** 29);
  for (const wrong of ["1x", "", "GiB", "1.5GiB", "-1", 1024, "1k", "2000000g", NaN, true]) {
    assertThrows(() => memoryOf(wrong), ConfigError, "memory (--memory)");
  }
  assertThrows(
    () => memoryOf("5"),
    ConfigError,
    "memory (--memory): Invalid size: Expected 64MiB or more, but received 5",
  );
});
