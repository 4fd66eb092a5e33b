import { assertEquals } from "@std/assert";
import { circlesOf } from "./circles.ts";

/** What each file imports, and the circles that are to be found. */
const CASES: readonly (readonly [files: Record<string, string>, circles: string[][]])[] = [
  [{ "src/a.ts": `import { b } from "./b.ts";`, "src/b.ts": "" }, []],
  [
    { "src/a.ts": `import { b } from "./b.ts";`, "src/b.ts": `import type { A } from "./a.ts";` },
    [["src/a.ts", "src/b.ts"]],
  ],
  [
    {
      "src/x/a.ts": `import { b } from "../y/b.ts";`,
      "src/y/b.ts": `export { c } from "../z/c.ts";`,
      "src/z/c.ts": `const a = await import("../x/a.ts");`,
    },
    [["src/x/a.ts", "src/y/b.ts", "src/z/c.ts"]],
  ],
  // Two ways to one file are no circle, nor is what a comment says.
  [
    {
      "a.ts": `import "./b.ts";\nimport "./c.ts";`,
      "b.ts": `import "./c.ts";`,
      "c.ts": `// import "./a.ts";`,
    },
    [],
  ],
  [{ "a.ts": `import "./a.ts";` }, [["a.ts"]]],
  // A circle that does not hold the file which the search begins with; and one beside it.
  [
    {
      "a.ts": `import "./b.ts";`,
      "b.ts": `import "./c.ts";\nimport "./d.ts";`,
      "c.ts": `import "./b.ts";`,
      "d.ts": `import "./b.ts";`,
    },
    [["b.ts", "c.ts"], ["b.ts", "d.ts"]],
  ],
];

Deno.test("circlesOf: finds files that import each other, and nothing else", () => {
  for (const [files, circles] of CASES) {
    assertEquals(circlesOf(new Map(Object.entries(files))), circles, JSON.stringify(files));
  }
});
