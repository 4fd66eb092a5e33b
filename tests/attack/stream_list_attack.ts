import { cpuSeconds } from "../../testing/process_stats.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { ManyPublishers } from "../interop/many_publishers.ts";
import { HttpClient } from "../shard/http/client.ts";
import { delay, until } from "../../testing/waiting.ts";
import type { Attack, Finding } from "./attack.ts";

const STREAMS = 1000;

/** What a request may cost: a look-up, and the sending. */
const BAR_MS = 0.2;

/** Requests for the list from a connection each, as fast as they are answered, at 1,000 streams. */
export const STREAM_LIST_ATTACK: Attack = {
  name: `the list of ${STREAMS} streams over and over`,
  gateway: {
    args: ["--shards", "1"],
    config: { listAgeMs: 500, limits: { streamsPerAddress: STREAMS } },
  },
  run: async (gateway, { seconds }) => {
    using _publishers = await ManyPublishers.start(gateway.rtmpPort, STREAMS);
    await until("all are listed", async () => (await gateway.status()).total === STREAMS);
    const idleSeconds = await cpuWithin(gateway, () => delay(seconds * 1000));
    const findings: Finding[] = [
      { what: "CPU without requests, % of a core", value: round(100 * idleSeconds / seconds) },
    ];
    for (const [what, target, headers] of REQUESTS) {
      let count = 0;
      const used = await cpuWithin(gateway, async () => {
        count = await ask(gateway, target, headers, seconds);
      });
      findings.push(
        { what: `${what}: requests a second`, value: Math.round(count / seconds) },
        {
          what: `${what}: CPU of all threads, ms each`,
          value: round(1000 * Math.max(0, used - idleSeconds) / count),
          bar: BAR_MS,
        },
      );
    }
    return findings;
  },
};

const REQUESTS: readonly (readonly [what: string, target: string, headers: string])[] = [
  ["first page", "/api/v1/live", ""],
  ["all pages in turn", "/api/v1/live?page=", ""],
  // Whatever the tag is, this matches it.
  ["304", "/api/v1/live", "If-None-Match: *\r\n"],
];

const PAGES = STREAMS / 100;

/** Asks for some seconds; how often. */
async function ask(
  { httpPort }: GatewayProcess,
  target: string,
  headers: string,
  seconds: number,
): Promise<number> {
  using client = await HttpClient.connect(httpPort);
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < endMs; count++) {
    const page = target.endsWith("=") ? `${1 + count % PAGES}` : "";
    await client.send(`GET ${target}${page} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    const head = await client.head();
    await client.bytes(Number(head.headers.get("content-length") ?? 0));
  }
  return count;
}

async function cpuWithin({ pid }: GatewayProcess, run: () => Promise<void>): Promise<number> {
  const before = cpuSeconds(pid);
  await run();
  return cpuSeconds(pid) - before;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
