/** What comes before a start: bundles, and a look at what the gateway may not look at itself. */
import "./bundle.ts";

/** All limits together stay below this by default: see docs/settings.md. */
const NEEDED_FILES = 20_000;

/** How many files a process may have open here; `undefined` where nobody can tell. */
async function openFilesLimit(): Promise<number | undefined> {
  if (Deno.build.os === "windows") return undefined;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -Hn"] }).output();
  const text = new TextDecoder().decode(stdout).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

const limit = await openFilesLimit();
if (limit !== undefined && limit < NEEDED_FILES) {
  console.error(
    `sluice: ulimit -Hn is ${limit}, and the default limits need ${NEEDED_FILES} open files: ` +
      "raise it, or lower limits.httpConnections",
  );
}
