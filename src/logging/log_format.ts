import { escapeUnprintable, jsonEscape, literalEscape } from "../bytes/printable.ts";

/** What a line of the log is made from; a record of LogTape is one. */
export interface LogLine {
  readonly timestamp: number;
  readonly level: string;
  readonly category: readonly string[];
  /** Text of ours and values in turn, text first. */
  readonly message: readonly unknown[];
  /** Of these, text lines show `id`, of the connection. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Turns a line of the log into text without a line break. */
export type LineFormat = (line: LogLine) => string;

/** Characters of a value that are shown: a longer one is somebody's attempt to fill the log. */
const MAX_VALUE_LENGTH = 256;

/** The same of what went wrong here: where, is told by its stack. */
const MAX_FAULT_LENGTH = 2000;

const LEVELS: Readonly<Record<string, string>> = {
  trace: "TRC",
  debug: "DBG",
  info: "INF",
  warning: "WRN",
  error: "ERR",
  fatal: "FTL",
};

/**
 * A line for people: `2026-11-29T22:50:01.123Z [INF] rtmp: [0-k3x9q2] 192.0.2.1:5000 publishes
 * live/test`. Values may hold what peers send: whatever cannot be seen, or moves what can, is
 * escaped here, and nowhere else.
 */
export function textLine({ timestamp, level, category, message, properties }: LogLine): string {
  const text = message.map((part, at) => at % 2 === 0 ? `${part}` : shown(part)).join("");
  const id = properties["id"] === undefined ? "" : `[${shown(properties["id"])}] `;
  return `${iso(timestamp)} [${LEVELS[level] ?? level}] ${
    category.slice(1).join(" ")
  }: ${id}${text}`;
}

/** A line for programs: one JSON object, whose strings show no more than text lines do. */
export function jsonLine({ timestamp, level, category, message, properties }: LogLine): string {
  const text = message.map((part, at) =>
    at % 2 === 0 ? `${part}` : cut(asText(part), lengthOf(part))
  ).join("");
  const json = JSON.stringify({
    "@timestamp": iso(timestamp),
    level: level.toUpperCase(),
    message: text,
    logger: category.join("."),
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, jsonValue(value)]),
    ),
  });
  // Such characters are in strings only, where an escape means the same.
  return escapeUnprintable(json, jsonEscape);
}

/** The format with this name. */
export function lineFormat(name: "text" | "json"): LineFormat {
  return name === "json" ? jsonLine : textLine;
}

function shown(value: unknown): string {
  return cut(
    escapeUnprintable(asText(value).replaceAll("\\", "\\\\"), literalEscape),
    lengthOf(value),
  );
}

function jsonValue(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonValue);
  return value === undefined ? undefined : cut(asText(value), lengthOf(value));
}

/** Errors are faults of this program, as what peers get wrong is told in words. */
function asText(value: unknown): string {
  return value instanceof Error ? value.stack ?? `${value}` : String(value);
}

function lengthOf(value: unknown): number {
  return value instanceof Error ? MAX_FAULT_LENGTH : MAX_VALUE_LENGTH;
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength)}… (${text.length} characters)`;
}

function iso(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}
