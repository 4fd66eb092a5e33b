/** ffmpeg as an encoder and publisher. */
import { peerCommand, runPeer } from "../../testing/peers.ts";
import { readRecording, type Recording } from "./recording.ts";

export interface PublisherOptions {
  /** Where to: `rtmp://127.0.0.1:1935/live/test`. */
  readonly url: string;
  /** Arguments that choose the codecs; by default main profile H.264 and AAC. */
  readonly codecArgs?: readonly string[];
  /** Which of the sources to use; both by default. */
  readonly sources?: readonly ("video" | "audio")[];
  /** Seconds of media; without it, the publisher goes on until it is disposed of. */
  readonly durationS?: number;
  /** Arguments between inputs and output address. */
  readonly outputArgs?: readonly string[];
  /** A file for exactly what is sent, as FLV. */
  readonly copyTo?: string;
  /** Of the picture; 640x360 by default. */
  readonly size?: string;
  /** Sources by lavfi's names, instead of a test picture and a tone. */
  readonly pictures?: string;
  readonly sound?: string;
  /** How much ffmpeg tells; only warnings by default. */
  readonly logLevel?: "warning" | "debug";
  /** Which ffmpeg: that of the machine by default. */
  readonly peer?: "ffmpeg" | "ffmpeg 7";
}

/** An ffmpeg that publishes a test picture and a tone in real time. */
export interface Publisher extends AsyncDisposable {
  readonly pid: number;
  /** Ends by itself after its duration, or when a signal ends it. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** What ffmpeg printed. */
  errors(): string;
  kill(signal: Deno.Signal): void;
}

const AUDIO_SOURCE = "sine=frequency=440:sample_rate=48000";

/** H.264 main without B-frames, a key frame a second, and AAC. */
export const MAIN_PROFILE_ARGS = [
  ...["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-coder", "1"],
  ...["-bf", "0", "-g", "30", "-b:v", "1M", "-pix_fmt", "yuv420p"],
  ...["-c:a", "aac", "-b:a", "96k"],
];

/** Starts publishing; returns at once: await a condition on the gateway. */
export function publishWithFfmpeg(
  {
    url,
    codecArgs = MAIN_PROFILE_ARGS,
    sources = ["video", "audio"],
    durationS,
    outputArgs = [],
    copyTo,
    size = "640x360",
    pictures = `testsrc2=size=${size}:rate=30`,
    sound = AUDIO_SOURCE,
    logLevel = "warning",
    peer = "ffmpeg",
  }: PublisherOptions,
): Publisher {
  const [program, ...first] = peerCommand(peer);
  const child = new Deno.Command(program, {
    args: [
      ...first,
      ...["-hide_banner", "-nostats", "-loglevel", logLevel, "-nostdin"],
      ...sources.flatMap((source) => {
        return ["-re", "-f", "lavfi", "-i", source === "video" ? pictures : sound];
      }),
      ...codecArgs,
      ...(durationS === undefined ? [] : ["-t", `${durationS}`]),
      ...outputArgs,
      ...output(url, sources.length, copyTo),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let errors = "";
  let hasEnded = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stderr) errors += decoder.decode(piece, { stream: true });
  })();
  const ended = child.status.then(async (status) => {
    hasEnded = true;
    await reading;
    return status;
  });
  return {
    pid: child.pid,
    ended,
    errors: () => errors,
    kill: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      if (!hasEnded) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A second of picture and tone, made at once, for publishers that are no program. */
export async function encodeSample(): Promise<Recording> {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    await runPeer("ffmpeg", [
      ...["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"],
      ...["-f", "lavfi", "-i", AUDIO_SOURCE, ...MAIN_PROFILE_ARGS, "-t", "1", path],
    ]);
    return readRecording(await Deno.readFile(path));
  } finally {
    await Deno.remove(path);
  }
}

function output(url: string, inputs: number, copyTo: string | undefined): string[] {
  if (copyTo === undefined) return ["-f", "flv", url];
  const maps = Array.from({ length: inputs }, (_, input) => ["-map", `${input}`]).flat();
  // What FLV's muxer asks of the encoders by itself, tee does not know.
  return [...maps, "-flags", "+global_header", "-f", "tee", `[f=flv]${url}|[f=flv]${copyTo}`];
}
