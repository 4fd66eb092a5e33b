import { residentKiB, settledKiB } from "../../testing/process_memory.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import type { Attack } from "./attack.ts";
import { attackBy } from "./attackers.ts";
import { Bystanders } from "./bystanders.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HALF_OPEN_WHIPS } from "./half_open_whips.ts";
import { HealthProbe } from "./health_probe.ts";

/** Room for one that connects beside them. */
const MAX_NEWCOMERS = HALF_OPEN_WHIPS + 100;

/** What the budget counts for one that connects. */
const MAX_KIB_EACH = 512;

/** What an engine keeps for its garbage; a second round finds all that it needs. */
const MAX_GROWTH_MIB = 64;

/** A thousand handshakes are begun beside it, on the same machine. */
const MAX_ENTRY_MS = 500;

/** They are given up after 15 s. */
const END_TIMEOUT_MS = 30_000;

/** Publishers that begin to connect, where the limits let so many in. */
export const HALF_OPEN_WHIP_ATTACK: Attack = {
  name: `${HALF_OPEN_WHIPS} WebRTC publishers that connect halfway`,
  gateway: {
    // An address has half of the budget, and what connects takes half a MiB of it.
    args: ["--shards", "2", "--memory", "4GiB"],
    config: {
      limits: {
        whipNewcomers: MAX_NEWCOMERS,
        whipNewcomersPerAddress: MAX_NEWCOMERS,
        streams: 2 * MAX_NEWCOMERS,
        streamsPerAddress: 2 * MAX_NEWCOMERS,
      },
    },
  },
  run: async (gateway, { seconds }) => {
    await using bystanders = await Bystanders.start(gateway);
    const beforeKiB = await residentKiB(gateway.pid);
    await using health = HealthProbe.start(gateway);
    await using entry = new EntryProbe(async (attempt) => {
      await using sender = await WhipSender.connect(gateway, `live/wanted${attempt}`);
      await sender.peer.delete();
    });
    const first = await halfOpenOnce(gateway, seconds);
    const findings = [...await entry.finish("publisher", MAX_ENTRY_MS), ...await health.finish()];
    const settled = await settledKiB(gateway.pid, 1000);
    await halfOpenOnce(gateway, seconds);
    const growthKiB = await settledKiB(gateway.pid, 1000) - settled;
    return [
      { what: "let in", value: first.accepted },
      { what: "connected halfway", value: first.answered },
      {
        what: "growth for each, KiB",
        value: Math.round((first.highestKiB - beforeKiB) / HALF_OPEN_WHIPS),
        bar: MAX_KIB_EACH,
      },
      {
        what: "growth by the next as many, MiB",
        value: Math.round(growthKiB / 1024),
        bar: MAX_GROWTH_MIB,
      },
      ...findings,
      ...await bystanders.finish(),
    ];
  },
};

/** Until they are given up. */
async function halfOpenOnce(gateway: GatewayProcess, seconds: number) {
  const { httpPort, pid } = gateway;
  const attack = attackBy({ way: "halfOpenWhips", httpPort, path: "live/half-open", seconds });
  let highestKiB = 0;
  const watching = setInterval(async () => {
    highestKiB = Math.max(highestKiB, await residentKiB(pid));
  }, 100);
  const { accepted, answered } = await attack.finally(() => clearInterval(watching));
  await until("they are given up", async () => {
    return (await gateway.status()).counters.whipNewcomers === 0;
  }, { timeoutMs: END_TIMEOUT_MS });
  return { accepted: accepted!, answered: answered!, highestKiB };
}
