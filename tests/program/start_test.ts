import { assert, assertEquals, assertMatch } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import {
  FREE_PORTS,
  type ProgramRun,
  runProgram,
  startGateway,
} from "../../testing/gateway_process.ts";
import { probePorts } from "../../src/config/port_probe.ts";
import { peerTest } from "../../testing/peers.ts";

const ANYWHERE = { host: "127.0.0.1", port: 0, purpose: "WebRTC", flag: "--webrtc-port" };

/** Asserts that the program ended with one readable line, and returns it. */
function onlyLine({ code, stdout, stderr }: ProgramRun): string {
  assertEquals([code, stdout], [1, ""], stderr);
  assertMatch(stderr, /^sluice: [^\n]+\n$/);
  return stderr.slice("sluice: ".length, -1);
}

Deno.test("--help and --version", async () => {
  const help = await runProgram(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const flag of ["--host", "--rtmp-port", "--http-port", "--shards", "--config"]) {
    assert(help.stdout.includes(flag), flag);
  }
  assertEquals(await runProgram(["--version"]), {
    code: 0,
    stdout: `${project.version}\n`,
    stderr: "",
  });
});

Deno.test("wrong flags end the program with one line", async () => {
  const lines: readonly (readonly [args: string[], line: string])[] = [
    [["--nope"], "Unknown option '--nope'; --help lists the flags"],
    [["--rtmp-prt", "1"], "Unknown option '--rtmp-prt'; did you mean --rtmp-port?"],
    [["--shards", "-1"], 'Cannot use --shards: expected a whole number from 0 on, got "-1"'],
    [
      ["--opus-bitrate", "1M"],
      'Cannot use --opus-bitrate: expected bits per second such as 128k or 128000, got "1M"',
    ],
    [
      ["--opus-bitrate", "1000k"],
      "Cannot use the configuration: opusBitrateBps (--opus-bitrate): Invalid value: " +
      "Expected <=510000 but received 1000000",
    ],
    [["--shards", "many"], 'Cannot use --shards: expected a whole number from 0 on, got "many"'],
    [
      ["--http-port", "70000"],
      "Cannot use the configuration: httpPort (--http-port): Invalid value: Expected <=65535 but " +
      "received 70000",
    ],
    [
      ["--config", "sluice.json"],
      "Cannot read the configuration from sluice.json: only standard input is readable, so use " +
      "--config - < sluice.json",
    ],
  ];
  for (const [args, line] of lines) assertEquals(onlyLine(await runProgram(args)), line);
});

Deno.test("wrong configurations on standard input end the program with one line", async () => {
  const lines: readonly (readonly [stdin: string, line: RegExp])[] = [
    ["", /^Cannot read the configuration: standard input is empty; give it JSON such as /],
    [
      '{\n  "httpPort": 1,\n}',
      /^Cannot read the configuration: line 3, column 1 is not valid JSON: expected a name in double quotes, got "}"$/,
    ],
    ["null", /^Cannot read the configuration: expected a JSON object, got null$/],
    [
      '{"rtmpPrt": 1, "limits": {"viewrs": 1}}',
      /^Cannot use the configuration: unknown setting rtmpPrt; did you mean rtmpPort\? unknown setting limits\.viewrs; did you mean limits\.viewers\?$/,
    ],
    [
      '{"log": {"windowMs": "10s"}}',
      /^Cannot use the configuration: log\.windowMs: .* received "10s"$/,
    ],
  ];
  for (const [stdin, line] of lines) {
    assertMatch(onlyLine(await runProgram(["--config", "-"], { stdin })), line);
  }
});

Deno.test("a configuration on standard input is used; flags win over it", async () => {
  await using gateway = await startGateway({
    config: { host: "192.0.2.1", rtmpPort: 1, httpPort: 1, shards: 2, logLevel: "warning" },
    args: ["--shards", "1"],
  });
  const { gateway: { shards, rtmpPort } } = await gateway.status();
  assertEquals([shards, rtmpPort], [1, gateway.rtmpPort]);
});

peerTest("a configuration that is typed in a terminal is asked for", ["script"], async () => {
  const program = `${Deno.execPath()} run -q --no-prompt -P main.ts --config -`;
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", program, "/dev/null"],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  // Ctrl+D
  await writer.write(new TextEncoder().encode("null\n\x04"));
  const { code, stdout } = await child.output();
  await writer.close();
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /Reading the configuration from standard input; end it with Ctrl\+D\.\r?\n/);
  assertMatch(text, /sluice: Cannot read the configuration: expected a JSON object, got null\r?\n/);
  assertEquals(code, 1);
});

Deno.test("a port in use: one line that names the flag", async () => {
  await using other = await startGateway({ args: ["--shards", "2"] });
  using foreign = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const flags = ["--rtmp-port", "--http-port"] as const;
  for (const flag of flags) {
    const [free] = flags.filter((name) => name !== flag);
    // Two shards of another gateway share its ports, and would share them with this one's.
    const inUse = [flag === "--rtmp-port" ? other.rtmpPort : other.httpPort, foreign.addr.port];
    for (const port of inUse) {
      const others = [
        free!,
        "0",
        "--webrtc-port",
        "0",
        "--webtransport-port",
        "0",
        "--shards",
        "2",
      ];
      const args = ["--host", "127.0.0.1", flag, `${port}`, ...others];
      const purpose = flag === "--rtmp-port" ? "RTMP" : "HTTP";
      assertEquals(
        onlyLine(await runProgram(args)),
        `Cannot listen on 127.0.0.1:${port} for ${purpose}: the port is in use; ` +
          `choose another with ${flag}`,
      );
    }
  }
  assertEquals((await other.status()).gateway.shardRestarts, 0);
});

Deno.test("one port for RTMP and HTTP: one line that names the flag", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const ports = ["--rtmp-port", `${port}`, "--http-port", `${port}`];
  for (const shards of ["1", "2"]) {
    assertEquals(
      onlyLine(await runProgram(["--host", "127.0.0.1", ...ports, "--shards", shards])),
      `Cannot listen on 127.0.0.1:${port} for HTTP: RTMP has that port (--rtmp-port); ` +
        "choose another with --http-port",
    );
  }
});

/**
 * A port that is free, as the one before it is: below those that systems give to whoever asks for
 * any, which other tests do meanwhile.
 */
function secondOfFreePair(): number {
  for (let port = 20_001; port < 32_000; port += 2) {
    try {
      const hostname = "127.0.0.1";
      using _first = Deno.listen({ hostname, port: port - 1 });
      using _second = Deno.listen({ hostname, port });
      Deno.listenDatagram({ transport: "udp", hostname, port }).close();
      Deno.listenDatagram({ transport: "udp", hostname, port: port - 1 }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("There are no two free ports next to each other");
}

Deno.test("a port for WebRTC that is in use, for TCP or UDP, of whichever shard", async () => {
  const hostname = "127.0.0.1";
  using tcp = Deno.listen({ hostname, port: secondOfFreePair() });
  const udp = Deno.listenDatagram({ transport: "udp", hostname, port: secondOfFreePair() });
  const { port: udpPort } = udp.addr as Deno.NetAddr;
  const listenArgs = ["rtmp", "http", "webtransport"].flatMap((name) => [`--${name}-port`, "0"]);
  listenArgs.push("--host", "127.0.0.1");
  for (
    const [port, first, purpose] of [
      [tcp.addr.port, tcp.addr.port, "WebRTC"],
      [tcp.addr.port, tcp.addr.port - 1, "WebRTC"],
      [udpPort, udpPort, "WebRTC over UDP"],
      [udpPort, udpPort - 1, "WebRTC over UDP"],
    ] as const
  ) {
    assertEquals(
      onlyLine(await runProgram([...listenArgs, "--webrtc-port", `${first}`, "--shards", "2"])),
      `Cannot listen on 127.0.0.1:${port} for ${purpose}: the port is in use; ` +
        "choose another with --webrtc-port",
    );
  }
  // Where UDP is not for use, nobody minds who has it.
  const fixed = probePorts([ANYWHERE, ANYWHERE]);
  const grants = [...fixed, udpPort].map((port) => `127.0.0.1:${port}`).join(",");
  await using gateway = await startGateway({
    denoArgs: [`--allow-net=${grants}`, "--ignore-env"],
    listenArgs: [
      ...["--host", "127.0.0.1", "--shards", "1", "--webrtc-port", `${udpPort}`],
      ...["--rtmp-port", `${fixed[0]}`, "--http-port", `${fixed[1]}`],
    ],
  });
  assertEquals(gateway.webrtcPorts, [udpPort]);
  udp.close();
});

Deno.test("the start-up lines tell where WebRTC and the API are, over what, and the address", async () => {
  await using gateway = await startGateway({ args: ["--shards", "3"] });
  assertEquals(new Set(gateway.webrtcPorts).size, 3);
  assertMatch(gateway.output(), /^ +WebRTC on 127\.0\.0\.1 ports \d+, \d+, \d+ \(UDP and TCP\),$/m);
  assertMatch(gateway.output(), /^ +WebTransport on 127\.0\.0\.1 ports \d+, \d+, \d+ \(UDP\)$/m);
  const whep = `http://127.0.0.1:${gateway.httpPort}/live/NAME/whep`;
  assert(gateway.output().includes(`${whep}   (WebRTC`));
  assert(gateway.output().includes(`${whep.replace(/whep$/, "whip")}   (WebRTC`));
  const first = probePorts([ANYWHERE, ANYWHERE]);
  assert(!gateway.output().includes("API and metrics on"));
  await using single = await startGateway({
    args: ["--shards", "1", "--admin-listen", "127.0.0.1:0"],
    listenArgs: [
      ...["--host", "127.0.0.1", "--rtmp-port", "0", "--http-port", "0"],
      ...["--webrtc-port", `${first[0]}`, "--webtransport-port", "0"],
    ],
  });
  assert(single.output().includes(`WebRTC on 127.0.0.1 port ${first[0]} (UDP and TCP)`));
  const [, adminPort] = /^ +API and metrics on 127\.0\.0\.1 port (\d+), and nowhere else$/m
    .exec(single.output())!;
  const metrics = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  assertMatch(await metrics.text(), /^# HELP sluice_/);
  const listenArgs = ["--host", "::", ...FREE_PORTS];
  await using dual = await startGateway({ args: ["--shards", "1"], listenArgs });
  assertMatch(dual.output(), /\(UDP and TCP; over IPv6 TCP only: .*start:net\),$/m);
});

Deno.test("a port that is not permitted: one line with what grants it", async () => {
  const args = ["--http-port", "9999", "--shards", "1"];
  assertEquals(
    onlyLine(await runProgram(args, { denoArgs: ["-P=strict"] })),
    "Not permitted to listen on 0.0.0.0:9999 for HTTP: choose a granted port with --http-port, " +
      "or start it with `deno run --allow-net=0.0.0.0:1935,0.0.0.0:9999,0.0.0.0:8000,0.0.0.0:4433 " +
      "--ignore-env main.ts` and the same flags",
  );
  assertEquals(
    onlyLine(await runProgram(["--shards", "5"], { denoArgs: ["-P=strict"] })),
    "Not permitted to listen on 0.0.0.0:8004 for WebRTC: choose a granted port with " +
      "--webrtc-port, or start it with `deno run --allow-net=0.0.0.0:1935,0.0.0.0:8080," +
      "0.0.0.0:8000,0.0.0.0:8001,0.0.0.0:8002,0.0.0.0:8003,0.0.0.0:8004 --ignore-env main.ts` " +
      "and the same flags",
  );
  assertEquals(
    onlyLine(await runProgram(["--host", "::1", "--shards", "1"])),
    "Not permitted to listen on [::1]:1935 for RTMP, [::1]:8080 for HTTP, [::1]:8000 for WebRTC: " +
      "start it with `deno task start:net`, which may use IPv6",
  );
});

Deno.test("a host of hooks or keys that is not permitted: one line with what grants it", async () => {
  const hooks = [{ id: "auth", url: "https://hooks.example/decide", events: ["on_publish"] }];
  const jwt = { jwksUrl: "http://keys.example:8081/jwks.json" };
  const cases: readonly (readonly [access: unknown, profile: string, line: string])[] = [
    [
      { hooks },
      "-P",
      "hooks.example:443 for access hook auth: start it with `deno task start:net`, " +
      'which may use the whole network, or add "hooks.example:443" to permissions.default.net in ' +
      "deno.json",
    ],
    [
      { hooks, jwt },
      "-P=strict",
      "hooks.example:443 for access hook auth, keys.example:8081 for access.jwt.jwksUrl: start it " +
      "with `deno task start:net`, which may use the whole network, or add " +
      '"hooks.example:443", "keys.example:8081" to permissions.strict.net in deno.json',
    ],
  ];
  for (const [access, profile, line] of cases) {
    const options = { denoArgs: [profile], stdin: JSON.stringify({ access }) };
    assertEquals(
      onlyLine(await runProgram(["--config", "-"], options)),
      `Not permitted to reach ${line}`,
    );
  }
});
