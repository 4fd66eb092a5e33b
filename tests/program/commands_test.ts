import { assertEquals, assertMatch } from "@std/assert";
import { KeyHash } from "../../src/access/key_hash.ts";
import { SignedUrls } from "../../src/access/signed_url.ts";
import { runProgram, startGateway } from "../../testing/gateway_process.ts";

function healthArgs(port: number, ...more: readonly string[]): string[] {
  return ["health", "--http-port", `${port}`, ...more];
}

Deno.test("health: whether the gateway lives and takes clients", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const { httpPort } = gateway;
  const well = { code: 0, stdout: "ok\n", stderr: "" };
  assertEquals(await runProgram(healthArgs(httpPort)), well);
  assertEquals(await runProgram(healthArgs(httpPort, "--ready", "--host", "127.0.0.1")), well);
  // As a container has it: the configuration says where it is, and what it says else is not judged.
  const stdin = JSON.stringify({ host: "127.0.0.1", httpPort, shards: "many" });
  assertEquals(await runProgram(["health", "--config", "-"], { stdin }), well);
  await gateway.stop();
  const ended = await runProgram(healthArgs(httpPort));
  assertEquals([ended.code, ended.stdout], [1, ""]);
  assertMatch(
    ended.stderr,
    RegExp(
      `^sluice: Not well: http://0\\.0\\.0\\.0:${httpPort}/healthz does not answer: tcp connect error: .+\n$`,
    ),
  );
});

Deno.test("health: an answer that is no 200", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("no", { status: 503 }),
  );
  const { port } = server.addr;
  assertEquals(await runProgram(healthArgs(port, "--ready", "--host", "127.0.0.1")), {
    code: 1,
    stdout: "",
    stderr: `sluice: Not well: http://127.0.0.1:${port}/readyz answers 503\n`,
  });
});

Deno.test("check-config: right, or what is wrong in one line", async () => {
  const check = (config: unknown, ...flags: readonly string[]) =>
    runProgram(["check-config", ...flags], { stdin: JSON.stringify(config) });
  assertEquals(await check({ $schema: "./config.schema.json", httpPort: 9090 }), {
    code: 0,
    stdout: "The configuration is right.\n",
    stderr: "",
  });
  const { code, stderr } = await check({ httpPrt: 9090 });
  assertEquals([code, stderr], [
    1,
    "sluice: Cannot use the configuration: unknown setting httpPrt; did you mean httpPort?\n",
  ]);
  assertEquals((await check({ shards: 65 }, "--shards", "2")).code, 0);
  const clash = await check({ httpPort: 1935 });
  assertEquals([clash.code, clash.stderr], [
    1,
    "sluice: Cannot listen on 0.0.0.0:1935 for HTTP: RTMP has that port (--rtmp-port); choose " +
    "another with --http-port\n",
  ]);
  // Ports that may not be listened on, or are in use, are a start's to tell.
  assertEquals((await check({ rtmpPort: 0, httpPort: 0, webrtcPort: 80 })).code, 0);
});

Deno.test("config-schema: the schema that is committed", async () => {
  const { code, stdout } = await runProgram(["config-schema"]);
  const file = new URL("../../docs/config.schema.json", import.meta.url);
  assertEquals([code, stdout], [0, await Deno.readTextFile(file)]);
});

Deno.test("a command that there is none of: one line with what was probably meant", async () => {
  const { code, stdout, stderr } = await runProgram(["heath"]);
  assertEquals([code, stdout, stderr], [
    1,
    "",
    "sluice: Unknown command 'heath'; did you mean health?\n",
  ]);
  const help = await runProgram(["health", "--help"]);
  assertMatch(help.stdout, /^sluice health: .+\n\n {2}--ready /);
  assertEquals(await runProgram(["help", "health"]), help);
  assertEquals(await runProgram(["help"]), await runProgram(["--help"]));
});

Deno.test("hash-key: the hash of a secret on standard input, or of a new one", async () => {
  const secret = "a-secret-of-an-encoder";
  const { code, stdout } = await runProgram(["hash-key"], { stdin: `${secret}\n` });
  assertEquals(code, 0);
  const hash = new KeyHash(stdout.trimEnd());
  assertEquals([hash.matches(secret), hash.matches(`${secret}x`)], [true, false]);
  const made = await runProgram(["hash-key", "--new"]);
  const [, newSecret, newHash] = /^secret {2}(\S+)\nhash {4}(\S+)\n$/.exec(made.stdout)!;
  assertEquals(new KeyHash(newHash!).matches(newSecret!), true);
  const short = await runProgram(["hash-key"], { stdin: "short" });
  assertEquals([short.code, short.stdout], [1, ""]);
  assertMatch(short.stderr, /^sluice: Cannot hash the secret: [^\n]+, got 5 characters\n$/);
});

Deno.test("sign-url: what the gateway takes, for that stream alone", async () => {
  const secret = "a-secret-of-this-server";
  const args = ["--path", "live/test", "--id", "x", "--expires", "90s"];
  const { code, stdout } = await runProgram(["sign-url", ...args], { stdin: secret });
  assertEquals(code, 0);
  const [, token] = /^\?token=(\S+)\n$/.exec(stdout)!;
  const nowMs = Date.now;
  const urls = new SignedUrls({ secrets: [{ id: "x", secret }], endAtExpiry: false, nowMs });
  const decide = (path: string) => {
    const request = { action: "play", path, credentials: { token } };
    return urls.decide(request as Parameters<SignedUrls["decide"]>[0])?.kind;
  };
  assertEquals([decide("live/test"), decide("live/other")], ["allow", "refuse"]);
  const named = await runProgram(["sign-url", ...args, "--address", "localhost"], {
    stdin: secret,
  });
  assertEquals([named.code, named.stdout, named.stderr], [
    1,
    "",
    'sluice: Cannot use --address: expected an IP address, got "localhost"\n',
  ]);
});
