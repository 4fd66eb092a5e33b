/** Files that import each other, by however many steps. */
import { blankText, importsOf } from "./source_text.ts";

/**
 * The circles of a house: each once, its files in the order in which they import each other, from
 * the one that was met first. Imports of types count: what two files say of each other is one thing.
 *
 * @param files sources by their path as from the repository's root
 */
export function circlesOf(files: ReadonlyMap<string, string>): string[][] {
  const imports = new Map([...files].map(([path, source]) => [path, filesImported(path, source)]));
  const circles: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string) => {
    const at = way.indexOf(path);
    if (at >= 0) circles.push(way.slice(at));
    if (at >= 0 || done.has(path)) return;
    way.push(path);
    for (const next of imports.get(path) ?? []) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of imports.keys()) visit(path);
  return circles;
}

function filesImported(path: string, source: string): string[] {
  return importsOf(source, blankText(source))
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => new URL(specifier, `file:///${path}`).pathname.slice(1));
}
