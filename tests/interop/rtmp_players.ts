/** Programs that play RTMP, and record what they get. */
import { assert } from "@std/assert";
import { runPeer } from "../peers.ts";

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
export const TRACKS: readonly string[] = ["-map", "0:v?", "-map", "0:a?"];

/** What rtmpdump exits with when a live stream is over before its announced duration. */
const RTMPDUMP_INCOMPLETE = 2;

/**
 * An rtmpdump that records.
 *
 * @param handshake with "digest" it proves itself as Flash Player does
 */
export function recordWithRtmpdump(
  url: string,
  path: string,
  { handshake = "simple" }: { readonly handshake?: "simple" | "digest" } = {},
): RtmpRecorder {
  const proof = handshake === "digest" ? ["-w", "0123456789abcdef".repeat(4), "-x", "1000"] : [];
  const child = new Deno.Command("rtmpdump", {
    args: ["-v", "-r", url, "-o", path, ...proof],
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

/** An ffmpeg that plays without decoding, and writes the packets as FLV. */
export function recordWithFfmpeg(url: string, path: string): RtmpRecorder {
  const args = ["-v", "error", "-nostdin", "-rtmp_live", "live", "-i", url];
  const end = async () => {
    const { stderr } = await runPeer("ffmpeg", [...args, ...TRACKS, "-c", "copy", "-y", path]);
    assert(stderr === "", stderr);
  };
  return { name: "ffmpeg", path, ended: end(), received: () => sizeOf(path) };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
