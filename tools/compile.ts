/**
 * Makes one binary of the program, with the permissions of `deno task start:net`: for this machine, or
 * with `--release` for all that there are, under names with the version and beside their checksums.
 */
import project from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const MODULE = "dist/main.js";

/** What a release has a binary for, by what it is called there. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

const FLAGS = [
  ...["--quiet", "--no-config", "--no-lock", "--no-prompt"],
  ...["--unstable-net", "--unstable-worker-options", "--allow-net", "--ignore-env"],
];

/** Tells whether there is a binary now. */
async function compile(output: string, target: string = Deno.build.target): Promise<boolean> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...FLAGS, "--target", target, "--output", output, MODULE],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    console.error(`sluice: Cannot make ${output}: ${reasonIn(new TextDecoder().decode(stderr))}`);
  }
  return success;
}

/** Binaries begin with Deno's runtime, which is fetched: what is said if it is not to be had. */
function reasonIn(stderr: string): string {
  const [, request] = /error sending request for (url \(\S*denort\S*\): .*)/.exec(stderr) ?? [];
  return request === undefined
    ? stderr.trim()
    : `Deno's runtime for it cannot be fetched, ${request}; DENORT_BIN may name one that is there`;
}

async function release(folder: string): Promise<boolean> {
  const { version } = project;
  await Deno.remove(new URL(folder, ROOT), { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(new URL(folder, ROOT), { recursive: true });
  await Deno.copyFile(new URL(MODULE, ROOT), new URL(`${folder}sluice-${version}.js`, ROOT));
  let isWhole = true;
  for (const [name, target] of Object.entries(TARGETS)) {
    const suffix = name.startsWith("windows") ? ".exe" : "";
    isWhole = await compile(`${folder}sluice-${version}-${name}${suffix}`, target) && isWhole;
  }
  await writeChecksums(folder);
  return isWhole;
}

/** As `sha256sum --check` reads them. */
async function writeChecksums(folder: string): Promise<void> {
  const names = [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name).sort();
  const lines = await Promise.all(names.map(async (name) => {
    const bytes = await Deno.readFile(new URL(folder + name, ROOT));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return `${digest.toHex()}  ${name}\n`;
  }));
  await Deno.writeTextFile(new URL(`${folder}SHA256SUMS`, ROOT), lines.join(""));
}

const isMade = Deno.args[0] === "--release"
  ? await release("dist/release/")
  : await compile("dist/sluice");
if (!isMade) Deno.exit(1);
