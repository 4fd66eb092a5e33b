import { publish } from "../../testing/healthy_whep.ts";
import { delay } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import type { Attack, Finding } from "./attack.ts";
import { HealthProbe } from "./health_probe.ts";

const PATH = "live/bystander";

/** Packets between two looks at the time. */
const PACKETS_AT_ONCE = 20;

/** What a publisher may have looked at in a second. */
const PACKETS_PER_SECOND = 6000;

/** What is sent, over and over. */
const FLOODS: Readonly<Record<string, (sender: WhipSender) => () => Uint8Array>> = {
  "whole packets": (sender) => () => sender.next(),
  "forged packets": (sender) => {
    const forged = sender.next();
    forged[forged.length - 1]! ^= 1;
    return () => forged;
  },
  "packets far apart": (sender) => {
    let sequence = 100_000;
    return () => sender.next({ sequence: sequence += 500 });
  },
};

/** A WebRTC publisher that sends as fast as it can, beside one who publishes and one who watches. */
export const WHIP_FLOOD_ATTACK: Attack = {
  name: "RTP of a WebRTC publisher at full speed",
  gateway: { args: ["--shards", "1"] },
  run: async (gateway, { seconds }) => {
    await using _publisher = await publish(gateway, { path: PATH });
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    const dropped = async () => (await gateway.status()).counters.webrtcDatagramsDropped!;
    const findings: Finding[] = [];
    for (const [name, flood] of Object.entries(FLOODS)) {
      await using sender = await WhipSender.connect(gateway, "live/flooded");
      const next = flood(sender);
      const before = await dropped();
      const probe = HealthProbe.start(gateway);
      const seenBefore = viewer.video!.packets.length;
      const beganMs = performance.now();
      let sent = 0;
      while (performance.now() - beganMs < seconds * 1000) {
        for (let at = 0; at < PACKETS_AT_ONCE; at++, sent++) sender.peer.send(next());
        await delay(0);
      }
      const passedS = (performance.now() - beganMs) / 1000;
      const isFlood = sent > 2 * PACKETS_PER_SECOND * (passedS + 1);
      const isBounded = !isFlood || await dropped() > before;
      const own: readonly Finding[] = [
        ...await probe.finish(),
        { what: "packets sent in a second", value: Math.round(sent / passedS) },
        {
          what: "beyond what may be looked at, of which none was dropped",
          value: isBounded ? 0 : 1,
          bar: 0,
        },
        {
          what: "longest time without pictures for the viewer, ms",
          value: longestSilenceMs(viewer, seenBefore),
          bar: 500,
        },
      ];
      findings.push(...own.map((finding) => ({ ...finding, what: `${name}: ${finding.what}` })));
    }
    return findings;
  },
};

function longestSilenceMs({ video }: WhepViewer, from: number): number {
  const arrivals = video!.packets.slice(from).map(({ arrivedMs }) => arrivedMs);
  arrivals.push(performance.now());
  const gaps = arrivals.slice(1).map((arrivedMs, at) => arrivedMs - arrivals[at]!);
  return Math.round(Math.max(...gaps));
}
