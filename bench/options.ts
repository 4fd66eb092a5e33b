import { parseArgs } from "node:util";
import { CHECK_OPTIONS, DEFAULT_MARGIN_PERCENT } from "./check.ts";

/**
 * Parts of the benchmark: viewers by HTTP-FLV, WebSocket and RTMP, publishers of 2 Mbit/s and of
 * 500 kbit/s, viewers by WebRTC, publishers of 1 Mbit/s by RTMP and WebRTC.
 */
export const PARTS = ["fanout", "ws", "rtmp", "ingest", "crowd", "whep", "whip"] as const;
export type Part = typeof PARTS[number];

/** What to run, from the command line. */
export interface Options {
  readonly parts: readonly Part[];
  readonly targets: readonly string[];
  /** Viewers over HTTP-FLV, one scenario each. */
  readonly httpViewers: readonly number[];
  readonly wsViewers: readonly number[];
  readonly rtmpPlayers: readonly number[];
  readonly whepViewers: readonly number[];
  /** How WebRTC viewers are reached. */
  readonly transport: "udp" | "tcp";
  readonly publishers: readonly number[];
  /** Publishers of 500 kbit/s. */
  readonly smallPublishers: readonly number[];
  /** Publishers of 1 Mbit/s, by RTMP and by WebRTC. */
  readonly cameras: readonly number[];
  readonly shards: readonly number[];
  /** `undefined` leaves Sluice its default. */
  readonly flushMs: readonly (number | undefined)[];
  /** Whether WebRTC viewers of Sluice are sent what fits their links, or all. */
  readonly adapting: readonly ("yes" | "no")[];
  readonly seconds: number;
  readonly rounds: number;
  readonly joins: number;
  readonly readIntervalMs: number;
  readonly json: string | undefined;
  /** Whether ratios are compared to those that are committed. */
  readonly check: boolean;
  /** What a ratio may be then, in percent of the committed one. */
  readonly marginPercent: number;
}

export const USAGE = `deno task bench [options]
  --quick                 1 round of 5 s windows, fewer viewers, 1 shard
  --check                 compare CPU per viewer to node-media-server's with the committed
                          ratios, and fail where it has become dearer
  --margin PERCENT        what a ratio may be then, of the committed one (140)
  --only PARTS            of fanout,ws,rtmp,ingest,crowd,whep,whip
  --targets NAMES         of sluice,nms,nginx
  --viewers N,N           viewers, over HTTP and RTMP, WebSocket, and WebRTC
                          (50,300,1000 and 300 and 1,30,100,200)
  --transport NAME        of WebRTC: udp or tcp (udp)
  --publishers N,N        publishers of 2 Mbit/s, of 500 kbit/s, and of 1 Mbit/s by RTMP and
                          WebRTC (20,50 and 500 and 20,50)
  --shards N,N            Sluice's shards (1,2)
  --flush-ms MS,MS        Sluice's write interval, or "default" (default,100)
  --adapting yes,no       Sluice as it is, and without estimates of WebRTC viewers' links (yes)
  --seconds N             length of each CPU window (10)
  --rounds N              runs of each target, interleaved; medians are shown (3)
  --joins N               joins timed per run (40)
  --read-interval-ms MS   a viewer reads its socket this often; 0: at once (0)
  --json FILE             every run, as JSON`;

/**
 * Reads the command line.
 *
 * @throws {TypeError} on unknown options and on values that are none of those allowed
 */
export function parseOptions(args: string[]): Options | "help" {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...{ help: { type: "boolean" }, quick: { type: "boolean" }, check: { type: "boolean" } },
      ...{ only: text, targets: text, margin: text },
      ...{ viewers: text, publishers: text, shards: text, "flush-ms": text, seconds: text },
      ...{
        adapting: text,
        transport: text,
        rounds: text,
        joins: text,
        "read-interval-ms": text,
        json: text,
      },
    },
  });
  if (values.help) return "help";
  const quick = values.quick ?? false;
  const viewers = values.viewers === undefined ? undefined : numbers("viewers", values.viewers);
  const options: Options = {
    parts: oneOf("only", values.only, PARTS),
    targets: oneOf("targets", values.targets, ["sluice", "nms", "nginx"]),
    httpViewers: viewers ?? (quick ? [50, 300] : [50, 300, 1000]),
    wsViewers: viewers ?? [300],
    rtmpPlayers: viewers ?? (quick ? [50, 300] : [50, 300, 1000]),
    whepViewers: viewers ?? (quick ? [30, 100] : [1, 30, 100, 200]),
    transport: oneOf("transport", values.transport, ["udp", "tcp"] as const)[0]!,
    publishers: numbers("publishers", values.publishers ?? (quick ? "20" : "20,50")),
    smallPublishers: numbers("publishers", values.publishers ?? (quick ? "100" : "500")),
    cameras: numbers("publishers", values.publishers ?? (quick ? "20" : "20,50")),
    shards: numbers("shards", values.shards ?? (quick ? "1" : "1,2")),
    flushMs: (values["flush-ms"] ?? "default,100").split(",").map((value) =>
      value === "default" ? undefined : number("flush-ms", value)
    ),
    adapting: oneOf("adapting", values.adapting ?? "yes", ["yes", "no"] as const),
    seconds: number("seconds", values.seconds ?? (quick ? "5" : "10")),
    rounds: number("rounds", values.rounds ?? (quick ? "1" : "3")),
    joins: number("joins", values.joins ?? (quick ? "20" : "40")),
    readIntervalMs: number("read-interval-ms", values["read-interval-ms"] ?? "0"),
    json: values.json,
    check: values.check ?? false,
    marginPercent: number("margin", values.margin ?? `${DEFAULT_MARGIN_PERCENT}`),
  };
  return options.check ? { ...options, ...CHECK_OPTIONS } : options;
}

function number(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new TypeError(`--${option} must be a number, got "${value}"`);
  return Number(value);
}

function numbers(option: string, list: string): number[] {
  return list.split(",").map((value) => number(option, value));
}

function oneOf<T extends string>(
  option: string,
  list: string | undefined,
  allowed: readonly T[],
): readonly T[] {
  if (list === undefined) return allowed;
  const chosen = list.split(",");
  const unknown = chosen.find((value) => !allowed.includes(value as T));
  if (unknown !== undefined) {
    throw new TypeError(`--${option} must be of ${allowed.join(",")}, got "${unknown}"`);
  }
  return chosen as T[];
}
