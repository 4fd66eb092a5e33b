import { residentKiB, settledKiB } from "../../testing/process_memory.ts";
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

/** An offer, its session, and what werift has of a handshake. */
const MAX_KIB_EACH = 160;

/** They are given up after 15 s. */
const END_TIMEOUT_MS = 30_000;

/** Publishers that begin to connect, where the limits let so many in. */
export const HALF_OPEN_WHIP_ATTACK: Attack = {
  name: `${HALF_OPEN_WHIPS} WebRTC publishers that connect halfway`,
  gateway: {
    args: ["--shards", "2"],
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
    const { httpPort } = gateway;
    const path = "live/half-open";
    const attack = attackBy({ way: "halfOpenWhips", httpPort, path, seconds });
    let highestKiB = 0;
    const watching = setInterval(async () => {
      highestKiB = Math.max(highestKiB, await residentKiB(gateway.pid));
    }, 100);
    const counts = await attack.finally(() => clearInterval(watching));
    const findings = [...await entry.finish("publisher", 500), ...await health.finish()];
    await until("they are given up", async () => {
      return (await gateway.status()).counters.whipNewcomers === 0;
    }, { timeoutMs: END_TIMEOUT_MS });
    const growthKiB = await settledKiB(gateway.pid, 1000) - beforeKiB;
    return [
      { what: "let in", value: counts.accepted! },
      { what: "connected halfway", value: counts.answered! },
      {
        what: "growth for each, KiB",
        value: Math.round((highestKiB - beforeKiB) / HALF_OPEN_WHIPS),
        bar: MAX_KIB_EACH,
      },
      { what: "growth when they are given up, MiB", value: Math.round(growthKiB / 1024) },
      ...findings,
      ...await bystanders.finish(),
    ];
  },
};
