import { delay } from "../../testing/waiting.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { countingLinks, type Received } from "./counted_link.ts";
import { ABUSES, FLOODS, type WhipFlood } from "./whip_packets.ts";

/** Datagrams between two looks at the time: what came meanwhile is to be read, too. */
const MAX_AT_ONCE = 500;

type Gateway = Pick<GatewayProcess, "httpUrl">;

/** A publisher that floods; when it is ended, the next one comes. */
async function flood(
  { perSecond, hasPictures = false, isConnected = true, begin }: WhipFlood,
  gateway: Gateway,
  path: string,
  seconds: number,
): Promise<Record<string, number>> {
  const received: Received = { bytes: 0 };
  const [startMs, endMs] = [performance.now(), performance.now() + seconds * 1000];
  let [packets, sessions, keyFramesAsked] = [0, 0, 0];
  while (performance.now() < endMs) {
    const options = { hasPictures, shakesHands: isConnected, openLink: countingLinks(received) };
    await using sender = await WhipSender[isConnected ? "connect" : "open"](
      gateway,
      `${path}${sessions++}`,
      options,
    );
    const { peer } = sender;
    const send = begin(sender, received);
    while (performance.now() < endMs && !peer.isToldOfEnd) {
      const due = (performance.now() - startMs) / 1000 * perSecond - packets;
      for (let left = Math.min(MAX_AT_ONCE, due); left > 0; left--, packets++) send();
      await delay(0);
    }
    keyFramesAsked += peer.feedback.get("pictureLossIndication") ?? 0;
    await peer.delete();
  }
  return { packets, sessions, keyFramesAsked, receivedBytes: received.bytes };
}

type Way = (gateway: Gateway, path: string, seconds: number) => Promise<Record<string, number>>;

/** Names of floods. */
export type WhipFloodName = keyof typeof FLOODS | keyof typeof ABUSES;

/** What somebody who floods counts, by the name of the flood. */
export const WHIP_FLOODS = Object.fromEntries(
  Object.entries<WhipFlood>({ ...FLOODS, ...ABUSES }).map(([name, one]) =>
    [name, (...args: Parameters<Way>) => flood(one, ...args)] as const
  ),
) as Readonly<Record<WhipFloodName, Way>>;
