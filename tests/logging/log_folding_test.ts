import { assert, assertEquals } from "@std/assert";
import { LogFolding } from "../../src/logging/log_folding.ts";

const LIMITS = {
  windowMs: 1000,
  linesPerSource: 3,
  linesPerKind: 5,
  sourcesPerKind: 4,
  kinds: 3,
};

Deno.test("LogFolding: so many of a kind and a source, and what was left out is told once", () => {
  const folding = new LogFolding(LIMITS);
  const written = [1, 2, 3, 4, 5].map((atMs) => folding.admit("a", "192.0.2.1", atMs));
  assertEquals(written, [true, true, true, false, false]);
  assert(folding.isHolding);
  assertEquals(folding.due(1000), []);
  assertEquals(folding.due(1001), [
    { kind: "a", lines: 2, seconds: 1, sources: [{ source: "192.0.2.1", lines: 2 }] },
  ]);
  assertEquals([folding.due(1002), folding.isHolding], [[], false]);
  assert(folding.admit("a", "192.0.2.1", 1002));
});

Deno.test("LogFolding: another kind and another source are others", () => {
  const folding = new LogFolding(LIMITS);
  for (let at = 0; at < 3; at++) assert(folding.admit("a", "192.0.2.1", at));
  assert(!folding.admit("a", "192.0.2.1", 3));
  assert(folding.admit("a", "192.0.2.2", 3));
  assert(folding.admit("b", "192.0.2.1", 3));
});

Deno.test("LogFolding: so many of a kind, from however many sources", () => {
  const folding = new LogFolding(LIMITS);
  let written = 0;
  for (let at = 0; at < 1000; at++) if (folding.admit("a", `source ${at}`, at / 2)) written++;
  assertEquals(written, LIMITS.linesPerKind);
  const [leftOut] = folding.due(5000);
  assertEquals(leftOut!.lines, 995);
  assert(leftOut!.sources.length <= LIMITS.sourcesPerKind);
  assertEquals(leftOut!.sources[0], { source: "others", lines: 995 });
});

Deno.test("LogFolding: a line of nobody's counts for its kind alone", () => {
  const folding = new LogFolding(LIMITS);
  const written = [1, 2, 3, 4, 5, 6].map((atMs) => folding.admit("a", undefined, atMs));
  assertEquals(written, [true, true, true, true, true, false]);
  assertEquals(folding.due(2000), [{ kind: "a", lines: 1, seconds: 1, sources: [] }]);
});

Deno.test("LogFolding: a window that is over when nobody asks is told all the same", () => {
  const folding = new LogFolding(LIMITS);
  for (let at = 0; at < 10; at++) folding.admit("a", "s", 0);
  assert(folding.admit("a", "s", 1000));
  assertEquals(folding.due(1000).map(({ lines }) => lines), [7]);
});

Deno.test("LogFolding: kinds beyond the limit count as one", () => {
  const folding = new LogFolding(LIMITS);
  let written = 0;
  for (let at = 0; at < 1000; at++) if (folding.admit(`kind ${at}`, undefined, 0)) written++;
  assertEquals(written, LIMITS.kinds + LIMITS.linesPerKind);
  assertEquals(folding.due(1000).map(({ lines }) => lines), [1000 - written]);
});
