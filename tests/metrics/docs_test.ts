import { assertEquals } from "@std/assert";
import { GAUGES, TOTALS } from "../../src/metrics/counted.ts";
import {
  BUILD_INFO,
  HISTOGRAMS,
  MEASURES,
  REFUSAL_CAUSES,
  TALLIES,
} from "../../src/metrics/measured.ts";

const ROOT = new URL("../../", import.meta.url);

interface Told {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
  readonly help: string;
}

/** Labels with their values, as the table has them: "`protocol`: rtmp, http". */
function labelText(
  labels: Readonly<Record<string, readonly string[]>>,
  more: string[] = [],
): string {
  const texts = Object.entries(labels).map(([label, values]) =>
    `\`${label}\`: ${[...new Set(values)].join(", ")}`
  );
  return [...texts, ...more].join("; ");
}

function named(
  families: readonly {
    readonly name: string;
    readonly help: string;
    readonly type?: string;
    readonly of?: string;
    readonly series: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[],
  type: string,
): Told[] {
  return families.map((family) => {
    const labels: Record<string, string[]> = {};
    for (const series of Object.values(family.series)) {
      for (const [label, value] of Object.entries(series)) (labels[label] ??= []).push(value);
    }
    const more = family.of === "thread" ? ["`thread`"] : [];
    return {
      name: family.name,
      type: family.type ?? type,
      labels: labelText(labels, more),
      help: family.help,
    };
  });
}

/** What the code has, in the order of the text that it tells it in. */
function everything(): Told[] {
  const tallies = Object.values(TALLIES).map(({ name, help, labels }) => {
    return { name, help, type: "counter", labels: labelText(labels) };
  });
  const histograms = Object.values(HISTOGRAMS).map(({ name, help, labels, of }) => {
    const more = of === "thread" ? ["`thread`"] : [];
    return { name, help, type: "histogram", labels: labelText(labels, more) };
  });
  return [
    ...named(GAUGES, "gauge"),
    ...named(TOTALS, "counter"),
    ...tallies,
    ...histograms,
    ...named(MEASURES, "gauge"),
    { ...BUILD_INFO, type: "gauge", labels: "`version`" },
  ];
}

Deno.test("docs/metrics.md has every metric, with its type, labels and meaning", async () => {
  const text = await Deno.readTextFile(new URL("docs/metrics.md", ROOT));
  const told = text.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
    const [, name, type, labels, help] = line.split("|").map((cell) => cell.trim());
    return { name: name!.replaceAll("`", ""), type: type!, labels: labels!, help: help! };
  }).filter(({ name }) => /^(?:sluice|process)_/.test(name));
  assertEquals(
    told,
    everything().map(({ name, type, labels, help }) => ({
      name,
      type,
      labels,
      help,
    })),
  );
});

Deno.test("every cause that access refuses for is a label of the metrics", async () => {
  const causes = new Set<string>();
  const folder = new URL("src/access/", ROOT);
  for await (const { name } of Deno.readDir(folder)) {
    const source = await Deno.readTextFile(new URL(name, folder));
    for (const [, cause] of source.matchAll(/refuse\(\s*"\w+",\s*"([^"]+)"/g)) causes.add(cause!);
    for (
      const [, cause] of source.matchAll(/\b(?:cause:|HOOK_FAILED =|UNKNOWN_KEY =) "([^"]+)"/g)
    ) {
      causes.add(cause!);
    }
  }
  assertEquals([...causes, "other"].sort(), [...REFUSAL_CAUSES].sort());
});

if (import.meta.main) {
  // The rows of the table, to be pasted.
  const rows = everything().map(({ name, type, labels, help }) => {
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  console.log(rows.join("\n"));
}
