/** What is said where the modules of threads are not there, and cannot be made. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs Deno in a checkout without bundles, whose `dist` is what `prepare` makes of it. */
async function inCheckout(
  args: readonly string[],
  prepare: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const parts = ["src", "deno.json", "deno.lock", "main.ts"].map((name) => ROOT + name);
    const copied = await new Deno.Command("cp", { args: ["-r", ...parts, folder] }).output();
    assert(copied.success);
    await prepare(folder);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("without its bundles, the program says what makes them", async () => {
  assertEquals(await inCheckout(["run", "-q", "--no-prompt", "-P", "main.ts"]), {
    code: 1,
    stdout: "",
    stderr: "sluice: Cannot start without dist/shard.js and dist/transcoding.js: " +
      "`deno task start` makes them, `deno task bundle` makes them alone\n",
  });
});

Deno.test("where bundles cannot be written, the task says what to do", async () => {
  // No folder can be made where there is a file, whoever the tests are run by.
  const { code, stderr } = await inCheckout(
    ["task", "bundle"],
    (folder) => Deno.writeTextFile(`${folder}/dist`, ""),
  );
  assertEquals(code, 1);
  const [last] = stderr.trim().split("\n").toReversed();
  assert(last!.startsWith("sluice: cannot write dist/shard.js and dist/transcoding.js"), stderr);
  assert(last!.endsWith("start by `deno run -q --no-prompt -P main.ts`"), stderr);
});
