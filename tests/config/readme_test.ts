import { assert, assertEquals } from "@std/assert";
import { helpText } from "../../src/config/commands.ts";
import { parseConfig } from "../../src/config/schema.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const settings = await Deno.readTextFile(new URL("../../docs/settings.md", import.meta.url));

Deno.test("the configuration in docs is what is used without one", () => {
  const [, json] = /^```json\n(.*?)^```$/ms.exec(settings)!;
  const told = JSON.parse(json!);
  // So it must be one that is accepted, and the number of shards is the machine's.
  assertEquals(told, parseConfig({}, told.shards));
});

Deno.test("each limit and each time-out is told of", () => {
  const { limits, timeouts } = parseConfig({}, 1);
  const rows = [...settings.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  for (const name of Object.keys({ ...limits, ...timeouts })) {
    if (!name.endsWith("PerAddress")) assert(rows.includes(name), `docs/settings.md lacks ${name}`);
  }
});

Deno.test("the README's table has all flags that --help lists, in their order", () => {
  const flags = (text: string) => text.match(/--[a-z-]+/g) ?? [];
  const rows = readme.split("\n").filter((line) => line.startsWith("| `--"));
  const told = rows.flatMap((row) => flags(row.split("|")[1]!));
  const [, list] = /Usage:.*?\n\n(.*?)\n\n/s.exec(helpText("0"))!;
  const listed = list!.split("\n").flatMap((line) => flags(line).slice(0, 1));
  assertEquals(told, listed.filter((flag) => flag !== "--help" && flag !== "--version"));
});
