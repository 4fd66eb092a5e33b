/** What it costs to ask who may: viewers of a gateway that asks, beside those of one that does not. */
import { assertLess } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { cpuSeconds } from "../../testing/process_stats.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { delay, until } from "../../testing/waiting.ts";

/** How much more it may be than without. */
const MAX_RATIO = 1.03;

/** What so many differ by on a machine that has other things to do. */
const NOISE = 0.05;

const VIEWERS = 100;
const WATCH_MS = 25_000;
const JOINS = 500;

const camera = makeKey("camera");
const guest = makeKey("guest");

const CLOSED = {
  keys: [
    { id: "camera", hash: camera.hash, paths: ["live/a"] },
    { id: "guest", hash: guest.hash, paths: ["live/a"], actions: ["play"] },
  ],
};

/** A gateway with a stream, and the address at which it is watched. */
interface Side {
  readonly gateway: GatewayProcess;
  readonly url: string;
}

async function start(
  stack: AsyncDisposableStack,
  [name, token]: readonly [name: string, token: string],
  config: Record<string, unknown>,
): Promise<Side> {
  const gateway = stack.use(await startGateway({ args: ["--shards", "1"], config }));
  const path = `live/${name}`;
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path });
  stack.use(publisher);
  publisher.run();
  const url = gateway.httpUrl(`/live/a.flv?token=${token}`);
  await until("it can be watched", async () => {
    const { ok } = await fetch(url, { method: "HEAD" });
    return ok;
  });
  return { gateway, url };
}

/** Joins, and reads until it is told to stop; how long it took until the first bytes were there. */
async function watch(url: string, client: Deno.HttpClient): Promise<Watching> {
  const beganMs = performance.now();
  const response = await fetch(url, { client });
  const reader = response.body!.getReader();
  await reader.read();
  const joinMs = performance.now() - beganMs;
  const reading = (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {});
  const end = async () => {
    await reader.cancel();
    await reading;
  };
  return { joinMs, [Symbol.asyncDispose]: end };
}

interface Watching extends AsyncDisposable {
  readonly joinMs: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** What both cost at the same time, without and with access control. */
interface Costs {
  readonly joinMs: readonly [without: number, by: number];
  readonly cpuSeconds: readonly [without: number, by: number];
}

/** @param startsOpen which one is started first: the second one is some percent dearer, whichever it is */
async function measure(startsOpen: boolean): Promise<Costs> {
  await using stack = new AsyncDisposableStack();
  const limits = { httpConnectionsPerAddress: 4 * VIEWERS };
  const startOpen = () => start(stack, ["a", "none"], { limits });
  const startClosed = () => start(stack, [camera.key, guest.key], { limits, access: CLOSED });
  const [first, second] = startsOpen
    ? [await startOpen(), await startClosed()]
    : [await startClosed(), await startOpen()];
  const sides = startsOpen ? [first, second] as const : [second, first] as const;
  const client = stack.adopt(
    Deno.createHttpClient({ poolMaxIdlePerHost: 0 }),
    (client) => client.close(),
  );
  const joinMs = await join(sides, client);
  for (const { url } of Array.from({ length: VIEWERS }, () => sides).flat()) {
    stack.use(await watch(url, client));
  }
  const pids = sides.map(({ gateway }) => gateway.pid);
  const before = pids.map(cpuSeconds);
  await delay(WATCH_MS);
  const [without, by] = pids.map((pid, at) => cpuSeconds(pid) - before[at]!);
  return { joinMs, cpuSeconds: [without!, by!] };
}

/** Medians of joins, each of one side right behind one of the other. */
async function join(
  sides: readonly [Side, Side],
  client: Deno.HttpClient,
): Promise<readonly [number, number]> {
  const joins: [number[], number[]] = [[], []];
  for (let join = 0; join < JOINS; join++) {
    // Each is first as often as the other.
    for (const at of join % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
      await using viewer = await watch(sides[at].url, client);
      joins[at].push(viewer.joinMs);
    }
  }
  return [median(joins[0]), median(joins[1])];
}

Deno.test("who may costs viewers nothing that could be noticed", async () => {
  const both = [await measure(true), await measure(false)];
  for (const name of ["joinMs", "cpuSeconds"] as const) {
    const ratios = both.map(({ [name]: [without, by] }) => by / without);
    const ratio = Math.sqrt(ratios[0]! * ratios[1]!);
    const texts = ratios.map((ratio) => ratio.toFixed(3)).join(" and ");
    console.log(`${name}: ${ratio.toFixed(3)} of that without access control (${texts})`);
    assertLess(ratio, MAX_RATIO + NOISE, name);
  }
});
