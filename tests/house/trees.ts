/** Which of the repository's trees may import which. */
import { blankText, importsOf } from "./source_text.ts";

/** By tree, what its files may import beside packages: trees, and files that are in none. */
const TREES: Readonly<Record<string, readonly string[]>> = {
  testing: ["src", "testing"],
  tools: ["src", "tools", "deno.json"],
  tests: ["src", "testing", "tests", "tools", "dist", "deno.json"],
  bench: ["src", "testing", "bench", "dist", "deno.json"],
};

/**
 * What a file outside of `src` imports that is not for it, each as "file:line: rule". What tests and
 * bench have in common lies in `testing`, which knows neither.
 *
 * @param path as from the repository's root
 */
export function treeViolationsOf(path: string, source: string): string[] {
  const tree = path.split("/")[0]!;
  const allowed = TREES[tree];
  if (allowed === undefined) return [];
  return importsOf(source, blankText(source)).flatMap(({ specifier, line }) => {
    if (!specifier.startsWith(".")) return [];
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const isAllowed = allowed.includes(target.split("/")[0]!);
    return isAllowed ? [] : [`${path}:${line}: ${tree} may not import ${target}`];
  });
}
