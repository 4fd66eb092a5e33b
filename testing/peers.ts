/**
 * Programs that tests talk to. Where one is missing, its tests are skipped and say so loudly;
 * with `SLUICE_REQUIRE_PEERS=1`, as in continuous integration, that is a failure.
 */

export type Peer =
  /** A Python with aiortc: see {@linkcode AIORTC_ROOT}. */
  | "aiortc"
  | "caddy"
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
  /** Of version 30.2 or later, the first that publishes several qualities: see {@linkcode OBS30_ROOT}. */
  | "obs 30"
  /** Its plugin, which it publishes with by WHIP: obs_whip_plugin.sh makes it. */
  | "obs 30 whip"
  | "jq"
  | "openssl"
  /** Our viewer of it: see {@linkcode PION_VIEWER}. */
  | "pion"
  /** Our publisher of it, likewise. */
  | "pion publisher"
  | "prometheus"
  | "promtool"
  | "rtmpdump"
  | "script"
  | "systemd-analyze"
  /** Runs a program with mounts of its own: the one of util-linux, for root. */
  | "unshare"
  /** Our viewer of GStreamer's webrtcbin, by the system's Python. */
  | "webrtcbin"
  /** Our viewer of GStreamer's whepsrc, whose plugin has whipsink too: see {@linkcode WHEPSRC_FOLDER}. */
  | "whepsrc"
  | "Xvfb";

const ARGUMENTS: Readonly<Record<Peer, string>> = {
  aiortc: "--help",
  caddy: "version",
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
  "obs 30": "--version",
  "obs 30 whip": "/usr/lib/x86_64-linux-gnu/obs-plugins/obs-webrtc.so",
  jq: "--version",
  openssl: "version",
  pion: "-help",
  "pion publisher": "-help",
  prometheus: "--version",
  promtool: "--version",
  rtmpdump: "--help",
  // Gives a program a terminal: the one of util-linux.
  script: "--version",
  "systemd-analyze": "--version",
  unshare: "--version",
  webrtcbin: "--help",
  whepsrc: "--help",
  Xvfb: "-help",
};

/**
 * A root folder with ffmpeg 7, beside an older one of the machine. It is made by
 * `mmdebstrap --variant=apt --include=ffmpeg trixie /opt/ffmpeg7` and used by chroot, so by root
 * only; files for it lie within.
 */
export const FFMPEG7_ROOT = Deno.env.get("SLUICE_FFMPEG7") ?? "/opt/ffmpeg7";

/**
 * Likewise with OBS 30.2, made by
 * `mmdebstrap --variant=apt --include=obs-studio trixie /opt/obs30`.
 */
export const OBS30_ROOT = Deno.env.get("SLUICE_OBS30") ?? "/opt/obs30";

/**
 * A virtual environment with aiortc, made by `python3 -m venv /opt/aiortc` and
 * `/opt/aiortc/bin/pip install aiortc==1.16.0`.
 */
const AIORTC_ROOT = Deno.env.get("SLUICE_AIORTC") ?? "/opt/aiortc";

/**
 * The viewer of testing/whep_peers/pion_viewer, made there by
 * `go build -o /opt/pion_viewer .`.
 */
const PION_VIEWER = Deno.env.get("SLUICE_PION_VIEWER") ?? "/opt/pion_viewer";

/** The publisher of its folder `publisher`, made by `go build -o /opt/pion_publisher ./publisher`. */
const PION_PUBLISHER = Deno.env.get("SLUICE_PION_PUBLISHER") ?? "/opt/pion_publisher";

/**
 * Where `cargo build --lib` has put GStreamer's plugin of WHEP: version 0.12.10 of the crate
 * gst-plugin-webrtchttp fits GStreamer 1.22.
 */
const WHEPSRC_FOLDER = Deno.env.get("SLUICE_WHEPSRC") ?? "/opt/whepsrc";

const WHEP_PEERS = new URL("whep_peers/", import.meta.url).pathname;

/** A user and a group without rights, as Debian numbers them. */
const NOBODY = 65_534;

/** The program that a peer is, and the arguments that come first. */
export function peerCommand(peer: Peer): readonly [program: string, ...args: string[]] {
  switch (peer) {
    case "aiortc":
      return [`${AIORTC_ROOT}/bin/python`, `${WHEP_PEERS}aiortc_viewer.py`];
    case "pion":
      return [PION_VIEWER];
    case "pion publisher":
      return [PION_PUBLISHER];
    case "webrtcbin":
      return ["/usr/bin/python3", `${WHEP_PEERS}gstreamer_viewer.py`];
    case "whepsrc":
      return [...peerCommand("webrtcbin"), "--whepsrc", WHEPSRC_FOLDER];
    case "ffmpeg 7":
      return ["chroot", FFMPEG7_ROOT, "ffmpeg"];
    case "ffprobe 7":
      return ["chroot", FFMPEG7_ROOT, "ffprobe"];
    case "obs 30":
      return ["chroot", OBS30_ROOT, "obs"];
    case "obs 30 whip":
      return ["chroot", OBS30_ROOT, "test", "-f"];
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
    // What is not there in a root of its own, chroot reports; a module or plugin, its program.
    return success || first.length === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
