/** What ffmpeg makes of media: how many pictures, and how much sound. */
import { type Peer, peerCommand } from "../../testing/peers.ts";

/** What was decoded. */
export interface Decoded {
  readonly pictures: number;
  /** Seconds of sound, without what is silent. */
  readonly soundS: number;
  /** What ffmpeg complains of, line by line. */
  readonly complaints: readonly string[];
}

export interface DecodingOptions {
  /** The format, where ffmpeg is not to find it out: "h264" for a byte stream. */
  readonly format?: string;
  /** Which one: only that of version 7 knows the codecs of Enhanced RTMP. */
  readonly peer?: Extract<Peer, "ffmpeg" | "ffmpeg 7">;
}

/** An Adler-32 sum of zeros, as framecrc begins it with 0. */
const SILENCE = 0;

/** Decodes bytes, or what is at an address until it ends. */
export async function decodeMedia(
  input: Uint8Array | string,
  { format, peer = "ffmpeg" }: DecodingOptions = {},
): Promise<Decoded> {
  const [program, ...first] = peerCommand(peer);
  const source = typeof input === "string" ? ["-rtmp_live", "live", "-i", input] : ["-i", "pipe:0"];
  const child = new Deno.Command(program, {
    args: [
      ...[...first, "-v", "error", ...(format === undefined ? [] : ["-f", format]), ...source],
      // Each picture as it came: none doubled, none left out for its time.
      ...["-map", "0:v?", "-map", "0:a?", "-vsync", "passthrough", "-enc_time_base:v", "-1"],
      ...["-f", "framecrc", "-"],
    ],
    stdin: typeof input === "string" ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  if (typeof input !== "string") await feed(child.stdin, input);
  const { stdout, stderr } = await output;
  const decoder = new TextDecoder();
  const complaints = decoder.decode(stderr).split("\n").filter((line) => line !== "");
  return { ...count(decoder.decode(stdout)), complaints };
}

async function feed(stdin: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // ffmpeg has ended before it took everything, and says itself why.
  }
}

/** Reads framecrc: "#media_type 0: video", "#tb 1: 1/44100", "1, 0, 0, 1024, 4096, 0x1234abcd". */
function count(text: string): { pictures: number; soundS: number } {
  const kinds = new Map<string, string>();
  const ticksPerS = new Map<string, number>();
  let pictures = 0;
  let soundS = 0;
  for (const line of text.split("\n")) {
    const [, name, stream, value] = /^#(media_type|tb) (\d+): (\S+)/.exec(line) ?? [];
    if (name === "media_type") kinds.set(stream!, value!);
    if (name === "tb") ticksPerS.set(stream!, Number(value!.split("/")[1]));
    if (!/^\d/.test(line)) continue;
    const [of, , , duration, , sum] = line.split(",").map((field) => field.trim());
    if (kinds.get(of!) === "video") pictures++;
    else if (Number(sum) !== SILENCE) soundS += Number(duration) / ticksPerS.get(of!)!;
  }
  return { pictures, soundS };
}
