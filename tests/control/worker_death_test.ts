import { assertEquals, assertMatch } from "@std/assert";
import { workerModuleUrl } from "../../src/control/worker_module.ts";

const ROOT = new URL("../../", import.meta.url);

/** A pool of one shard, which throws in its own time, by `how`. */
const program = (how: string) => `
  import { configureLogging } from "./src/logging/logging.ts";
  import { ShardPool } from "./src/control/shard_pool.ts";
  configureLogging({ logLevel: "info", logFormat: "json" });
  const source = \`self.onmessage = ({ data }) => {
    if (data.kind === "stop") return self.postMessage({ kind: "stopped" });
    self.postMessage({ kind: "listening" });
    if (data.start === 1) setTimeout(() => ${how});
  };\`;
  let starts = 0;
  const lost = Promise.withResolvers();
  const pool = new ShardPool(source, {
    startMessage: () => ({ kind: "start", start: ++starts }),
    message() {},
    lost: () => lost.resolve(),
    hung() {},
  });
  await pool.start(1);
  await lost.promise;
  await pool.stop();
`;

Deno.test("what a worker dies of is a line of the log, and nothing else is printed", async () => {
  for (
    const how of [`{ throw new TypeError("broken") }`, `Promise.reject(new TypeError("broken"))`]
  ) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", "--ext=ts", program(how)],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    });
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([code, new TextDecoder().decode(stdout)], [0, ""], text);
    const [line, ...others] = text.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([line.level, others], ["ERROR", []]);
    assertMatch(line.message, /^Shard 0 died and is started again: TypeError: broken\n {4}at /);
  }
});

Deno.test("a worker that died does nothing more, though nobody has ended it yet", async () => {
  const url = workerModuleUrl(`
    setInterval(() => self.postMessage({ kind: "alive" }), 1);
    setTimeout(() => { throw new Error("broken"); }, 5);
  `);
  const worker = new Worker(url, { type: "module" });
  const died = Promise.withResolvers<void>();
  let heard = 0;
  worker.addEventListener("message", ({ data }) => {
    if (data.kind === "died") died.resolve();
    else heard++;
  });
  await died.promise;
  heard = 0;
  await new Promise((resolve) => setTimeout(resolve, 100));
  worker.terminate();
  URL.revokeObjectURL(url);
  assertEquals(heard, 0);
});
