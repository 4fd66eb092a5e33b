import type { StreamsReply, StreamSummary } from "../src/shard/http/api/stream_summary.ts";
import { printedSecrets } from "./printed_secrets.ts";
import { until } from "./waiting.ts";

/** The real program, in a process of its own, on free ports of 127.0.0.1. */
export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** For TLS; `undefined` without a certificate. */
  readonly rtmpsPort: number | undefined;
  readonly httpsPort: number | undefined;
  /** One for each shard. */
  readonly webrtcPorts: readonly number[];
  readonly webtransportPorts: readonly number[];
  /** All that it has printed so far. */
  output(): string;
  /** The answer of `GET /api/v1/streams`. */
  status(): Promise<StreamsReply>;
  /** One stream of it, by path ("live/test"). */
  stream(path: string): Promise<StreamSummary | undefined>;
  /** An address to publish to or to watch: `rtmpUrl("live/test")`, `httpUrl("/live/test.flv")`. */
  rtmpUrl(path: string): string;
  httpUrl(path: string): string;
  /** Sends a signal, and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

export interface GatewayOptions {
  /** Flags, besides host and ports. */
  readonly args?: readonly string[];
  /** What `--config -` reads. */
  readonly config?: Record<string, unknown>;
  /** Flags for Deno, by default those of `deno task start`. */
  readonly denoArgs?: readonly string[];
  /** The address that {@linkcode GatewayProcess.httpUrl} and the others have; 127.0.0.1 by default. */
  readonly reachedBy?: "127.0.0.1" | "[::1]";
  /** Host and port flags; by default free ports of 127.0.0.1. */
  readonly listenArgs?: readonly string[];
  /** What a shell does before it becomes the program, such as setting limits. */
  readonly shell?: string;
}

const ROOT = new URL("../", import.meta.url);

/** Flags by which the program takes whatever ports are free, without those of TLS. */
export const FREE_PORTS: readonly string[] = ["rtmp", "http", "webrtc", "webtransport"]
  .flatMap((purpose) => [`--${purpose}-port`, "0"]);

const FREE_PORTS_HERE = [
  ...["--host", "127.0.0.1", ...FREE_PORTS],
  ...["--rtmps-port", "0", "--https-port", "0"],
];

/** What a run of the program printed, and how it ended. */
export interface ProgramRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program until it ends by itself, as with `--help` or a wrong flag. */
export async function runProgram(
  args: readonly string[],
  { stdin, denoArgs = ["-P"] }: { stdin?: string; denoArgs?: readonly string[] } = {},
): Promise<ProgramRun> {
  const child = command(denoArgs, args, stdin === undefined ? "null" : "piped").spawn();
  if (stdin !== undefined) await writeAll(child.stdin, stdin);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Starts the program; resolves when it is ready. Dispose of it to end it: that fails if it has printed
 * what is secret.
 */
export async function startGateway(
  {
    args = [],
    config,
    denoArgs = ["-P"],
    listenArgs = FREE_PORTS_HERE,
    reachedBy = "127.0.0.1",
    shell,
  }: GatewayOptions = {},
): Promise<GatewayProcess> {
  // Tests that choose other ports seldom choose this one.
  const webtransport = "--webtransport-port";
  const others = listenArgs.includes(webtransport) ? [] : [webtransport, "0"];
  const all = [...listenArgs, ...others, "--config", "-", ...args];
  const child = command(denoArgs, all, "piped", shell)
    .spawn();
  // Tests want to know what is, not what was half a second ago, and do not wait for viewers.
  await writeAll(child.stdin, JSON.stringify({ listAgeMs: 0, drainSeconds: 0, ...config }));
  const printed = collect(child.stdout);
  const printedErrors = collect(child.stderr);
  const output = () => printed.text + printedErrors.text;
  let ended: Deno.CommandStatus | undefined;
  const status = child.status.then((value) => ended = value);

  const stop = async (signal: Deno.Signal = "SIGTERM") => {
    if (ended === undefined) child.kill(signal);
    const result = await status;
    await Promise.all([printed.done, printedErrors.done]);
    return result;
  };
  try {
    await until("the gateway is ready", () => {
      if (ended !== undefined) throw new Error(`The gateway ended: ${output()}`);
      return /^Ready\./m.test(printed.text);
    });
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
  const [, rtmpPort, httpPort] = /RTMP on \S+ port (\d+), HTTP on \S+ port (\d+)/
    .exec(printed.text)!.map(Number) as [number, number, number];
  const [, rtmpsPort, httpsPort] =
    /RTMPS on \S+ port (\d+), HTTPS on \S+ port (\d+)/.exec(printed.text)?.map(Number) ?? [];
  const httpUrl = (path: string) => `http://${reachedBy}:${httpPort}${path}`;
  const apiStatus = async () => {
    const response = await fetch(httpUrl("/api/v1/streams"));
    return await response.json() as StreamsReply;
  };
  return {
    pid: child.pid,
    rtmpPort,
    httpPort,
    rtmpsPort,
    httpsPort,
    webrtcPorts: portsIn(printed.text, "WebRTC"),
    webtransportPorts: portsIn(printed.text, "WebTransport"),
    output,
    status: apiStatus,
    stream: async (path) => {
      const { streams } = await apiStatus();
      return streams.find(({ app, name }) => `${app}/${name}` === path);
    },
    rtmpUrl: (path) => `rtmp://${reachedBy}:${rtmpPort}/${path}`,
    httpUrl,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGKILL");
      const secrets = printedSecrets(output(), config);
      if (secrets.length > 0) throw new Error(`Printed is ${secrets.join(", ")}:\n${output()}`);
    },
  };
}

/** What the start-up lines list: "8000", "8000-8003" or "8000, 8007". */
function portsIn(text: string, purpose: "WebRTC" | "WebTransport"): number[] {
  const [, list] = new RegExp(`${purpose} on \\S+ ports? ([\\d, -]+) \\(`).exec(text) ?? [];
  if (list === undefined) return [];
  const [first, last] = list!.split("-").map(Number);
  if (last === undefined) return list!.split(", ").map(Number);
  return Array.from({ length: last - first! + 1 }, (_, at) => first! + at);
}

function command(
  denoArgs: readonly string[],
  args: readonly string[],
  stdin: "null" | "piped",
  shell?: string,
): Deno.Command {
  const run = ["run", "-q", "--no-prompt", ...denoArgs, "main.ts", ...args];
  const inShell = ["-c", `${shell} && exec "$@"`, "sh", Deno.execPath(), ...run];
  return new Deno.Command(shell === undefined ? Deno.execPath() : "/bin/sh", {
    args: shell === undefined ? run : inShell,
    cwd: ROOT,
    stdin,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

async function writeAll(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

/** Collects what a child prints, so that it never waits for a reader. */
function collect(stream: ReadableStream<Uint8Array>): { text: string; done: Promise<void> } {
  const collected = { text: "", done: Promise.resolve() };
  collected.done = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of stream) collected.text += decoder.decode(piece, { stream: true });
  })();
  return collected;
}
