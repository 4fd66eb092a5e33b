import { configureLogging, printLine } from "./src/logging/logging.ts";
import { opennessOf } from "./src/config/access_summary.ts";
import { ConfigError } from "./src/config/config_error.ts";
import { parseConfigJson } from "./src/config/config_json.ts";
import { grantedPortsFrom } from "./src/config/permissions.ts";
import { type Command, helpText, parseCommand } from "./src/config/commands.ts";
import { type ConfigFlags, logFormatFlag } from "./src/config/flags.ts";
import { type Config, parseConfig } from "./src/config/schema.ts";
import { askHealth } from "./src/cli/health.ts";
import { hashedKey, newKey, signedQuery } from "./src/cli/secrets.ts";
import { startText } from "./src/cli/start_text.ts";
import { consoleAssets, consoleHeaders } from "./src/console/assets.ts";
import { checkPorts, type Gateway, startGateway } from "./src/gateway.ts";
import configSchema from "./docs/config.schema.json" with { type: "json" };
import project from "./deno.json" with { type: "json" };

const { version } = project;

/** For editors that complete the configuration of a gateway which they reach. */
const CONFIG_SCHEMA_FILE = {
  path: "/api/v1/config.schema.json",
  contentType: "application/json",
  body: JSON.stringify(configSchema),
};

/** What flags or the configuration say, as soon as either is read. */
let logFormat: Config["logFormat"] = logFormatFlag(Deno.args) === "json" ? "json" : "text";

/** EX_SOFTWARE of sysexits.h: an internal error. */
const EXIT_HUNG = 70;

async function main(): Promise<void> {
  const command = parseCommand(Deno.args);
  switch (command.kind) {
    case "help":
      return console.log(helpText(version, command.of));
    case "version":
      return console.log(version);
    case "start":
      return await start(await readConfig(command));
    case "health":
      return await tellHealth(command);
    case "check-config":
      checkPorts(await readConfig(command));
      return console.log("The configuration is right.");
    case "config-schema":
      return console.log(JSON.stringify(configSchema, undefined, 2));
    case "hash-key":
      return console.log(
        command.isNew
          ? newKey(randomBytes)
          : hashedKey(await readStandardInput("the secret"), randomBytes),
      );
    case "sign-url":
      return console.log(signedQuery(command, await readStandardInput("the secret"), Date.now()));
  }
}

/** What is given as JSON and by flags, which win. */
async function readGiven({ readsConfig, overrides }: ConfigFlags) {
  const json = readsConfig ? parseConfigJson(await readStandardInput("the configuration")) : {};
  if (json["logFormat"] === "json" && !("logFormat" in overrides)) logFormat = "json";
  return { ...json, ...overrides };
}

async function readConfig(command: ConfigFlags): Promise<Config> {
  const given = await readGiven(command);
  // Only Linux spreads connections over listeners that share a port.
  const defaultShards = Deno.build.os === "linux" ? navigator.hardwareConcurrency : 1;
  const config = parseConfig(given, defaultShards);
  return "shards" in given ? config : { ...config, shards: grantedShards(config) };
}

async function tellHealth(command: Extract<Command, { kind: "health" }>): Promise<void> {
  // What is wrong with the rest of a configuration is no fault of the gateway that runs.
  const { host, httpPort } = await readGiven(command) as Record<string, unknown>;
  const config = parseConfig({ host, httpPort }, 1);
  const { isWell, text } = await askHealth(
    { host: config.host, port: config.httpPort },
    command.path,
  );
  if (isWell) return console.log(text);
  complain(text);
  Deno.exit(1);
}

/** Shards by default: no more than ports for WebRTC are granted, if any is. */
function grantedShards({ host, webrtcPort, shards }: Config): number {
  if (webrtcPort === 0) return shards;
  return grantedPortsFrom(host, webrtcPort, shards) || shards;
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

async function readStandardInput(what: string): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    complain(`Reading ${what} from standard input; end it with Ctrl+D.`);
  }
  return await new Response(Deno.stdin.readable).text();
}

/** Prints a line as the log has them. */
function tell(
  level: "info" | "error",
  text: string,
  properties: Readonly<Record<string, unknown>> = {},
): void {
  const category = ["sluice", "main"];
  printLine(logFormat, { timestamp: Date.now(), level, category, message: [text], properties });
}

/** Prints to standard error what whoever starts the program is to read. */
function complain(text: string): void {
  if (logFormat === "json") tell("error", text);
  else console.error(`sluice: ${text}`);
}

/** The modules that workers run; they come with the graph of this one, and read nothing. */
async function readBundles() {
  try {
    const shard = await import("./dist/shard.js", { with: { type: "text" } });
    const transcoding = await import("./dist/transcoding.js", { with: { type: "text" } });
    return { shardSource: shard.default, transcodingSource: transcoding.default };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigError(
      "Cannot start without dist/shard.js and dist/transcoding.js: `deno task start` makes them, " +
        "`deno task bundle` makes them alone",
    );
  }
}

async function start(config: Config): Promise<void> {
  configureLogging(config);
  const gateway = await startGateway(config, {
    version,
    ...await readBundles(),
    assets: [...consoleAssets, CONFIG_SCHEMA_FILE],
    assetHeaders: consoleHeaders,
    reloaded: (config) => configureLogging(config),
    shardHung: (shard) => {
      tell("error", `Shard ${shard} hung; ended, so that a supervisor can start anew`);
      Deno.exit(EXIT_HUNG);
    },
  });
  printReady(config, gateway);
  stopOnSignals(gateway, config);
}

function printReady(config: Config, gateway: Gateway): void {
  if (logFormat === "text") return console.log(startText(version, config, gateway));
  const { host, shards, memory } = config;
  const { rtmpPort, httpPort, rtmpsPort, httpsPort, adminPort, udpFamilies } = gateway;
  const { webrtcPorts, webtransportPorts } = gateway;
  tell("info", "Ready.", {
    version,
    host,
    shards,
    memoryBytes: memory,
    rtmpPort,
    httpPort,
    rtmpsPort,
    httpsPort,
    adminPort,
    webrtcPorts,
    webtransportPorts,
    open: opennessOf(config.access, false),
    webrtcOverUdp: Object.entries(udpFamilies).flatMap(([family, isOf]) => isOf ? [family] : []),
    fingerprint: gateway.certificate?.facts.fingerprint,
  });
}

/**
 * What is left of the time for draining when streams are ended: so long clients have to take what
 * they are still sent.
 */
const STOP_MS = 1000;

/** Whoever sits at a terminal does not want to wait; a supervisor gives viewers their time. */
function stopOnSignals(gateway: Gateway, { drainSeconds }: Config): void {
  let isStopping = false;
  const stop = async (drainMs: number) => {
    // A second signal does not wait.
    if (isStopping) Deno.exit(1);
    isStopping = true;
    if (drainMs > 0) {
      tell("info", `Draining: viewers have up to ${drainSeconds} s; another signal ends at once.`);
      await gateway.drain(drainMs);
    }
    tell("info", "Stopping.");
    await gateway.stop();
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGINT", () => void stop(0));
  if (Deno.build.os === "windows") return;
  // Its terminal was closed. There is no file that could be read again.
  Deno.addSignalListener("SIGHUP", () => void stop(0));
  Deno.addSignalListener("SIGTERM", () => void stop(drainSeconds * 1000 - STOP_MS));
}

/** Ends the program for a defect of its own: what the runtime would print is no JSON. */
function endForDefect(error: unknown): never {
  complain(`${error instanceof Error ? error.stack ?? error : error}`);
  Deno.exit(1);
}

globalThis.addEventListener("error", (event) => {
  if (logFormat === "json") endForDefect(event.error);
});
globalThis.addEventListener("unhandledrejection", (event) => {
  if (logFormat === "json") endForDefect(event.reason);
});
try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  complain(error.message);
  Deno.exit(1);
}
