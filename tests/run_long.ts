/**
 * `deno task test:long [TEXT…]`: the tests that take long, by the name of their file, and those that
 * have a long form, in that form. One file at a time and each in a process of its own, so that what
 * failed is printed when it failed and not an hour later. With texts: only files whose path has one.
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

const isWanted = (path: string) =>
  Deno.args.length === 0 || Deno.args.some((text) => path.includes(text));

async function passes(file: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", file],
    cwd: ROOT,
    env: { [VARIABLE]: "1" },
  }).spawn().status;
  return success;
}

const files = [...testFiles("tests/")].filter(hasLongForm).filter(isWanted).toSorted();
if (files.length === 0) {
  console.error(`no test with a long form has ${JSON.stringify(Deno.args.join(" "))} in its path`);
  Deno.exit(2);
}
const failed: string[] = [];
for (const [index, file] of files.entries()) {
  const startedMs = Date.now();
  const passed = await passes(file);
  if (!passed) failed.push(file);
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
  console.log(
    `long ${index + 1}/${files.length}: ${file} ${passed ? "ok" : "FAILED"} (${seconds} s)`,
  );
}
console.log(`${files.length - failed.length} files passed, ${failed.length} failed`);
for (const file of failed) console.log(`  ${file}`);
Deno.exit(failed.length === 0 ? 0 : 1);
