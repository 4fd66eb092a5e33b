import { assert, assertEquals, assertMatch } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { type ProgramRun, runProgram, startGateway } from "../gateway_process.ts";
import { peerTest } from "../peers.ts";

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
    [["--shards", "many"], 'Cannot use --shards: expected a whole number, got "many"'],
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
    ["hello\nworld", /^Cannot read the configuration: .*"hello world" is not valid JSON$/],
    ["null", /^Cannot read the configuration: expected a JSON object, got null$/],
    [
      '{"httpPorts": 1}',
      /^Cannot use the configuration: httpPorts: Invalid key: .* received "httpPorts"$/,
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
  const { server } = await gateway.status();
  assertEquals([server.shards, server.rtmpPort], [1, gateway.rtmpPort]);
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
      const args = ["--host", "127.0.0.1", flag, `${port}`, free!, "0", "--shards", "2"];
      const purpose = flag === "--rtmp-port" ? "RTMP" : "HTTP";
      assertEquals(
        onlyLine(await runProgram(args)),
        `Cannot listen on 127.0.0.1:${port} for ${purpose}: the port is in use; ` +
          `choose another with ${flag}`,
      );
    }
  }
  assertEquals((await other.status()).server.shardRestarts, 0);
});

Deno.test("one port for RTMP and HTTP: one line that names the flag", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const ports = ["--rtmp-port", `${port}`, "--http-port", `${port}`];
  for (const shards of ["1", "2"]) {
    assertEquals(
      onlyLine(await runProgram(["--host", "127.0.0.1", ...ports, "--shards", shards])),
      `Cannot listen on 127.0.0.1:${port} for HTTP: the port is in use; ` +
        "choose another with --http-port",
    );
  }
});

Deno.test("a port that is not permitted: one line with what grants it", async () => {
  const args = ["--http-port", "9999", "--shards", "1"];
  assertEquals(
    onlyLine(await runProgram(args, { denoArgs: ["-P=strict"] })),
    "Not permitted to listen on 0.0.0.0:9999 for HTTP: choose a granted port with --http-port, " +
      "or start it with `deno run --allow-net=0.0.0.0:1935,0.0.0.0:9999,0.0.0.0:8000 " +
      "--ignore-env main.ts` and the same flags",
  );
  assertEquals(
    onlyLine(await runProgram(["--host", "::"])),
    "Not permitted to listen on [::]:1935 for RTMP: " +
      "start it with `deno task start:dual`, which may use IPv6",
  );
});
