import { assertEquals } from "@std/assert";
import { configure, getLogger, reset } from "@logtape/logtape";
import { FOLDING_LIMITS } from "../../src/logging/log_folding.ts";
import { textLine } from "../../src/logging/log_format.ts";
import { foldingSink, printLine } from "../../src/logging/logging.ts";
import { until } from "../../testing/waiting.ts";

Deno.test("foldingSink: repeats of one network are folded over its connections, and told", async () => {
  const lines: string[] = [];
  let leftOut = 0;
  const sink = foldingSink((line) => lines.push(textLine(line).replace(/^\S+ /, "")), {
    limits: { ...FOLDING_LIMITS, windowMs: 200, linesPerSource: 2 },
    leftOut: () => leftOut++,
  });
  await configure({
    sinks: { sink },
    loggers: [
      { category: ["sluice"], lowestLevel: "debug", sinks: ["sink"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  try {
    for (let at = 0; at < 10; at++) {
      // Each from a connection and an address of its own, all of one network.
      const log = getLogger(["sluice", "rtmp"]).with({
        id: `0-${at}`,
        peer: `[2001:db8::${at}]:500${at}`,
      });
      log.info("{peer} publishes {path}", { path: `live/${at}` });
    }
    getLogger(["sluice", "rtmp"]).with({ id: "0-x", peer: "192.0.2.1:5000" })
      .info("{peer} publishes {path}", { path: "live/x" });
    // Where only the address is known.
    for (const id of ["0-y", "0-z"]) {
      const log = getLogger(["sluice", "rtmp"]).with({ id, hostname: "2001:db8::7" });
      log.info("{peer} publishes {path}", { path: "live/y" });
    }
    const written = [
      "[INF] rtmp: [0-0] [2001:db8::0]:5000 publishes live/0",
      "[INF] rtmp: [0-1] [2001:db8::1]:5001 publishes live/1",
      "[INF] rtmp: [0-x] 192.0.2.1:5000 publishes live/x",
    ];
    assertEquals(lines, written);
    assertEquals(leftOut, 10);
    await until("what was left out is told", () => lines.length > written.length);
    assertEquals(lines.slice(written.length), [
      '[WRN] log: 10 more lines in 0.2 s like "{peer} publishes {path}", by address: ' +
      "2001:db8:0:0::/64 10",
    ]);
  } finally {
    await reset();
  }
});

Deno.test("a line that cannot be written, as nobody reads it any more, harms nobody", () => {
  const { info } = console;
  console.info = () => {
    throw new Deno.errors.BrokenPipe();
  };
  try {
    const category = ["sluice", "test"];
    printLine("text", { timestamp: 0, level: "info", category, message: ["x"], properties: {} });
  } finally {
    console.info = info;
  }
});
