import { assert, assertEquals } from "@std/assert";
import { circlesOf } from "./circles.ts";
import { ROOMS, violationsOf } from "./rules.ts";
import { treeViolationsOf } from "./trees.ts";

const ROOT = new URL("../../", import.meta.url);

/** What is no source: what tests take in, and what other programs are made of. */
const NO_SOURCES = ["fixtures", "artefacts", "node_modules"];

/** All files of these folders by their path as from the repository's root, and main.ts. */
function readFiles(...folders: readonly string[]): Map<string, string> {
  const files = new Map([["main.ts", Deno.readTextFileSync(new URL("main.ts", ROOT))]]);
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (!isDirectory) {
        files.set(`${folder}${name}`, Deno.readTextFileSync(new URL(folder + name, ROOT)));
      } else if (!NO_SOURCES.includes(name)) visit(`${folder}${name}/`);
    }
  };
  for (const folder of folders) visit(folder);
  return files;
}

/** Those of them that import. */
function readCode(...folders: readonly string[]): Map<string, string> {
  const files = [...readFiles(...folders)].filter(([path]) => /\.[jt]s$/.test(path));
  assert(files.length > 300, `only ${files.length} files found`);
  return new Map(files);
}

Deno.test("the house keeps its rules", () => {
  const house = readFiles("src/");
  assert(house.size > 60, `only ${house.size} files found`);
  const violations = [...house].flatMap(([path, source]) => violationsOf(path, source));
  assertEquals(violations, []);
});

Deno.test("no two files import each other, not even by others or for a type", () => {
  assertEquals(circlesOf(readCode("src/", "testing/", "tests/", "bench/", "tools/")), []);
});

Deno.test("what tests and bench share lies in testing", () => {
  const files = [...readCode("testing/", "tests/", "bench/", "tools/")];
  assertEquals(files.flatMap(([path, source]) => treeViolationsOf(path, source)), []);
});

Deno.test("rooms import downwards: no room reaches itself through others", () => {
  for (const start of Object.keys(ROOMS)) {
    const reached = new Set<string>();
    const visit = (room: string) => {
      for (const name of ROOMS[room]?.rooms ?? []) {
        // One file of a room is less than the room: the messages that control and shards exchange.
        if (name.includes("/") || reached.has(name)) continue;
        reached.add(name);
        visit(name);
      }
    };
    visit(start);
    assert(!reached.has(start), `${start} reaches itself by ${[...reached]}`);
  }
});

/** What is forbidden, and what is not though it looks like it; the rules must tell them apart. */
const CASES: readonly (readonly [path: string, source: string, violations: string[]])[] = [
  ["src/amf/a.ts", `import { x } from "../bytes/x.ts";\nimport { y } from "./y.ts";`, []],
  [
    "src/amf/a.ts",
    `\nimport type { X } from "../flv/x.ts";`,
    ["src/amf/a.ts:2: amf may not import src/flv/x.ts"],
  ],
  [
    "src/bytes/a.ts",
    `import {\n  x,\n} from "../amf/x.ts";`,
    ["src/bytes/a.ts:3: bytes may not import src/amf/x.ts"],
  ],
  ["src/flv/a.ts", `import x from "valibot";`, [
    "src/flv/a.ts:1: flv may not import the package valibot",
  ]],
  ["src/control/a.ts", `import type { X } from "../shard/messages.ts";`, []],
  ["src/control/a.ts", `import { x } from "../shard/live/streams.ts";`, [
    "src/control/a.ts:1: control may not import src/shard/live/streams.ts",
  ]],
  ["src/shard/a.ts", `import { x } from "../gateway.ts";`, [
    "src/shard/a.ts:1: shard may not import src/gateway.ts",
  ]],
  ["src/shard/a.ts", `import { x } from "../control/directory.ts";`, [
    "src/shard/a.ts:1: shard may not import src/control/directory.ts",
  ]],
  ["src/flv/a.ts", `import { x } from "../../testing/mutation.ts";`, [
    "src/flv/a.ts:1: flv may not import testing/mutation.ts",
  ]],
  ["src/flv/a.ts", `await import(name);`, ["src/flv/a.ts:1: an import names its module"]],
  ["src/rtmp/session/a.ts", `import { x } from "../chunk/x.ts";\nimport "../rtmp_error.ts";`, []],
  ["src/rtmp/rtmp_x.ts", `import { x } from "./session/x.ts";`, []],
  ["src/rtmp/chunk/a.ts", `import type { X } from "../session/x.ts";`, [
    "src/rtmp/chunk/a.ts:1: rtmp/chunk may not import src/rtmp/session/x.ts",
  ]],
  ["src/shard/net/a.ts", `import { x } from "../http/x.ts";`, [
    "src/shard/net/a.ts:1: shard/net may not import src/shard/http/x.ts",
  ]],
  ["src/shard/http/routing/a.ts", `import { x } from "../api/x.ts";`, [
    "src/shard/http/routing/a.ts:1: shard/http/routing may not import src/shard/http/api/x.ts",
  ]],
  ["src/shard/http/api/a.ts", `import { x } from "../routing/x.ts";\nimport "../routes.ts";`, []],
  ["src/shard/http/drawer/a.ts", `import { x } from "../routes.ts";`, [
    'src/shard/http/drawer/a.ts:1: the sub-room "shard/http/drawer" is not in the table of sub-rooms',
  ]],
  ["src/shard/drawer/a.ts", `import { x } from "../shard.ts";`, [
    'src/shard/drawer/a.ts:1: the sub-room "shard/drawer" is not in the table of sub-rooms',
  ]],
  ["src/drawer/a.ts", "", ['src/drawer/a.ts:1: the room "drawer" is not in the table of rooms']],
  ["src/amf/a.ts", "/** Like Deno.test */ const s = 'console.log';", []],
  ["src/amf/a.ts", "\nDeno.exit();", ["src/amf/a.ts:2: amf may not use Deno: pass it in"]],
  ["src/amf/a.ts", "const s = `${Date.now()}`;", [
    "src/amf/a.ts:1: amf may not use clocks: pass it in",
  ]],
  ["src/rtmp/a.ts", "setTimeout(f);", ["src/rtmp/a.ts:1: rtmp may not use timers: pass it in"]],
  ["src/rtmp/a.ts", "Math.random();", [
    "src/rtmp/a.ts:1: rtmp may not use randomness: pass it in",
  ]],
  ["src/stream/a.ts", "await fetch(u);", [
    "src/stream/a.ts:1: stream may not use fetch: pass it in",
  ]],
  ["src/stream/a.ts", "log.prefetch(u); my.console.x; new Date(5);", []],
  ["src/stream/a.ts", "console.log(1);", [
    "src/stream/a.ts:1: stream may not use console: pass it in",
  ]],
  ["src/shard/a.ts", "Deno.listen(); setInterval(f); performance.now(); console.log();", []],
  ["src/flv/a.ts", "let a: any;", ["src/flv/a.ts:1: no any"]],
  ["src/flv/a.ts", "Promise.any([]); // any", []],
  ["src/flv/a.ts", "export default 1;", ["src/flv/a.ts:1: no default exports"]],
  ["src/flv/utils.ts", "", ['src/flv/utils.ts:1: a name says what is inside: not "utils.ts"']],
  ["src/flv/mod.ts", "", ['src/flv/mod.ts:1: a name says what is inside: not "mod.ts"']],
  ["src/console/index.html", "", []],
  ["src/console/a.css", "\n".repeat(400) + "a", [
    "src/console/a.css:400: a file has up to 400 lines, not 401",
  ]],
];

Deno.test("the rules see what is against them, and nothing else", () => {
  for (const [path, source, violations] of CASES) {
    assertEquals(violationsOf(path, source), violations, source);
  }
});
