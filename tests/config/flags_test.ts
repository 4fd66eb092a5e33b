import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { helpText, parseCommand } from "../../src/config/commands.ts";
import { logFormatFlag } from "../../src/config/flags.ts";
import { parseConfig } from "../../src/config/schema.ts";

const STARTS: readonly (readonly [args: string[], overrides: Record<string, unknown>])[] = [
  [[], {}],
  [["--host", "::1"], { host: "::1" }],
  [["--host=::1"], { host: "::1" }],
  [["--rtmp-port", "0", "--http-port", "65535"], { rtmpPort: 0, httpPort: 65535 }],
  [["--webrtc-port", "8001"], { webrtcPort: 8001 }],
  [["--tls", "self-signed"], { tls: "self-signed" }],
  [["--rtmps-port", "443", "--https-port=0"], { rtmpsPort: 443, httpsPort: 0 }],
  [["--public-ip", "192.0.2.1"], { publicIps: ["192.0.2.1"] }],
  [["--public-ip", "192.0.2.1", "--public-ip", "192.0.2.2"], {
    publicIps: ["192.0.2.1", "192.0.2.2"],
  }],
  [["--opus-bitrate", "64k"], { opusBitrateBps: 64_000 }],
  [["--opus-bitrate", "96K"], { opusBitrateBps: 96_000 }],
  [["--opus-bitrate", "100001"], { opusBitrateBps: 100_001 }],
  [
    ["--webrtc-bframes", "refuse", "--webrtc-inexact", "refuse"],
    { webrtcBFrames: "refuse", webrtcInexact: "refuse" },
  ],
  [["--webrtc-bframes=drop", "--webrtc-inexact=show"], {
    webrtcBFrames: "drop",
    webrtcInexact: "show",
  }],
  [["--webrtc-packet-size", "1200", "--webrtc-feedback", "twcc"], {
    webrtcPacketBytes: 1200,
    webrtcFeedback: "twcc",
  }],
  [["--shards", "4", "--flush-ms", "40"], { shards: 4, flushMs: 40 }],
  [["--grace-period-ms", "5"], { gracePeriodMs: 5 }],
  [["--log-level", "debug", "--log-format", "json"], { logLevel: "debug", logFormat: "json" }],
];

Deno.test("parseCommand: members that flags set, which a configuration takes", () => {
  for (const [args, overrides] of STARTS) {
    assertEquals(parseCommand(args), { kind: "start", readsConfig: false, overrides });
    const config = parseConfig(overrides, 1) as Record<string, unknown>;
    for (const [key, value] of Object.entries(overrides)) assertEquals(config[key], value);
  }
});

Deno.test("parseCommand: help, version and the configuration from standard input", () => {
  for (const flag of ["--help", "-h"]) {
    assertEquals(parseCommand([flag]), { kind: "help", of: "start" });
  }
  for (const flag of ["--version", "-V"]) assertEquals(parseCommand([flag]), { kind: "version" });
  // Help is for those who have the flags wrong.
  assertEquals(parseCommand(["--http-port", "x", "--help"]), { kind: "help", of: "start" });
  assertEquals(parseCommand(["--config", "-", "--shards", "2"]), {
    kind: "start",
    readsConfig: true,
    overrides: { shards: 2 },
  });
});

Deno.test("parseCommand: commands, each with its flags", () => {
  const none = { readsConfig: false, overrides: {} };
  assertEquals(parseCommand(["start"]), { kind: "start", ...none });
  assertEquals(parseCommand(["health"]), { kind: "health", path: "/healthz", ...none });
  assertEquals(parseCommand(["health", "--ready", "--http-port", "1", "--config", "-"]), {
    kind: "health",
    path: "/readyz",
    readsConfig: true,
    overrides: { httpPort: 1 },
  });
  assertEquals(parseCommand(["check-config", "--shards", "2"]), {
    kind: "check-config",
    readsConfig: true,
    overrides: { shards: 2 },
  });
  assertEquals(parseCommand(["hash-key"]), { kind: "hash-key", isNew: false });
  assertEquals(parseCommand(["hash-key", "--new"]), { kind: "hash-key", isNew: true });
  const sign = ["sign-url", "--path", "live/a/b", "--id", "x", "--expires", "2h"];
  const signed = {
    kind: "sign-url",
    path: "live/a/b",
    secretId: "x",
    lifetimeSeconds: 7200,
  } as const;
  assertEquals(parseCommand(sign), { ...signed, action: "play", address: undefined });
  assertEquals(parseCommand([...sign, "--action", "publish", "--address", "::1"]), {
    ...signed,
    action: "publish",
    address: "::1",
  });
  assertEquals(parseCommand(["config-schema"]), { kind: "config-schema" });
  assertEquals(parseCommand(["health", "-h"]), { kind: "help", of: "health" });
  assertEquals(parseCommand(["health", "-V"]), { kind: "version" });
});

const WRONG: readonly (readonly [args: string[], message: string])[] = [
  [["--nope"], "Unknown option '--nope'; --help lists the flags"],
  [["--rtmp-prt", "1"], "Unknown option '--rtmp-prt'; did you mean --rtmp-port?"],
  [["--httpPort=1"], "Unknown option '--httpPort'; did you mean --http-port?"],
  [["nonsense"], "Unknown command 'nonsense'; --help lists the commands"],
  [["healthz"], "Unknown command 'healthz'; did you mean health?"],
  [["checkconfig"], "Unknown command 'checkconfig'; did you mean check-config?"],
  [["start", "stray"], "Unexpected argument 'stray'; --help lists the flags"],
  [["hash-key", "secret"], "Unexpected argument 'secret'; --help lists the flags"],
  [["sign-url"], "Cannot use --path: expected a stream such as live/test, got none"],
  [
    ["sign-url", "--path", "live", "--id", "x", "--expires", "2h"],
    'Cannot use --path: expected a stream such as live/test, got "live"',
  ],
  [
    ["sign-url", "--path", "live/*", "--id", "x", "--expires", "2h"],
    'Cannot use --path: expected a stream such as live/test, got "live/*"',
  ],
  [
    ["sign-url", "--path", "live/a", "--id", "x", "--expires", "2"],
    'Cannot use --expires: expected a time such as 90s, 30m, 2h or 7d, got "2"',
  ],
  [
    ["sign-url", "--path", "live/a", "--expires", "2h"],
    "Cannot use --id: expected the id of a secret, got none",
  ],
  [["sign-url", "--action", "watch"], 'Cannot use --action: expected publish or play, got "watch"'],
  [["--shards", "1", "health"], "Unexpected argument 'health'; --help lists the flags"],
  [["--ready"], "Unknown option '--ready'; --help lists the flags"],
  [["health", "--redy"], "Unknown option '--redy'; did you mean --ready?"],
  [["config-schema", "--host", "::"], "Unknown option '--host'; --help lists the flags"],
  [["--http-port"], "Option '--http-port <value>' argument missing; --help lists the flags"],
  [["--http-port", "-1"], 'Cannot use --http-port: expected a whole number from 0 on, got "-1"'],
  [["--shards", "-1.5e3"], 'Cannot use --shards: expected a whole number from 0 on, got "-1.5e3"'],
  [
    ["--http-port", "--shards", "1"],
    "Option '--http-port' argument is ambiguous; --help lists the flags",
  ],
  [["--http-port=-1"], 'Cannot use --http-port: expected a whole number from 0 on, got "-1"'],
  [["--http-port="], 'Cannot use --http-port: expected a whole number from 0 on, got ""'],
  [["--shards", "1.5"], 'Cannot use --shards: expected a whole number from 0 on, got "1.5"'],
  ...["", "k", "128m", "12.5k", "1e5", " 64k", "-64k"].map((value) =>
    [
      [`--opus-bitrate=${value}`],
      "Cannot use --opus-bitrate: expected bits per second such as 128k or 128000, " +
      `got "${value}"`,
    ] as [string[], string]
  ),
  [["--flush-ms", "0x10"], 'Cannot use --flush-ms: expected a whole number from 0 on, got "0x10"'],
  [
    ["--http-port", "1", "--http-port", "2"],
    "Cannot use --http-port twice; --help lists the flags",
  ],
  [
    ["--config", "a.json"],
    "Cannot read the configuration from a.json: only standard input is readable, so use " +
    "--config - < a.json",
  ],
];

Deno.test("parseCommand: what is wrong, in one line that names the flag", () => {
  for (const [args, message] of WRONG) {
    const error = assertThrows(() => parseCommand(args), ConfigError);
    assertEquals(error.message, message);
  }
});

Deno.test("helpText names every flag, in lines that fit a terminal", () => {
  const text = helpText("1.2.3");
  assert(text.includes("Sluice 1.2.3"));
  for (const [args] of STARTS) {
    for (const flag of args.filter((arg) => /^--[\w-]+$/.test(arg))) assert(text.includes(flag));
  }
  for (const line of text.split("\n")) assert(line.length <= 110, line);
  for (const command of ["health", "check-config", "config-schema"] as const) {
    assert(text.includes(`\n  ${command} `), command);
    const [first] = helpText("1.2.3", command).split("\n");
    assert(first!.startsWith(`sluice ${command}: `), first);
  }
  assert(helpText("1.2.3", "health").includes("--ready"));
});

Deno.test("logFormatFlag: what is asked for, whatever else is wrong", () => {
  assertEquals(logFormatFlag(["--nope", "--log-format", "json"]), "json");
  assertEquals(logFormatFlag(["--log-format=json", "--nope"]), "json");
  assertEquals(logFormatFlag(["--log-format=json", "--log-format", "text"]), "text");
  assertEquals(logFormatFlag(["--log-format"]), undefined);
  assertEquals(logFormatFlag(["json", "--log-formats=json"]), undefined);
});
