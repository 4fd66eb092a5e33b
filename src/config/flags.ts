import { parseArgs } from "node:util";
import { ConfigError } from "./config_error.ts";
import { nearestName } from "./nearest_name.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | {
    readonly kind: "start";
    /** Whether a configuration is to be read from standard input. */
    readonly readsConfig: boolean;
    /** Members of the configuration that flags set; they win over standard input. */
    readonly overrides: Readonly<Record<string, unknown>>;
  };

interface Flag {
  readonly key: string;
  readonly value: "text" | "number" | "bits" | "list";
  readonly placeholder: string;
  readonly help: string;
}

const FLAGS: Readonly<Record<string, Flag>> = {
  "host": {
    key: "host",
    value: "text",
    placeholder: "ADDRESS",
    help: "address to listen on (default 0.0.0.0)",
  },
  "rtmp-port": {
    key: "rtmpPort",
    value: "number",
    placeholder: "PORT",
    help: "RTMP, for publishers and players (default 1935)",
  },
  "http-port": {
    key: "httpPort",
    value: "number",
    placeholder: "PORT",
    help: "page, API, HTTP-FLV, WebSocket-FLV and WHEP (default 8080)",
  },
  "tls": {
    key: "tls",
    value: "text",
    placeholder: "HOW",
    help: "self-signed: serve TLS with a certificate made at start, for trying out",
  },
  "rtmps-port": {
    key: "rtmpsPort",
    value: "number",
    placeholder: "PORT",
    help: "RTMP over TLS, if there is a certificate (default 1936)",
  },
  "https-port": {
    key: "httpsPort",
    value: "number",
    placeholder: "PORT",
    help: "HTTP and WebSocket over TLS, likewise (default 8443)",
  },
  "webrtc-port": {
    key: "webrtcPort",
    value: "number",
    placeholder: "PORT",
    help: "WebRTC over UDP and TCP, one port up for each further shard (default 8000)",
  },
  "public-ip": {
    key: "publicIps",
    value: "list",
    placeholder: "ADDRESS",
    help: "address to announce for WebRTC, behind NAT or in Docker; may be repeated",
  },
  "trusted-proxies": {
    key: "trustedProxies",
    value: "list",
    placeholder: "NETWORK",
    help: "proxy whose X-Forwarded-For and PROXY protocol count; may be repeated",
  },
  "opus-bitrate": {
    key: "opusBitrateBps",
    value: "bits",
    placeholder: "BITS",
    help: "sound over WebRTC, per second, 32k to 510k (default 128k)",
  },
  "webrtc-packet-size": {
    key: "webrtcPacketBytes",
    value: "number",
    placeholder: "BYTES",
    help: "datagrams of WebRTC media, 548 to 1472 (default 1350)",
  },
  "webrtc-feedback": {
    key: "webrtcFeedback",
    value: "text",
    placeholder: "KIND",
    help: "WebRTC viewers tell of their network by remb or twcc (default remb)",
  },
  "webrtc-bframes": {
    key: "webrtcBFrames",
    value: "text",
    placeholder: "HOW",
    help: "for WebRTC: drop B-frames or refuse such streams (default drop)",
  },
  "webrtc-inexact": {
    key: "webrtcInexact",
    value: "text",
    placeholder: "HOW",
    help: "for WebRTC: show or refuse streams that this damages (default show)",
  },
  "shards": {
    key: "shards",
    value: "number",
    placeholder: "N",
    help: "threads for media (default: one for each core on Linux, 1 elsewhere)",
  },
  "memory": {
    key: "memory",
    value: "text",
    placeholder: "SIZE",
    help: "for streams, viewers and connections in all (default 1GiB)",
  },
  "flush-ms": {
    key: "flushMs",
    value: "number",
    placeholder: "MS",
    help: "least time between two writes to a viewer (default 0: each video frame)",
  },
  "grace-period-ms": {
    key: "gracePeriodMs",
    value: "number",
    placeholder: "MS",
    help: "how long viewers wait for a publisher to come back (default 15000)",
  },
  "log-level": {
    key: "logLevel",
    value: "text",
    placeholder: "LEVEL",
    help: "debug, info, warning or error (default info)",
  },
  "log-format": {
    key: "logFormat",
    value: "text",
    placeholder: "FORMAT",
    help: "text or json (default text)",
  },
};

/**
 * Reads the command line.
 *
 * @throws {ConfigError} for a flag that is unknown, repeated, or has no fitting value
 *
 * @example
 * ```ts
 * import { parseFlags } from "./flags.ts";
 *
 * parseFlags(["--http-port", "9090"]);
 * // { kind: "start", readsConfig: false, overrides: { httpPort: 9090 } }
 * ```
 */
export function parseFlags(args: readonly string[]): Command {
  const values = readValues(args);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  if (values.config !== undefined && values.config !== "-") {
    throw new ConfigError(
      `Cannot read the configuration from ${values.config}: only standard input is readable, ` +
        `so use --config - < ${values.config}`,
    );
  }
  const overrides: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(FLAGS)) {
    const value = values[name];
    if (value !== undefined) overrides[flag.key] = convert(name, flag, value);
  }
  return { kind: "start", readsConfig: values.config === "-", overrides };
}

/** The format of the log that the flags ask for, if they ask for one, however wrong the others are. */
export function logFormatFlag(args: readonly string[]): string | undefined {
  const at = args.findLastIndex((arg) => /^--log-format(=|$)/.test(arg));
  return at < 0 ? undefined : args[at]!.split("=", 2)[1] ?? args[at + 1];
}

/** The flag that sets a member of the configuration: "--http-port" for "httpPort". */
export function flagOf(member: string): string | undefined {
  const found = Object.entries(FLAGS).find(([, { key }]) => key === member);
  return found && `--${found[0]}`;
}

/** The text that `--help` prints. */
export function helpText(version: string): string {
  const lines = Object.entries(FLAGS).map(([name, { placeholder, help }]) =>
    `  --${name} ${placeholder}`.padEnd(30) + help
  );
  return `Sluice ${version}: live media gateway. RTMP in; WebRTC, HTTP-FLV,
WebSocket-FLV and RTMP out.

Usage: deno task start [flags]

${lines.join("\n")}
  --config -                  read the configuration as JSON from standard input
  --help, -h                  this text
  --version, -V               the version

Port 0 takes any free port. A newcomer's start: run it without flags and open
http://localhost:8080/ in a browser.`;
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

type Options = Record<string, { type: "string" | "boolean"; short?: string; multiple?: boolean }>;

function readValues(args: readonly string[]): Values {
  const options: Options = {
    config: { type: "string" },
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "V" },
  };
  for (const [name, flag] of Object.entries(FLAGS)) {
    options[name] = { type: "string", multiple: flag.value === "list" };
  }
  const parsed = parse(args, options);
  const seen = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name) && FLAGS[token.name]?.value !== "list") {
      throw new ConfigError(`Cannot use --${token.name} twice; --help lists the flags`);
    }
    seen.add(token.name);
  }
  return parsed.values;
}

function parse(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: withNumbers(args, options), options, strict: true, tokens: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.(?:\s|$)|\n/)[0]! : `${error}`;
    throw new ConfigError(`${reason}; ${suggestion(reason, options)}`);
  }
}

/** A number below 0 behind a flag is its value, and no flag: what is wrong with it is told later. */
function withNumbers(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = joined.at(-1);
    const isValue = /^-\d/.test(arg) && flag?.startsWith("--") === true &&
      options[flag.slice(2)]?.type === "string";
    if (isValue) joined[joined.length - 1] = `${flag}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

function suggestion(reason: string, options: Options): string {
  const unknown = /^Unknown option '--([^']+)'/.exec(reason)?.[1];
  const nearest = unknown && nearestName(unknown, Object.keys(options));
  return nearest ? `did you mean --${nearest}?` : "--help lists the flags";
}

function convert(name: string, flag: Flag, value: Values[string]): unknown {
  if (flag.value === "bits") return bitsOf(name, value);
  if (flag.value !== "number") return value;
  const isNumber = typeof value === "string" && /^\d+$/.test(value);
  if (!isNumber) {
    throw new ConfigError(
      `Cannot use --${name}: expected a whole number from 0 on, got "${value}"`,
    );
  }
  return Number(value);
}

/** "128k" and "128000" are the same. */
function bitsOf(name: string, value: Values[string]): number {
  const match = typeof value === "string" ? /^(\d+)(k?)$/i.exec(value) : null;
  if (match === null) {
    throw new ConfigError(
      `Cannot use --${name}: expected bits per second such as 128k or 128000, got "${value}"`,
    );
  }
  return Number(match[1]) * (match[2] === "" ? 1 : 1000);
}
