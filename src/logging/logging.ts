import { configureSync, type LogRecord, type Sink } from "@logtape/logtape";
import { addressSource, peerSource } from "../address/address_source.ts";
import { FOLDING_LIMITS, type FoldingLimits, type LeftOut, LogFolding } from "./log_folding.ts";
import { type LineFormat, lineFormat, type LogLine } from "./log_format.ts";

/** How the log looks, and how much of it there is. */
export interface LoggingOptions {
  readonly logLevel: "debug" | "info" | "warning" | "error";
  readonly logFormat: "text" | "json";
}

/**
 * Sends the log of this thread to the console, with what repeats folded. It may be called again at any
 * time: what takes several turns could not.
 *
 * @param leftOut called for each line that is left out
 */
export function configureLogging(
  { logLevel, logFormat }: LoggingOptions,
  leftOut: () => void = () => {},
): void {
  const format = lineFormat(logFormat);
  configureSync({
    // It may have been configured before.
    reset: true,
    sinks: { console: foldingSink((line) => print(format, line), { leftOut }) },
    loggers: [
      { category: ["sluice"], lowestLevel: logLevel, sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["console"] },
    ],
  });
}

/** Prints a line that is no part of any thread's log, in the form that lines of the log have. */
export function printLine(format: "text" | "json", line: LogLine): void {
  print(lineFormat(format), line);
}

/** Writes what {@linkcode LogFolding} admits, and at the end of its time what was left out. */
export function foldingSink(
  write: (line: LogLine) => void,
  { limits = FOLDING_LIMITS, leftOut = () => {} }: {
    readonly limits?: FoldingLimits;
    readonly leftOut?: () => void;
  } = {},
): Sink {
  const folding = new LogFolding(limits);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tellLeftOut = () => {
    for (const leftOut of folding.due(performance.now())) write(leftOutLine(leftOut));
    timer = undefined;
    if (folding.isHolding) tellLater();
  };
  const tellLater = () => {
    timer = setTimeout(tellLeftOut, limits.windowMs);
    // What is left out must not keep a process that has nothing else to do.
    Deno.unrefTimer(timer as unknown as number);
  };
  return (record) => {
    const isWritten = folding.admit(kindOf(record), sourceOf(record), performance.now());
    if (isWritten) return write(record);
    leftOut();
    if (timer === undefined) tellLater();
  };
}

/** What the line is about, by the text of ours that it is made with. */
function kindOf({ rawMessage }: LogRecord): string {
  return typeof rawMessage === "string" ? rawMessage : rawMessage.join("{}");
}

function sourceOf({ properties: { peer, hostname } }: LogRecord): string | undefined {
  if (typeof peer === "string") return peerSource(peer);
  return typeof hostname === "string" ? addressSource(hostname) : undefined;
}

function leftOutLine({ kind, lines, seconds, sources }: LeftOut): LogLine {
  const by = sources.map(({ source, lines }) => `${source} ${lines}`).join(", ");
  return {
    timestamp: Date.now(),
    level: "warning",
    category: ["sluice", "log"],
    message: [
      "",
      lines,
      lines === 1 ? " more line in " : " more lines in ",
      seconds,
      ' s like "',
      kind,
      `"${by === "" ? "" : ", by address: "}`,
      by,
    ],
    properties: { lines, seconds, kind, sources: sources.map(({ source }) => source) },
  };
}

/**
 * Writes a line, if anybody reads it: a terminal that was closed, or a program behind a pipe that has
 * ended, is no reason to serve nobody.
 */
function print(format: LineFormat, line: LogLine): void {
  const text = format(line);
  try {
    // Each with one argument: the console would take the first of several for a pattern.
    writerOf(line.level)(text);
  } catch {
    // There is nowhere to tell it.
  }
}

function writerOf(level: LogLine["level"]): (text: string) => void {
  switch (level) {
    case "error":
    case "fatal":
      return console.error;
    case "warning":
      return console.warn;
    case "debug":
    case "trace":
      return console.debug;
    default:
      return console.info;
  }
}
