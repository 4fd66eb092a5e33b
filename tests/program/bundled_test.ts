import { assert, assertEquals } from "@std/assert";
import { until } from "../../testing/waiting.ts";

/** Flags of the compile task, which turns the module into a binary. */
const FLAGS = ["--no-config", "--no-prompt", "--unstable-net", "--unstable-worker-options"];
const PERMISSIONS = ["--allow-net=0.0.0.0/0,[::]", "--ignore-env"];

Deno.test("the module that the binary is made from runs alone, away from the sources", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = `${folder}/main.js`;
    const root = new URL("../../", import.meta.url);
    const bundling = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "-q", "--output", module, "main.ts"],
      cwd: root,
    }).output();
    assert(bundling.success, new TextDecoder().decode(bundling.stderr));
    await serves(module, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const FREE_PORTS = ["--rtmp-port", "0", "--http-port", "0", "--webrtc-port", "0"];

async function serves(module: string, cwd: string): Promise<void> {
  const ports = ["--host", "127.0.0.1", ...FREE_PORTS];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", ...FLAGS, ...PERMISSIONS, module, ...ports],
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
