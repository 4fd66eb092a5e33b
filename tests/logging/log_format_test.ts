import { assert, assertEquals } from "@std/assert";
import { unprintableIn } from "../../src/bytes/printable.ts";
import { jsonLine, type LogLine, textLine } from "../../src/logging/log_format.ts";

const NASTY = "\x00\r\n\x1b[31m\x7f\x9b2J\u200b\u2028\u2029\u202e\u2066\ud800\ufeff\u{e0001}\\";

function fault(message: string): Error {
  return Object.assign(new TypeError(message), { stack: `TypeError: ${message}\n    at here` });
}

function line(value: unknown, properties: Record<string, unknown> = {}): LogLine {
  return {
    timestamp: Date.UTC(2026, 10, 29, 22, 50, 1, 123),
    level: "info",
    category: ["sluice", "rtmp"],
    message: ["", value, " publishes"],
    properties,
  };
}

Deno.test("textLine: date, level, category, id and message", () => {
  assertEquals(
    textLine(line("192.0.2.1:5000", { id: "0-k3x9q2" })),
    "2026-11-29T22:50:01.123Z [INF] rtmp: [0-k3x9q2] 192.0.2.1:5000 publishes",
  );
  assertEquals(
    textLine({ ...line(fault("no")), level: "error", category: ["sluice"] }),
    "2026-11-29T22:50:01.123Z [ERR] : TypeError: no\\n    at here publishes",
  );
});

Deno.test("jsonLine: one object with all that the line has", () => {
  assertEquals(
    JSON.parse(
      jsonLine(line("a", { id: "0-1", path: "live/a", count: 3, error: fault("no") })),
    ),
    {
      "@timestamp": "2026-11-29T22:50:01.123Z",
      level: "INFO",
      message: "a publishes",
      logger: "sluice.rtmp",
      properties: { id: "0-1", path: "live/a", count: 3, error: "TypeError: no\n    at here" },
    },
  );
});

Deno.test("both formats: nothing that cannot be seen, and nothing lost", () => {
  for (const value of [NASTY, new Error(NASTY), [NASTY]]) {
    const text = textLine(line(value, { id: NASTY }));
    assertEquals(unprintableIn(text), undefined);
    assert(
      text.includes("\\r\\n\\x1b[31m\\x7f\\x9b2J\\u200b\\u2028\\u2029\\u202e\\u2066"),
      text,
    );
    assert(text.includes("\\ud800\\ufeff\\u{e0001}\\\\"), text);
    const json = jsonLine(line(value, { id: NASTY, list: [NASTY] }));
    assertEquals(unprintableIn(json), undefined);
    assertEquals(JSON.parse(json).properties, { id: NASTY, list: [NASTY] });
  }
});

Deno.test("both formats: a value of any length makes a line of some length", () => {
  for (const value of ["x".repeat(100_000), "\u202e".repeat(100_000)]) {
    assert(textLine(line(value, { id: value })).length < 700);
    assert(jsonLine(line(value, { id: value })).length < 7000);
    assert(textLine(line(value)).includes("00000 characters)"));
  }
});

Deno.test("both formats: no character of Unicode is shown that cannot be seen", () => {
  for (let first = 0; first <= 0x10ffff; first += hasUniformPlane(first) ? 0x1000 : 64) {
    const value = Array.from({ length: 64 }, (_, at) => String.fromCodePoint(first + at)).join("");
    for (const text of [textLine(line(value)), jsonLine(line(value, { value }))]) {
      assertEquals(unprintableIn(text), undefined, `from U+${first.toString(16)} on`);
    }
    assertEquals(JSON.parse(jsonLine(line("", { value }))).properties.value, value);
  }
});

/** Planes 4 to 13 have no characters, 15 and 16 private ones: some of each do. */
function hasUniformPlane(codePoint: number): boolean {
  const plane = codePoint >> 16;
  return plane > 3 && plane !== 14;
}
