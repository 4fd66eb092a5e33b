import { until } from "../../testing/waiting.ts";
import { writeCheck } from "../../testing/webrtc/whep_stun.ts";
import { readWhepAnswer } from "../../testing/webrtc/whep_sdp.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { settledKiB } from "../../testing/process_memory.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { worstOffers } from "../webrtc/sdp/worst_offers.ts";
import type { Attack, Finding } from "./attack.ts";
import { HealthProbe } from "./health_probe.ts";

const PATH = "live/offers";
const POSTS = 100;

/** Resident memory is told in steps of about this; less is no difference. */
const NOISE_MIB = 12;
const SETTLE_MS = 1000;

/** What all of `POSTS` offers of one kind cost. */
interface Cost {
  readonly msEach: number;
  readonly heldMiB: number;
}

/** Offers that fill every limit, each of a session of its own, against those of a browser. */
export const whepOfferAttack: Attack = {
  name: "WHEP offers that fill every limit",
  gateway: {
    args: ["--shards", "1"],
    // None of its viewers ever connects.
    config: { limits: { webrtcNewcomersPerAddress: POSTS, webrtcNewcomers: POSTS } },
  },
  run: async (gateway) => {
    await using _publisher = await publish(gateway, { path: PATH });
    const worst = worstOffers();
    // An engine takes memory in steps for what it has not done before.
    await holdSessions(gateway, [OFFERS.chromium, ...worst]);
    const usualCost = await holdSessions(gateway, [OFFERS.chromium]);
    await using probe = HealthProbe.start(gateway);
    const worstCost = await holdSessions(gateway, worst);
    const health = await probe.finish();
    const before = await settledKiB(gateway.pid, SETTLE_MS);
    await holdSessions(gateway, worst);
    const after = await settledKiB(gateway.pid, SETTLE_MS);
    const findings: Finding[] = [
      { what: "browser's offer, ms each", value: usualCost.msEach },
      { what: "worst offers, ms each", value: worstCost.msEach, bar: 2 * usualCost.msEach },
      { what: `${POSTS} sessions of a browser's offers, MiB`, value: usualCost.heldMiB },
      {
        what: `${POSTS} sessions of worst offers, MiB`,
        value: worstCost.heldMiB,
        bar: 2 * Math.max(usualCost.heldMiB, NOISE_MIB),
      },
      {
        what: "memory that the next round adds, MiB",
        value: Math.max(0, mebibytes(after - before)),
        bar: NOISE_MIB,
      },
    ];
    return [...findings, ...health];
  },
};

/** Offers in turn; the sessions live until all are there. */
async function holdSessions(gateway: GatewayProcess, offers: readonly string[]): Promise<Cost> {
  const before = await settledKiB(gateway.pid, SETTLE_MS);
  const resources: string[] = [];
  let postMs = 0;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  for (let count = 0; count < POSTS; count++) {
    const startedMs = performance.now();
    const response = await fetch(gateway.httpUrl(`/${PATH}/whep`), {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: offers[count % offers.length]!,
    });
    const text = await response.text();
    postMs += performance.now() - startedMs;
    if (response.status !== 201) throw new Error(`POST gave ${response.status}: ${text}`);
    resources.push(new URL(response.headers.get("location")!, response.url).href);
    await check(socket, text);
  }
  socket.close();
  const heldKiB = await settledKiB(gateway.pid, SETTLE_MS) - before;
  for (const resource of resources) {
    await (await fetch(resource, { method: "DELETE" })).body?.cancel();
  }
  await until("no viewer is left", async () => (await gateway.stream(PATH))!.viewers === 0);
  return { msEach: Math.round(postMs / POSTS * 100) / 100, heldMiB: mebibytes(heldKiB) };
}

/** Makes it a session that ICE has reached, of which there may be more. */
async function check(socket: Deno.DatagramConn, answer: string): Promise<void> {
  const { remote, candidates } = readWhepAnswer(answer);
  const { address, port } = candidates.find(({ transport }) => transport === "udp")!;
  const local = { ufrag: "ib+b", password: "" };
  await socket.send(writeCheck(local, remote), { transport: "udp", hostname: address, port });
  await socket.receive();
}

function mebibytes(kibibytes: number): number {
  return Math.round(kibibytes / 1024 * 10) / 10;
}
