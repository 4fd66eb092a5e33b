import { assertEquals } from "@std/assert";
import { treeViolationsOf } from "./trees.ts";

/** What a file of a tree imports, and what is wrong with it. */
const CASES: readonly (readonly [path: string, source: string, violations: string[]])[] = [
  ["tests/rtmp/a.ts", `import "../../src/rtmp/a.ts";\nimport "../../testing/a.ts";`, []],
  ["tests/a.ts", `\nimport type { B } from "../bench/b.ts";`, [
    "tests/a.ts:2: tests may not import bench/b.ts",
  ]],
  ["bench/a.ts", `import { b } from "../tests/b.ts";`, [
    "bench/a.ts:1: bench may not import tests/b.ts",
  ]],
  ["bench/a.ts", `import { b } from "../testing/rtmp/b.ts";\nimport "npm:ws";`, []],
  [
    "testing/rtmp/a.ts",
    `export { b } from "../../tests/b.ts";\nawait import("../../bench/b.ts");`,
    [
      "testing/rtmp/a.ts:1: testing may not import tests/b.ts",
      "testing/rtmp/a.ts:2: testing may not import bench/b.ts",
    ],
  ],
];

Deno.test("treeViolationsOf: tests and bench meet in testing only", () => {
  for (const [path, source, violations] of CASES) {
    assertEquals(treeViolationsOf(path, source), violations, source);
  }
});
