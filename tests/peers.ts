/**
 * Programs that tests talk to. Where one is missing, its tests are skipped and say so loudly;
 * with `SLUICE_REQUIRE_PEERS=1`, as in continuous integration, that is a failure.
 */

export type Peer =
  | "chromium"
  | "curl"
  | "ffmpeg"
  | "ffprobe"
  | "flvmeta"
  | "gst-launch-1.0"
  | "obs"
  | "openssl"
  | "rtmpdump"
  | "script"
  | "Xvfb";

const ARGUMENTS: Readonly<Record<Peer, string>> = {
  chromium: "--version",
  curl: "--version",
  ffmpeg: "-version",
  ffprobe: "-version",
  flvmeta: "--version",
  "gst-launch-1.0": "--version",
  obs: "--version",
  openssl: "version",
  rtmpdump: "--help",
  // Gives a program a terminal: the one of util-linux.
  script: "--version",
  Xvfb: "-help",
};

const known = new Map<Peer, boolean>();

/** Defines a test that needs these peers. */
export function peerTest(
  name: string,
  peers: readonly Peer[],
  run: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, ignore: isPeerMissing(name, peers), fn: run });
}

/**
 * Whether a peer is missing, which is said on the console.
 *
 * @param test what will not be tested then
 * @throws {Error} if one is missing and `SLUICE_REQUIRE_PEERS=1`
 */
export function isPeerMissing(test: string, peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => !isInstalled(peer));
  if (missing.length === 0) return false;
  const message = `"${test}" needs ${missing.join(" and ")}, which this machine has not`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(`Cannot test: ${message}`);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return true;
}

/** Whether peers are there that a machine need not have; says so on the console if they are not. */
export function hasPeers(test: string, peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => !isInstalled(peer));
  if (missing.length > 0) console.error(`Not tested without ${missing.join(" and ")}: ${test}`);
  return missing.length === 0;
}

/** Runs a peer to its end and returns what it printed; throws if it fails. */
export async function runPeer(
  peer: Peer,
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const output = await new Deno.Command(peer, { args: [...args], stdin: "null" }).output();
  const decoder = new TextDecoder();
  const stdout = decoder.decode(output.stdout);
  const stderr = decoder.decode(output.stderr);
  if (!output.success) {
    throw new Error(`${peer} ${args.join(" ")} failed with ${output.code}: ${stderr}${stdout}`);
  }
  return { stdout, stderr };
}

function isInstalled(peer: Peer): boolean {
  let installed = known.get(peer);
  if (installed === undefined) {
    installed = canRun(peer);
    known.set(peer, installed);
  }
  return installed;
}

function canRun(peer: Peer): boolean {
  try {
    new Deno.Command(peer, { args: [ARGUMENTS[peer]], stdin: "null" }).outputSync();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
