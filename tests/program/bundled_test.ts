import { assert, assertEquals, assertMatch } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { until } from "../../testing/waiting.ts";
import { FREE_PORTS } from "../../testing/gateway_process.ts";

const ROOT = new URL("../../", import.meta.url);

/** Flags of the compile task, which turns the module into a binary. */
const FLAGS = ["--no-config", "--no-prompt", "--unstable-net", "--unstable-worker-options"];
const PERMISSIONS = ["--allow-net", "--ignore-env"];

async function run(command: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Starts a command in a folder without sources, looks at the page, and ends it. */
async function assertServes(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = new Deno.Command(command, {
    args: [...args, "--host", "127.0.0.1", ...FREE_PORTS],
    cwd,
    stdout: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let printed = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) printed += text;
  })();
  try {
    await until("the start-up lines", () => printed.includes("Ready."));
    const port = /HTTP on \S+ port (\d+)/.exec(printed)![1];
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assertEquals([page.status, page.headers.get("content-type")], [
      200,
      "text/html; charset=utf-8",
    ]);
    assert((await page.text()).includes("Sluice"));
    const player = await fetch(`http://127.0.0.1:${port}/assets/mpegts.js`);
    assert((await player.text()).length > 100_000);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await reading;
  }
}

Deno.test("the module that the binary is made from runs alone, away from the sources", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = `${folder}/main.js`;
    const bundling = await run(Deno.execPath(), "bundle", "-q", "--output", module, "main.ts");
    assertEquals(bundling.code, 0, bundling.stderr);
    await assertServes(Deno.execPath(), ["run", "-q", ...FLAGS, ...PERMISSIONS, module], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const UNFETCHED = /^sluice: Cannot make \S+: Deno's runtime for it cannot be fetched, url \(.+$/;

Deno.test("a release has files with the version, and checksums; its binary serves if there is one", async () => {
  const { code, stderr } = await run(Deno.execPath(), "task", "release");
  const said = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("Task "));
  for (const line of said) assertMatch(line, UNFETCHED);
  assertEquals(code, said.length === 0 ? 0 : 1);
  const folder = new URL("dist/release/", ROOT).pathname;
  const { version } = project;
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert(names.includes(`sluice-${version}.js`));
  // Five binaries, the module and the checksums.
  assertEquals(names.length + said.length, 7);
  const sums = await run("sh", "-c", `cd ${folder} && sha256sum --check --strict SHA256SUMS`);
  assertEquals([sums.code, sums.stdout.match(/: OK$/gm)?.length], [0, names.length - 1]);
  const own = `sluice-${version}-${Deno.build.os}-${
    Deno.build.arch === "x86_64" ? "x64" : "arm64"
  }`;
  if (names.includes(own)) await assertServes(folder + own, [], folder);
});
