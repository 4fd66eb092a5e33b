import { assertEquals } from "@std/assert";
import { blankText, importsOf } from "./source_text.ts";

const BLANKED: readonly (readonly [source: string, code: string])[] = [
  ["a // Deno.x\nb", "a          \nb"],
  ["a /* x\n * y */ b", "a     \n        b"],
  [`f("Deno.x", 'a"b', "\\"c")`, `f("      ", '   ', "   ")`],
  ["f(`a ${b(`c ${d} e`)} f`)", "f(`  ${b(`  ${d}  `)}  `)"],
  ["`${ { a: { b: 1 } }.c }x`", "`${ { a: { b: 1 } }.c } `"],
  ["x = /[/\"]\\/'/g;", "x =          g;"],
  ["a / b / c; // '", "a / b / c;     "],
  ["return /'/.test(a) / 2", "return    .test(a) / 2"],
  ["(a) / b('/')", "(a) / b(' ')"],
  ["/** `x` isn't */ y", "                 y"],
];

Deno.test("blankText: comments, strings and regular expressions", () => {
  for (const [source, code] of BLANKED) assertEquals(blankText(source), code, source);
});

const SOURCE = `import a from "./a.ts";
import type { B } from "./b.ts";
import { type C, d } from './c.ts';
import {
  e, // from "./not.ts"
  f,
} from "./e.ts";
import * as g from "./g.ts";
import "./h.ts";
export * from "./i.ts";
export { j } from "./j.ts";
export type { K } from "./k.ts";
const l = await import("./l.ts");
type M = import("./m.ts").M;
import n, { o } from "./n.ts" with { type: "text" };
// import p from "./not.ts";
const q = 'import r from "./not.ts"';
const s = Array.from("x"), t = a.import("./not.ts");
export * as u from "./u.ts";
/** import v from "./not.ts"; */
`;

Deno.test("importsOf: every form, and nothing in comments and strings", () => {
  const imports = importsOf(SOURCE, blankText(SOURCE));
  const names = imports.map(({ specifier }) => specifier.slice(2, -3)).join("");
  assertEquals(names, "abceghijklmnu");
  assertEquals(imports.map(({ line }) => line), [1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19]);
});
