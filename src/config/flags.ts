import { parseArgs } from "node:util";
import { ConfigError } from "./config_error.ts";
import { type Flag, FLAGS } from "./flag_table.ts";
import { nearestName } from "./nearest_name.ts";

/** The names of flags that a command takes, beside `--help`. */
export type FlagOptions = Readonly<
  Record<string, { readonly type: "string" | "boolean"; readonly multiple?: boolean }>
>;

/** What was given for each flag. */
export type FlagValues = Record<string, string | boolean | (string | boolean)[] | undefined>;

/** The flags that set members of the configuration, for {@linkcode readFlags}. */
export const CONFIG_OPTIONS: FlagOptions = {
  ...Object.fromEntries(
    Object.entries(FLAGS).map(([name, { value }]) => {
      return [name, { type: "string", multiple: value === "list" }] as const;
    }),
  ),
  config: { type: "string" },
};

/**
 * Reads a command's flags; `-h` and `-V` are `--help` and `--version`.
 *
 * @throws {ConfigError} for a flag that is unknown, repeated, or has no fitting value
 *
 * @example
 * ```ts
 * import { CONFIG_OPTIONS, readFlags } from "./flags.ts";
 *
 * readFlags(["--http-port", "9090"], CONFIG_OPTIONS)["http-port"]; // "9090"
 * ```
 */
export function readFlags(args: readonly string[], options: FlagOptions): FlagValues {
  const all = {
    ...options,
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "V" },
  } as const;
  const parsed = parse(args, all);
  const seen = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name) && options[token.name]?.multiple !== true) {
      throw new ConfigError(`Cannot use --${token.name} twice; --help lists the flags`);
    }
    seen.add(token.name);
  }
  return parsed.values;
}

/** What flags say of the configuration: it wins over what is in it. */
export interface ConfigFlags {
  /** Whether a configuration is to be read from standard input. */
  readonly readsConfig: boolean;
  /** Members of the configuration that flags set. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** @throws {ConfigError} for a value that does not fit */
export function configFlags(values: FlagValues): ConfigFlags {
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
  return { readsConfig: values.config === "-", overrides };
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

function parse(args: readonly string[], options: FlagOptions) {
  try {
    return parseArgs({ args: withNumbers(args, options), options, strict: true, tokens: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.(?:\s|$)|\n/)[0]! : `${error}`;
    throw new ConfigError(`${reason}; ${suggestion(reason, options)}`);
  }
}

/** A number below 0 behind a flag is its value, and no flag: what is wrong with it is told later. */
function withNumbers(args: readonly string[], options: FlagOptions): string[] {
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

function suggestion(reason: string, options: FlagOptions): string {
  const unknown = /^Unknown option '--([^']+)'/.exec(reason)?.[1];
  const nearest = unknown && nearestName(unknown, Object.keys(options));
  return nearest ? `did you mean --${nearest}?` : "--help lists the flags";
}

function convert(name: string, flag: Flag, value: FlagValues[string]): unknown {
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
function bitsOf(name: string, value: FlagValues[string]): number {
  const match = typeof value === "string" ? /^(\d+)(k?)$/i.exec(value) : null;
  if (match === null) {
    throw new ConfigError(
      `Cannot use --${name}: expected bits per second such as 128k or 128000, got "${value}"`,
    );
  }
  return Number(match[1]) * (match[2] === "" ? 1 : 1000);
}
