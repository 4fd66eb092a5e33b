import {
  configure,
  getConsoleSink,
  getJsonLinesFormatter,
  getTextFormatter,
} from "@logtape/logtape";

/** How the log looks, and how much of it there is. */
export interface LoggingOptions {
  readonly logLevel: "debug" | "info" | "warning" | "error";
  readonly logFormat: "text" | "json";
}

/** Sends the log of this thread to the console. */
export async function configureLogging({ logLevel, logFormat }: LoggingOptions): Promise<void> {
  const formatter = logFormat === "json"
    ? getJsonLinesFormatter()
    : getTextFormatter({ timestamp: "time", value: (value) => String(value) });
  await configure({
    sinks: { console: getConsoleSink({ formatter }) },
    loggers: [
      { category: ["sluice"], lowestLevel: logLevel, sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["console"] },
    ],
  });
}
