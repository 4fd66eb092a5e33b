/** Programs that play RTMP, and record what they get. */
import { assert } from "@std/assert";
import { FFMPEG7_ROOT, peerCommand, runPeer } from "../../testing/peers.ts";
import { spawnPeer } from "./peer_process.ts";

/** A player at work. */
export interface RtmpRecorder {
  readonly name: string;
  /** The file that it writes. */
  readonly path: string;
  /** Resolves when the player has ended by itself, without an error. */
  readonly ended: Promise<void>;
  received(): Promise<number>;
}

/** ffmpeg takes what servers say beside the stream for a track of data. */
const TRACKS: readonly string[] = ["-map", "0:v?", "-map", "0:a?"];

/** What rtmpdump exits with when a live stream is over before its announced duration. */
const RTMPDUMP_INCOMPLETE = 2;

/**
 * An rtmpdump that records.
 *
 * @param handshake with "digest" it proves itself as Flash Player does
 * @param env for its environment
 */
export function recordWithRtmpdump(
  url: string,
  path: string,
  { handshake = "simple", env = {} }: {
    readonly handshake?: "simple" | "digest";
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): RtmpRecorder {
  const proof = handshake === "digest" ? ["-w", "0123456789abcdef".repeat(4), "-x", "1000"] : [];
  const child = new Deno.Command("rtmpdump", {
    args: ["-v", "-r", url, "-o", path, ...proof],
    env: { ...env },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  const end = async () => {
    const { code, stderr } = await child.output();
    const text = new TextDecoder().decode(stderr);
    assert(code === 0 || code === RTMPDUMP_INCOMPLETE, `rtmpdump ended with ${code}: ${text}`);
    assert(!/ERROR/.test(text), text);
  };
  const name = `rtmpdump, ${handshake} handshake`;
  return { name, path, ended: end(), received: () => sizeOf(path) };
}

/**
 * An ffmpeg that plays without decoding, and writes the packets as FLV.
 *
 * @param peer which one; that of version 7 writes into its own root
 */
export function recordWithFfmpeg(
  url: string,
  path: string,
  { peer = "ffmpeg" }: { readonly peer?: "ffmpeg" | "ffmpeg 7" } = {},
): RtmpRecorder {
  const root = peer === "ffmpeg 7" ? FFMPEG7_ROOT : "";
  assert(path.startsWith(root), `${path} lies in ${root}`);
  const args = [
    ...["-v", "error", "-nostdin", "-rtmp_live", "live", "-i", url],
    ...[...TRACKS, "-c", "copy", "-y", path.slice(root.length)],
  ];
  const end = async () => {
    const { stderr } = await runPeer(peer, args);
    assert(stderr === "", stderr);
  };
  return { name: peer, path, ended: end(), received: () => sizeOf(path) };
}

/** A GStreamer that plays, and shows what its demuxer and parsers make of it. */
export interface GStreamerRecorder extends RtmpRecorder {
  /** The file of its H.264 pictures, as a byte stream. */
  readonly picturesPath: string;
  /** The file of its AAC access units, one after the other. */
  readonly soundPath: string;
}

/** A GStreamer that plays H.264 and AAC: it records FLV, and takes it apart as a player does. */
export function recordWithGStreamer(url: string, path: string): GStreamerRecorder {
  const trust = url.startsWith("rtmps:") ? ["tls-validation-flags=0"] : [];
  const picturesPath = `${path}.h264`;
  const soundPath = `${path}.aac`;
  const pipeline = [
    ...["rtmp2src", `location=${url}`, ...trust, "!", "tee", "name=all"],
    // A sink that waits for its first piece would hold up the others.
    ...["all.", "!", "queue", "!", "filesink", "async=false", "buffer-mode=2", `location=${path}`],
    ...["all.", "!", "queue", "!", "flvdemux", "name=tracks"],
    ...["tracks.video", "!", "queue", "!", "h264parse", "!"],
    ...["video/x-h264,stream-format=byte-stream", "!", "filesink", "async=false"],
    `location=${picturesPath}`,
    ...["tracks.audio", "!", "queue", "!", "aacparse", "!"],
    ...["audio/mpeg,stream-format=raw", "!", "filesink", "async=false", `location=${soundPath}`],
  ];
  const end = async () => {
    await using peer = spawnPeer("gst-launch-1.0", ["-q", ...pipeline]);
    const { success } = await peer.ended;
    assert(success && !/ERROR|WARNING|CRITICAL/.test(peer.output()), peer.output());
  };
  const received = () => sizeOf(path);
  return { name: "GStreamer", path, picturesPath, soundPath, ended: end(), received };
}

/**
 * A VLC that plays, and writes each picture that it would show, in Y4M.
 *
 * @param path must be in a folder that everybody may write to: VLC does not run as root
 */
export function recordWithVlc(url: string, path: string): RtmpRecorder {
  const [program, ...first] = peerCommand("cvlc");
  const args = [
    ...[
      "--intf",
      "dummy",
      "--no-audio",
      "--no-osd",
      "--no-video-title-show",
      "--vout",
      "yuv",
      "--yuv-yuv4mpeg2",
      "--yuv-file",
      path,
    ],
    // On a machine that is slow: what is proven is that they came.
    ...["--no-drop-late-frames", "--no-skip-frames", "--no-avcodec-hurry-up", url, "vlc://quit"],
  ];
  const end = async () => {
    const env = { HOME: path.slice(0, path.lastIndexOf("/")) };
    await using peer = spawnPeer(program, [...first, ...args], { env });
    const { success } = await peer.ended;
    assert(success, peer.output());
  };
  return { name: "VLC", path, ended: end(), received: () => sizeOf(path) };
}

/** The packets of a file as ffmpeg reads them: "0 1024 d41d8cd98f…", by track, size and content. */
export async function packetsOf(path: string): Promise<string[]> {
  const args = ["-v", "error", "-i", path, ...TRACKS, "-c", "copy", "-f", "framemd5", "-"];
  const { stdout } = await runPeer("ffmpeg", args);
  return stdout.split("\n").filter((line) => /^\d/.test(line)).map((line) => {
    const [track, , , , size, hash] = line.split(",").map((field) => field.trim());
    return `${track} ${size} ${hash}`;
  });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
