import type { GatewayOptions, GatewayProcess } from "../../testing/gateway_process.ts";
import type { Attack, Finding } from "./attack.ts";
import { Bystanders } from "./bystanders.ts";
import type { Flood } from "./flood.ts";
import { HealthProbe } from "./health_probe.ts";
import { delay } from "../../testing/waiting.ts";

/** How an attack on the time of the gateway's threads begins. */
export interface ThreadAttack {
  readonly name: string;
  readonly gateway?: GatewayOptions;
  /** Begins the flood of so many peers. */
  readonly flood: (gateway: GatewayProcess, peers: number) => Flood;
  /** Others who make it worse by what they receive. */
  readonly helpers?: (gateway: GatewayProcess, peers: number) => Flood;
}

const PEERS = [1, 8];

/** By one peer and then by eight: what a healthy stream, its viewers and `/healthz` notice. */
export function threadAttack({ name, gateway: options, flood, helpers }: ThreadAttack): Attack {
  return {
    name,
    ...(options === undefined ? {} : { gateway: options }),
    run: async (gateway, { seconds }) => {
      const findings: Finding[] = [];
      await using bystanders = await Bystanders.start(gateway);
      for (const peers of PEERS) {
        using running = flood(gateway, peers);
        using _helping = helpers?.(gateway, peers);
        await using probe = HealthProbe.start(gateway);
        await delay(seconds * 1000);
        const { bytes, ended } = await running.counts();
        const of = (what: string) => `${peers} ${peers === 1 ? "peer" : "peers"}: ${what}`;
        findings.push(
          { what: of("sent, MB/s"), value: Math.round(bytes / seconds / 1e5) / 10 },
          { what: of("connections ended"), value: ended },
          ...(await probe.finish()).map((finding) => ({ ...finding, what: of(finding.what) })),
        );
      }
      return [...findings, ...await bystanders.finish()];
    },
  };
}
