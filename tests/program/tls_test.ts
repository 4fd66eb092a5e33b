import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ProgramRun, runProgram, startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { createSelfSigned } from "../../src/tls/self_signed.ts";
import { currentCertificate, KEYS } from "../../testing/certificates.ts";
import { until } from "../../testing/waiting.ts";

/** The flags that ask for free ports of 127.0.0.1. */
const FREE_PORTS = ["--host", "127.0.0.1", "--rtmp-port=0", "--http-port=0", "--webrtc-port=0"];

/** Asserts that the program ended with one readable line, and returns it. */
function onlyLine({ code, stdout, stderr }: ProgramRun): string {
  assertEquals([code, stdout], [1, ""], stderr);
  assertMatch(stderr, /^sluice: [^\n]+\n$/);
  return stderr.slice("sluice: ".length, -1);
}

/** Asserts that no row of a key's letters is in a text. */
function assertWithout(key: string, text: string): void {
  for (const line of key.split("\n").filter((row) => /^[\w+/=]{8,}$/.test(row))) {
    assert(!text.includes(line.slice(0, 8)) && !text.includes(line.slice(-8)), text);
  }
}

Deno.test("a certificate from standard input is served, and its key is in no log", async () => {
  const tls = currentCertificate("localhost");
  await using gateway = await startGateway({
    config: { tls },
    args: ["--log-level", "debug", "--shards", "2"],
  });
  using client = Deno.createHttpClient({ caCerts: [tls.certificate] });
  const url = `https://localhost:${gateway.httpsPort}/healthz`;
  assertEquals(await (await fetch(url, { client })).text(), "ok\n");
  const lines = gateway.output();
  assertMatch(lines, /^ +RTMPS on 127\.0\.0\.1 port \d+, HTTPS on 127\.0\.0\.1 port \d+$/m);
  assertMatch(lines, /^ +rtmps:\/\/127\.0\.0\.1:\d+\/live\/NAME/m);
  assertMatch(lines, /^ +https:\/\/127\.0\.0\.1:\d+\/ /m);
  assertMatch(lines, /^ {2}certificate: SHA-256\n +(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
  await gateway.stop();
  assertWithout(tls.key, gateway.output());
});

Deno.test("without a certificate nothing listens for TLS", async () => {
  await using gateway = await startGateway();
  assertEquals([gateway.rtmpsPort, gateway.httpsPort], [undefined, undefined]);
  assert(!/TLS|rtmps|https/.test(gateway.output()), gateway.output());
});

Deno.test("a certificate that has expired is served, and told", async () => {
  const tls = createSelfSigned({
    names: ["localhost"],
    notBeforeMs: Date.UTC(2020, 0),
    notAfterMs: Date.UTC(2021, 0),
    serialNumber: Uint8Array.of(1),
  });
  await using gateway = await startGateway({ config: { tls } });
  await until("it is told", () => {
    return /Clients will refuse the certificate: it has expired on 2021-01-01/
      .test(gateway.output());
  });
});

Deno.test("what is wrong with certificates and ports ends the program with one line", async () => {
  const { certificate, key } = currentCertificate("localhost");
  using busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const given = (tls: unknown) => JSON.stringify({ tls });
  const cases: readonly (readonly [stdin: string, args: string[], line: RegExp])[] = [
    [given({ certificate, key: KEYS.ed25519 }), [], /must be that of the first certificate$/],
    [
      given({ certificate: "cert.pem", key }),
      [],
      /must be PEM with "-----BEGIN CERTIFICATE-----"$/,
    ],
    [given(key), [], /tls \(--tls\): Invalid type: Expected "self-signed", or an object/],
    [given({ certificate, key }).slice(0, -9), [], /^Cannot read the configuration: /],
    ["{}", ["--tls", "yes"], /tls \(--tls\): Invalid type: Expected "self-signed"/],
    [
      given({ certificate, key }),
      ["--rtmps-port", `${busy.addr.port}`, "--https-port", "0"],
      /for RTMPS: the port is in use; choose another with --rtmps-port$/,
    ],
    [
      given({ certificate, key }),
      ["--https-port", `${busy.addr.port}`, "--rtmps-port", "0"],
      /for HTTPS: the port is in use; choose another with --https-port$/,
    ],
  ];
  for (const [stdin, args, line] of cases) {
    const run = await runProgram([...FREE_PORTS, "--config", "-", ...args], { stdin });
    assertMatch(onlyLine(run), line);
    for (const secret of [key, KEYS.ed25519]) assertWithout(secret, run.stderr);
  }
});

Deno.test("a port for TLS that is not granted is named, with what grants it", async () => {
  const args = ["--host", "0.0.0.0", "--rtmp-port", "1935", "--https-port", "9443"];
  const run = await runProgram([...args, "--shards=1", "--tls", "self-signed"], {
    denoArgs: ["-P=strict"],
  });
  assertEquals(
    onlyLine(run),
    "Not permitted to listen on 0.0.0.0:9443 for HTTPS: choose a granted port with --https-port, " +
      "or start it with `deno run --allow-net=0.0.0.0:1935,0.0.0.0:8080,0.0.0.0:1936,0.0.0.0:9443," +
      "0.0.0.0:8000,0.0.0.0:4433 --ignore-env main.ts` and the same flags",
  );
});

peerTest("the README's command makes a configuration of two files", ["jq"], async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [, command] = /^(jq -n --rawfile [^]*?) \| deno task start/m.exec(readme)!;
  const tls = currentCertificate("localhost");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/fullchain.pem`, tls.certificate);
    await Deno.writeTextFile(`${folder}/privkey.pem`, tls.key);
    const { stdout, success } = await new Deno.Command("sh", {
      args: ["-c", command!],
      cwd: folder,
    }).output();
    assert(success);
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), { tls });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
