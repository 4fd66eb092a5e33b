/** A peer that runs beside a test, and is ended with it. */
export interface PeerProcess extends AsyncDisposable {
  readonly ended: Promise<Deno.CommandStatus>;
  /** What it printed, on both streams. */
  output(): string;
}

/** Starts a program; dispose of it to end it at once. */
export function spawnPeer(
  program: string,
  args: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): PeerProcess {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) output += piece;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  let hasEnded = false;
  const ended = child.status.then(async (status) => {
    hasEnded = true;
    await reading;
    return status;
  });
  return {
    ended,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      if (!hasEnded) child.kill("SIGKILL");
      await ended;
    },
  };
}
