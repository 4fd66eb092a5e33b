/** What it costs to ask who may: viewers of a gateway that asks, beside those of one that does not. */
import { assertLess } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { cpuSeconds } from "../../testing/process_stats.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { delay, until } from "../../testing/waiting.ts";

/** How much more it may be than without; medians of pairs that were measured at the same time. */
const MAX_RATIO = 1.03;

/** Five times what it may be is a fault; less may be the machine, which has other things to do. */
const FAULT_RATIO = 1 + 5 * (MAX_RATIO - 1);

const VIEWERS = 100;
const WINDOWS = 9;
const WINDOW_MS = 5000;
const JOINS = 1000;

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

Deno.test("who may costs viewers nothing that could be noticed", async (t) => {
  await using stack = new AsyncDisposableStack();
  const limits = { httpConnectionsPerAddress: 4 * VIEWERS };
  const open = await start(stack, ["a", "none"], { limits });
  const closed = await start(stack, [camera.key, guest.key], { limits, access: CLOSED });
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await t.step("to join", async () => {
    const joins: [number, number][] = [];
    for (let join = 0; join < JOINS; join++) {
      const pair: [number, number] = [0, 0];
      // Each is first as often as the other.
      const order = join % 2 === 0 ? [0, 1] : [1, 0];
      for (const at of order) {
        await using viewer = await watch([open, closed][at]!.url, client);
        pair[at] = viewer.joinMs;
      }
      joins.push(pair);
    }
    const [without, by] = [median(joins.map(([a]) => a)), median(joins.map(([, b]) => b))];
    console.log(`join: ${without.toFixed(2)} ms without, ${by.toFixed(2)} ms with access control`);
    assertLess(by / without, FAULT_RATIO);
  });
  await t.step("to watch", async () => {
    const all = Array.from({ length: VIEWERS }, () => [open, closed]).flat();
    for (const { url } of all) stack.use(await watch(url, client));
    const pids = [open, closed].map(({ gateway }) => gateway.pid);
    const ratios: number[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      const before = pids.map(cpuSeconds);
      await delay(WINDOW_MS);
      const [without, by] = pids.map((pid, at) => cpuSeconds(pid) - before[at]!);
      ratios.push(by! / without!);
    }
    console.log(`CPU with access control: ${median(ratios).toFixed(3)} of that without`);
    assertLess(median(ratios), FAULT_RATIO);
  });
});
