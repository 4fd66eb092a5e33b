import { TextLineStream } from "@std/streams";

/** How long a process may take to end by itself before it is killed. */
const END_TIMEOUT_MS = 3000;

const running = new Set<ChildProcess>();

/** A process that this benchmark started, and that ends with the scope it is used in. */
export class ChildProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #name: string;
  #ending = false;

  constructor(command: string, args: readonly string[], options: Deno.CommandOptions = {}) {
    this.#name = command;
    this.#process = new Deno.Command(command, {
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
      ...options,
      args: [...args],
    }).spawn();
    running.add(this);
    void this.#process.status.then(({ code, signal }) => {
      running.delete(this);
      if (!this.#ending) {
        console.error(`${this.#name} (${this.pid}) ended early: code ${code}, signal ${signal}`);
      }
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get stdin(): WritableStream<Uint8Array> {
    return this.#process.stdin;
  }

  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#process.stdout;
  }

  get isRunning(): boolean {
    return running.has(this);
  }

  async end(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#ending = true;
    if (!this.isRunning) return;
    this.#process.kill(signal);
    const timer = setTimeout(() => this.isRunning && this.#process.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#process.status;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

/** Ends whatever still runs, for the way out on an interrupt. */
export async function endAllProcesses(): Promise<void> {
  await Promise.all(Array.from(running, (child) => child.end("SIGKILL")));
}

/**
 * A script of this folder in a process of its own, which answers each JSON line on its standard
 * input by one on its standard output.
 */
export class LineProcess<Command, Reply> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  constructor(script: string) {
    const path = new URL(script, import.meta.url).pathname;
    const streams = { stdin: "piped", stdout: "piped" } as const;
    this.#child = new ChildProcess(Deno.execPath(), ["run", "-A", path], streams);
    this.#stdin = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout).getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends one command and waits for its answer; one at a time. */
  async request(command: Command): Promise<Reply> {
    await this.#stdin.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
    const { value, done } = await this.#lines.read();
    if (done) throw new Error(`Cannot go on: process ${this.pid} gave no answer`);
    return JSON.parse(value) as Reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.end();
  }
}

/** The other end of {@linkcode LineProcess}: answers commands until standard input ends. */
export async function answerLines<Command, Reply>(
  answer: (command: Command) => Promise<Reply> | Reply,
): Promise<void> {
  for await (const line of linesOf(Deno.stdin.readable)) {
    const reply = await answer(JSON.parse(line) as Command);
    await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(reply) + "\n"));
  }
}

function linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<string> {
  // The package ships no types.
  const lines = new TextLineStream() as TransformStream<string, string>;
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(lines);
}
