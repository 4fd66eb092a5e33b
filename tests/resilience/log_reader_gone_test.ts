import { assertEquals } from "@std/assert";
import { FREE_PORTS } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";

/** The program, with its output in pipes that are read until it is ready, and then by nobody. */
async function startUnread() {
  const flags = ["--host", "127.0.0.1", ...FREE_PORTS, "--shards", "1", "--log-level", "debug"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P", "main.ts", ...flags, "--drain-seconds", "0"],
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/^Ready\./m.test(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It ended: ${text}`);
    text += value;
  }
  await Promise.all([reader.cancel(), child.stderr.cancel()]);
  const [rtmpPort, httpPort] = /RTMP on \S+ port (\d+), HTTP on \S+ port (\d+)/.exec(text)!
    .slice(1).map(Number) as [number, number];
  let isOver = false;
  const status = child.status.finally(() => isOver = true);
  const end = async () => {
    if (!isOver) child.kill("SIGKILL");
    await status;
  };
  return { child, status, rtmpPort, httpPort, [Symbol.asyncDispose]: end };
}

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  Deno.test(`a gateway whose log nobody reads any more serves on, and ends in order by ${signal}`, async () => {
    await using gateway = await startUnread();
    const { rtmpPort, httpPort } = gateway;
    // There is something to log of each.
    const publisher = await SyntheticPublisher.connect(rtmpPort, { path: "live/test" });
    publisher.run();
    const url = `http://127.0.0.1:${httpPort}/live/test.flv`;
    await until("it can be watched", async () => (await fetch(url, { method: "HEAD" })).ok);
    const response = await fetch(url);
    const reader = response.body!.getReader();
    for (let pieces = 0; pieces < 10; pieces++) assertEquals((await reader.read()).done, false);
    await reader.cancel();
    await publisher[Symbol.asyncDispose]();
    assertEquals(await (await fetch(`http://127.0.0.1:${httpPort}/healthz`)).text(), "ok\n");
    gateway.child.kill(signal);
    const { code, signal: by } = await gateway.status;
    assertEquals([code, by], [0, null]);
  });
}
