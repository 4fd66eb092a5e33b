/** ffmpeg as a publisher. */

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

const SOURCES = {
  video: ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"],
  audio: ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"],
} as const;

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
  }: PublisherOptions,
): Publisher {
  const child = new Deno.Command("ffmpeg", {
    args: [
      ...["-hide_banner", "-nostats", "-loglevel", "warning", "-nostdin", "-re"],
      ...sources.flatMap((source) => SOURCES[source]),
      ...codecArgs,
      ...(durationS === undefined ? [] : ["-t", `${durationS}`]),
      ...outputArgs,
      ...["-f", "flv", url],
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
  const ended = child.status.then((status) => {
    hasEnded = true;
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
      await reading;
    },
  };
}
