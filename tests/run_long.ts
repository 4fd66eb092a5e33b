/**
 * `deno task test:long`: the tests that take long, by the name of their file, and those that have a
 * long form, in that form; one file at a time.
 */
const ROOT = new URL("../", import.meta.url);
const VARIABLE = "SLUICE_LONG";

/** Tests that have a long form ask here. */
const MODULE = "long_form.ts";

function* testFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* testFiles(`${folder}${name}/`);
    else if (name.endsWith("_test.ts")) yield `${folder}${name}`;
  }
}

const hasLongForm = (path: string) =>
  path.endsWith("_long_test.ts") ||
  Deno.readTextFileSync(new URL(path, ROOT)).includes(MODULE);

const files = [...testFiles("tests/")].filter(hasLongForm).toSorted();
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", ...Deno.args, ...files],
  cwd: ROOT,
  env: { [VARIABLE]: "1" },
}).spawn().status;
Deno.exit(code);
