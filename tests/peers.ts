/**
 * Programs that tests talk to. Where one is missing, its tests are skipped and say so loudly;
 * with `SLUICE_REQUIRE_PEERS=1`, as in continuous integration, that is a failure.
 */

export type Peer =
  | "chromium"
  | "curl"
  /** VLC without a window. */
  | "cvlc"
  | "ffmpeg"
  /** Of version 7 or later, the first with HEVC, AV1 and VP9 in FLV: see {@linkcode FFMPEG7_ROOT}. */
  | "ffmpeg 7"
  | "ffprobe"
  | "ffprobe 7"
  | "flvmeta"
  | "gst-launch-1.0"
  | "haproxy"
  | "nginx"
  | "obs"
  | "jq"
  | "openssl"
  | "rtmpdump"
  | "script"
  | "Xvfb";

const ARGUMENTS: Readonly<Record<Peer, string>> = {
  chromium: "--version",
  curl: "--version",
  cvlc: "--version",
  ffmpeg: "-version",
  "ffmpeg 7": "-version",
  ffprobe: "-version",
  "ffprobe 7": "-version",
  flvmeta: "--version",
  "gst-launch-1.0": "--version",
  haproxy: "-v",
  nginx: "-v",
  obs: "--version",
  jq: "--version",
  openssl: "version",
  rtmpdump: "--help",
  // Gives a program a terminal: the one of util-linux.
  script: "--version",
  Xvfb: "-help",
};

/**
 * A root folder with ffmpeg 7, beside an older one of the machine. It is made by
 * `mmdebstrap --variant=apt --include=ffmpeg trixie /opt/ffmpeg7` and used by chroot, so by root
 * only; files for it lie within.
 */
export const FFMPEG7_ROOT = Deno.env.get("SLUICE_FFMPEG7") ?? "/opt/ffmpeg7";

/** A user and a group without rights, as Debian numbers them. */
const NOBODY = 65_534;

/** The program that a peer is, and the arguments that come first. */
export function peerCommand(peer: Peer): readonly [program: string, ...args: string[]] {
  switch (peer) {
    case "ffmpeg 7":
      return ["chroot", FFMPEG7_ROOT, "ffmpeg"];
    case "ffprobe 7":
      return ["chroot", FFMPEG7_ROOT, "ffprobe"];
    case "cvlc":
      // It refuses to be run by root.
      return Deno.uid() === 0
        ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "cvlc"]
        : ["cvlc"];
    default:
      return [peer];
  }
}

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
  const [program, ...first] = peerCommand(peer);
  const command = new Deno.Command(program, { args: [...first, ...args], stdin: "null" });
  const output = await command.output();
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
  const [program, ...first] = peerCommand(peer);
  try {
    const args = [...first, ARGUMENTS[peer]];
    const { success } = new Deno.Command(program, { args, stdin: "null" }).outputSync();
    // What is not there in a root of its own, chroot reports.
    return success || first.length === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
