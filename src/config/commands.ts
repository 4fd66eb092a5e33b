import { ConfigError } from "./config_error.ts";
import { FLAGS } from "./flag_table.ts";
import { CONFIG_OPTIONS, type ConfigFlags, configFlags, readFlags } from "./flags.ts";
import type { FlagOptions, FlagValues } from "./flags.ts";
import { nearestName } from "./nearest_name.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help"; readonly of: CommandName }
  | { readonly kind: "version" }
  | ConfigFlags & { readonly kind: "start" }
  | ConfigFlags & {
    readonly kind: "health";
    /** What is asked: whether the gateway lives, or whether it takes clients. */
    readonly path: "/healthz" | "/readyz";
  }
  | ConfigFlags & { readonly kind: "check-config" }
  | { readonly kind: "config-schema" }
  | {
    readonly kind: "hash-key";
    /** Whether a new secret is to be made, instead of reading one. */
    readonly isNew: boolean;
  }
  | SignCommand;

/** What `sign-url` is to sign, for whoever has the secret on standard input. */
export interface SignCommand {
  readonly kind: "sign-url";
  readonly action: "publish" | "play";
  /** "live/test" */
  readonly path: string;
  readonly secretId: string;
  readonly lifetimeSeconds: number;
  readonly address: string | undefined;
}

/** The commands that can be given; `start` if none is. */
export type CommandName =
  | "start"
  | "health"
  | "check-config"
  | "config-schema"
  | "hash-key"
  | "sign-url";

interface CommandText {
  /** One line of the list of commands. */
  readonly summary: string;
  readonly options: FlagOptions;
  /** What its own `--help` tells, beside the summary. */
  readonly help: string;
  readonly command: (values: FlagValues) => Command;
}

const COMMANDS: Readonly<Record<CommandName, CommandText>> = {
  "start": {
    summary: "serve (what is done without a command)",
    options: CONFIG_OPTIONS,
    help: "",
    command: (values) => ({ kind: "start", ...configFlags(values) }),
  },
  "health": {
    summary: "ask a gateway on this machine whether it is well; 0 if so, 1 if not",
    options: { ...CONFIG_OPTIONS, ready: { type: "boolean" } },
    help: `  --ready                     ask whether it takes clients, not only whether it lives

The gateway is where --host and --http-port say, or the configuration of --config -; other flags of
start are taken and do not matter.`,
    command: (values) => {
      const path = values["ready"] === true ? "/readyz" : "/healthz";
      return { kind: "health", path, ...configFlags(values) };
    },
  },
  "check-config": {
    summary: "say whether the configuration on standard input is right, and start nothing",
    options: CONFIG_OPTIONS,
    help: `Flags of start win over what is in it, as they would there.

  sluice check-config < sluice.json`,
    command: (values) => ({ kind: "check-config", ...configFlags(values), readsConfig: true }),
  },
  "config-schema": {
    summary: "print the JSON Schema of the configuration, by which editors complete it",
    options: {},
    help: "",
    command: () => ({ kind: "config-schema" }),
  },
  "hash-key": {
    summary: "hash the stream key on standard input, for the configuration",
    options: { new: { type: "boolean" } },
    help: `  --new                       make a secret, and print it with its hash

The hash goes into the configuration, with an id of your choice: access.keys, [{ "id": "ID",
"hash": "…", "paths": ["live/NAME"] }]. An encoder sends ID.SECRET in place of the stream's name.
Secrets are never arguments, which everybody on a machine can read.

  sluice hash-key < secret.txt`,
    command: (values) => ({ kind: "hash-key", isNew: values["new"] === true }),
  },
  "sign-url": {
    summary: "sign a URL with the secret on standard input; prints what goes behind it",
    options: {
      action: { type: "string" },
      path: { type: "string" },
      id: { type: "string" },
      expires: { type: "string" },
      address: { type: "string" },
    },
    help: `  --action ACTION             publish or play (default play)
  --path APP/NAME             the stream, as live/test
  --id ID                     the id that the secret has in the configuration
  --expires TIME              how long the URL is good, as 90s, 30m, 2h or 7d
  --address ADDRESS           the only address that may use it (default: any)

  sluice sign-url --path live/test --id a --expires 2h < secret.txt`,
    command: signCommand,
  },
};

/**
 * Reads the command line: a command, if there is one, and its flags.
 *
 * @throws {ConfigError} for a command that there is none of, or a wrong flag
 *
 * @example
 * ```ts
 * import { parseCommand } from "./commands.ts";
 *
 * parseCommand(["--http-port", "9090"]);
 * // { kind: "start", readsConfig: false, overrides: { httpPort: 9090 } }
 * ```
 */
export function parseCommand(args: readonly string[]): Command {
  // As other programs take it: `sluice help sign-url`.
  if (args[0] === "help") return { kind: "help", of: commandName(args[1]) ?? "start" };
  const name = commandName(args[0]);
  const { options, command } = COMMANDS[name ?? "start"];
  const values = readFlags(name === undefined ? args : args.slice(1), options);
  if (values.help) return { kind: "help", of: name ?? "start" };
  if (values.version) return { kind: "version" };
  return command(values);
}

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function signCommand(values: FlagValues): SignCommand {
  const action = values["action"] ?? "play";
  if (action !== "publish" && action !== "play") {
    throw new ConfigError(`Cannot use --action: expected publish or play, got "${action}"`);
  }
  // One stream, and no pattern: who signs live/* means more than would be let in.
  const path = required(values, "path", "a stream such as live/test", /^[^/*]+\/[^*]+$/);
  const expires = required(
    values,
    "expires",
    "a time such as 90s, 30m, 2h or 7d",
    /^\d{1,9}[smhd]$/,
  );
  const lifetimeSeconds = parseInt(expires) * SECONDS_OF_UNIT[expires.at(-1)!]!;
  const secretId = required(values, "id", "the id of a secret", /./);
  const address = values["address"] as string | undefined;
  return { kind: "sign-url", action, path, secretId, lifetimeSeconds, address };
}

function required(values: FlagValues, name: string, expected: string, pattern: RegExp): string {
  const value = values[name];
  if (typeof value === "string" && pattern.test(value)) return value;
  const got = value === undefined ? "none" : `"${value}"`;
  throw new ConfigError(`Cannot use --${name}: expected ${expected}, got ${got}`);
}

function commandName(word: string | undefined): CommandName | undefined {
  if (word === undefined || word.startsWith("-")) return undefined;
  if (Object.hasOwn(COMMANDS, word)) return word as CommandName;
  const nearest = nearestName(word, Object.keys(COMMANDS));
  throw new ConfigError(
    `Unknown command '${word}'; ` +
      (nearest === undefined ? "--help lists the commands" : `did you mean ${nearest}?`),
  );
}

/** The text that `--help` prints, of a command or of all. */
export function helpText(version: string, of: CommandName = "start"): string {
  if (of !== "start") {
    const { summary, help } = COMMANDS[of];
    const more = help === "" ? "" : `\n\n${help}`;
    return `sluice ${of}: ${summary}${more}`;
  }
  const flags = Object.entries(FLAGS).map(([name, { placeholder, help }]) =>
    `  --${name} ${placeholder}`.padEnd(30) + help
  );
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${name}`.padEnd(30) + summary
  );
  return `Sluice ${version}: live media gateway. RTMP and WebRTC (WHIP) in;
WebRTC (WHEP), HTTP-FLV, WebSocket-FLV and RTMP out.

Usage: deno task start [command] [flags]; in a container or as one file, sluice [command] [flags]

${flags.join("\n")}
  --config -                  read the configuration as JSON from standard input
  --help, -h                  this text, or a command's
  --version, -V               the version

Commands:
${commands.join("\n")}

Port 0 takes any free port. A newcomer's start: run it without flags and open
http://localhost:8080/ in a browser.`;
}
