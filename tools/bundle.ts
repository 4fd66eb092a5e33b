/**
 * Bundles the modules that workers start from, if anything has changed that they are made of: a start
 * is to cost no more than a look, and to do with a folder that cannot be written.
 */
import project from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

/** What workers run, by the file that it becomes. */
const MODULES: Readonly<Record<string, string>> = {
  "dist/shard.js": "src/shard/shard.ts",
  "dist/transcoding.js": "src/transcoding/transcoding.ts",
};

/** The digest of the bundles and all that they are made of. It is written last. */
const STAMP = "dist/bundles.sha256";

function filesIn(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(folder, ROOT))];
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}${name}/`) : [folder + name]
  );
}

/** A digest of files by name and content, and of the versions that imports stand for. */
async function digestOf(files: readonly string[]): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const file of files) {
    const bytes = Deno.readFileSync(new URL(file, ROOT));
    parts.push(new TextEncoder().encode(`\n${file} ${bytes.length}\n`), bytes);
  }
  const bytes = await new Blob([JSON.stringify(project.imports), ...parts]).bytes();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function isFresh(sources: readonly string[]): Promise<boolean> {
  try {
    const stamp = Deno.readTextFileSync(new URL(STAMP, ROOT));
    return stamp === await digestOf([...sources, ...Object.keys(MODULES)]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** The text of a module with all that it imports. */
async function bundled(module: string): Promise<string> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [new URL(module, ROOT).href],
    outputPath: "bundle.js",
    write: false,
  });
  const text = outputFiles?.[0]?.text();
  if (success && text !== undefined) return text;
  const reasons = errors.map(({ text, location }) =>
    location === undefined ? text : `${location.file}:${location.line}: ${text}`
  );
  throw new Error(`Cannot bundle ${module}: ${reasons.join("; ")}`);
}

/** Nobody ever reads half of it, however many write it. */
function writeWhole(file: string, text: string): void {
  const unfinished = new URL(`${file}.${Deno.pid}`, ROOT);
  Deno.writeTextFileSync(unfinished, text);
  Deno.renameSync(unfinished, new URL(file, ROOT));
}

async function writeBundles(sources: readonly string[]): Promise<void> {
  Deno.mkdirSync(new URL("dist/", ROOT), { recursive: true });
  for (const [file, module] of Object.entries(MODULES)) writeWhole(file, await bundled(module));
  writeWhole(STAMP, await digestOf([...sources, ...Object.keys(MODULES)]));
}

const sources = ["deno.lock", ...filesIn("src/").toSorted()];
if (!await isFresh(sources)) {
  try {
    await writeBundles(sources);
  } catch (error) {
    const names = Object.keys(MODULES).join(" and ");
    const reason = error instanceof Error ? error.message : error;
    console.error(
      `sluice: Cannot make ${names}: ${reason}. A folder that cannot be written needs ` +
        "`deno task bundle` before it is made so, and whenever its sources change",
    );
    Deno.exit(1);
  }
}
