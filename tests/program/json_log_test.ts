import { assert, assertEquals } from "@std/assert";
import { until } from "../../testing/waiting.ts";
import { FREE_PORTS, runProgram } from "../../testing/gateway_process.ts";

const ROOT = new URL("../../", import.meta.url);

interface Line {
  readonly "@timestamp": string;
  readonly level: string;
  readonly message: string;
  readonly logger: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Each line as what it must be: one JSON object with all that a line of the log has. */
function linesOf(text: string): Line[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const parsed = JSON.parse(line) as Line;
    assertEquals(Object.keys(parsed), ["@timestamp", "level", "message", "logger", "properties"]);
    return parsed;
  });
}

Deno.test("--log-format json: every line is JSON, from the first to the last", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P", "main.ts", "--host", "127.0.0.1", ...FREE_PORTS]
      .concat(["--log-format", "json", "--log-level", "debug"]),
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let printed = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) printed += text;
  })();
  const errors = new Response(child.stderr).text();
  try {
    await until("it is ready", () => printed.includes('"Ready."'));
    const ready = linesOf(printed).find(({ message }) => message === "Ready.")!;
    const { rtmpPort, httpPort, host, webrtcPorts } = ready.properties;
    assertEquals([host, (webrtcPorts as number[]).length > 0], ["127.0.0.1", true]);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/healthz`);
    assertEquals(await answer.text(), "ok\n");
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort as number });
    await conn.write(new Uint8Array(10).fill(0x47));
    await until("the log tells of it", () => printed.includes("Cannot start RTMP"));
    conn.close();
  } finally {
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    await reading;
  }
  const lines = linesOf(printed);
  assertEquals(lines.at(-1)!.message, "Stopping.");
  const refused = lines.find(({ message }) => message.includes("Cannot start RTMP"))!;
  assertEquals([refused.level, refused.logger], ["INFO", "sluice.rtmp"]);
  assert(/^\d-[0-9a-z]{6}$/.test(refused.properties["id"] as string));
  linesOf(await errors);
});

Deno.test("--log-format json: what is wrong at the start is JSON, too", async () => {
  const wrong: readonly (readonly [args: string[], stdin: string | undefined, part: string])[] = [
    [["--log-format", "json", "--nope"], undefined, "Unknown option '--nope'"],
    [["--log-format=json", "--shards", "0"], undefined, "Expected >=1 but received 0"],
    [["--config", "-"], '{"logFormat": "json", "nope": 1}', "unknown setting nope"],
    [["--config", "-", "--log-format", "json"], "{", "line 1, column 2"],
  ];
  for (const [args, stdin, part] of wrong) {
    const { code, stdout, stderr } = await runProgram(args, stdin === undefined ? {} : { stdin });
    assertEquals([code, stdout], [1, ""]);
    const [line, ...others] = linesOf(stderr);
    assertEquals([line!.level, line!.logger, others], ["ERROR", "sluice.main", []]);
    assert(line!.message.includes(part), line!.message);
  }
  const { stderr } = await runProgram(["--config", "-", "--log-format", "text"], {
    stdin: '{"logFormat": "json", "nope": 1}',
  });
  assertEquals(stderr, "sluice: Cannot use the configuration: unknown setting nope\n");
});
