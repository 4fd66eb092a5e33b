/** What `deno task bundle` makes, when it makes it, and what is said where it cannot. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { peerTest } from "../../testing/peers.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A checkout of its own. */
class Checkout implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(...bundles: readonly string[]): Promise<Checkout> {
    const folder = await Deno.makeTempDir();
    const parts = ["src", "tools", "docs", "deno.json", "deno.lock", "main.ts", ...bundles];
    const args = ["-r", ...parts.map((name) => ROOT + name), folder];
    const copied = await new Deno.Command("cp", { args }).output();
    assert(copied.success);
    return new Checkout(folder);
  }

  /** Runs Deno there. */
  deno(...args: readonly string[]) {
    return this.run(Deno.execPath(), ...args);
  }

  async run(command: string, ...args: readonly string[]) {
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd: this.folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** When the bundles were made last. */
  get bundledAtMs(): number {
    return Deno.statSync(`${this.folder}/dist/shard.js`).mtime!.getTime();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("without its bundles, the program says what makes them", async () => {
  await using checkout = await Checkout.create();
  assertEquals(await checkout.deno("run", "-q", "--no-prompt", "-P", "main.ts"), {
    code: 1,
    stdout: "",
    stderr: "sluice: Cannot start without dist/shard.js and dist/transcoding.js: " +
      "`deno task start` makes them, `deno task bundle` makes them alone\n",
  });
});

Deno.test("bundles are made again only when what they are made of has changed", async () => {
  await using checkout = await Checkout.create("dist");
  const bundle = async () => {
    const { code, stderr } = await checkout.deno("task", "bundle");
    assertEquals(code, 0, stderr);
    return checkout.bundledAtMs;
  };
  const firstMs = await bundle();
  assertEquals(await bundle(), firstMs, "nothing has changed");
  // As a fresh checkout has it: other times, the same files.
  await checkout.run("touch", "src/shard/shard.ts");
  assertEquals(await bundle(), firstMs, "no content has changed");
  const changes: readonly (readonly [file: string, append: string])[] = [
    ["src/shard/net/places.ts", "\n// Changed.\n"],
    ["dist/shard.js", "\n// Half of another.\n"],
  ];
  let lastMs = firstMs;
  for (const [file, append] of changes) {
    await Deno.writeTextFile(`${checkout.folder}/${file}`, append, { append: true });
    const changedMs = await bundle();
    assert(changedMs > lastMs, `${file} has changed`);
    lastMs = changedMs;
  }
  const names = [...Deno.readDirSync(`${checkout.folder}/dist`)].map(({ name }) => name);
  assertEquals(names.filter((name) => /\.\d+$/.test(name)), [], "nothing unfinished is left");
});

Deno.test("where bundles cannot be written, the task says what to do", async () => {
  await using checkout = await Checkout.create();
  // No folder can be made where there is a file, whoever the tests are run by.
  await Deno.writeTextFile(`${checkout.folder}/dist`, "");
  const { code, stderr } = await checkout.deno("task", "start");
  assertEquals(code, 1);
  const lines = stderr.trim().split("\n").filter((line) => !line.startsWith("Task "));
  assertEquals(lines.length, 1, stderr);
  assertMatch(
    lines[0]!,
    /^sluice: Cannot make dist\/shard\.js and dist\/transcoding\.js: .+\. A folder that cannot be written needs `deno task bundle` before it is made so, and whenever its sources change$/,
  );
});

peerTest("a checkout that cannot be written starts from its bundles", ["unshare"], async () => {
  await using checkout = await Checkout.create("dist");
  assertEquals((await checkout.deno("task", "bundle")).code, 0);
  const readOnly = (...args: readonly string[]) => {
    const script = 'mount --bind -o ro . . && cd "$PWD" && exec "$@"';
    return checkout.run("unshare", "-m", "sh", "-c", script, "sh", Deno.execPath(), ...args);
  };
  const started = await readOnly("task", "start", "--version");
  assertEquals([started.code, started.stdout], [0, "0.1.0\n"], started.stderr);
  await Deno.writeTextFile(`${checkout.folder}/src/gateway.ts`, "\n", { append: true });
  const stale = await readOnly("task", "start", "--version");
  assertEquals([stale.code, stale.stdout], [1, ""]);
  assertMatch(stale.stderr, /Cannot make .*Read-only file system/);
});

Deno.test("a start says if fewer files may be open than the limits need", async () => {
  const start = async (limit: number) => {
    const script = `ulimit -n ${limit} && exec "$@"`;
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", Deno.execPath(), "task", "start", "--version"],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0);
    const lines = new TextDecoder().decode(stderr).split("\n");
    return lines.filter((line) => line !== "" && !line.startsWith("Task "));
  };
  assertEquals(await start(20_000), []);
  assertEquals(await start(1000), [
    "sluice: ulimit -Hn is 1000, and the default limits need 20000 open files: raise it, or lower " +
    "limits.httpConnections",
  ]);
});
