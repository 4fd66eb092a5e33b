import { residentKiB, settledKiB } from "../../testing/process_memory.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import type { Attack, AttackOptions, Finding } from "./attack.ts";
import { attackBy } from "./attackers.ts";
import { Bystanders } from "./bystanders.ts";
import { HealthProbe } from "./health_probe.ts";
import type { WhipFloodName } from "./whip_floods.ts";
import { ABUSES, FLOODS } from "./whip_packets.ts";

/** What a publisher may have looked at in a second. */
const PACKETS_PER_SECOND = 6000;

/** Room for pictures that wait, for a log, and for what an engine takes for its garbage. */
const MAX_GROWTH_MIB = 128;

const SOUND_INTERVAL_MS = 20;

/** Sends sound as a good publisher does, on the thread that is attacked. */
class GoodPublisher implements AsyncDisposable {
  readonly #sender: WhipSender;
  readonly #ticker: ReturnType<typeof setInterval>;

  private constructor(sender: WhipSender) {
    this.#sender = sender;
    this.#ticker = setInterval(() => sender.sendSound(1), SOUND_INTERVAL_MS);
  }

  static async connect(gateway: GatewayProcess): Promise<GoodPublisher> {
    return new GoodPublisher(await WhipSender.connect(gateway, "live/good"));
  }

  /** What has not come of what it has sent, in percent; 100 if it was ended. */
  async lostPercent(): Promise<number> {
    const response = await fetch(`${this.#sender.peer.resource}/statistics`);
    if (!response.ok) return 100;
    const { media: { layers: [{ packets, lost }] } } = await response.json();
    return Math.round(1000 * lost / (packets + lost)) / 10;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    await this.#sender[Symbol.asyncDispose]();
  }
}

/** Each of some floods, beside 50 viewers and two who publish. */
function whipAttack(
  name: string,
  floods: readonly WhipFloodName[],
  findingsOf: (counts: Counts, seconds: number) => readonly Finding[],
): Attack {
  return {
    name,
    gateway: { args: ["--shards", "1"] },
    run: async (gateway, { seconds }) => {
      await using bystanders = await Bystanders.start(gateway);
      await using good = await GoodPublisher.connect(gateway);
      const findings: Finding[] = [];
      const beforeKiB = await residentKiB(gateway.pid);
      for (const flood of floods) {
        const own = await floodOnce(gateway, flood, { seconds }, findingsOf);
        findings.push(...own.map((finding) => ({ ...finding, what: `${flood}: ${finding.what}` })));
      }
      const growthKiB = await settledKiB(gateway.pid, 1000) - beforeKiB;
      return [
        ...findings,
        { what: "growth in all, MiB", value: Math.round(growthKiB / 1024), bar: MAX_GROWTH_MIB },
        { what: "lost of another publisher's sound, %", value: await good.lostPercent() },
        ...await bystanders.finish(),
      ];
    },
  };
}

/** What a flood has come to. */
interface Counts extends Readonly<Record<string, number>> {
  readonly packets: number;
  readonly receivedBytes: number;
  readonly droppedByGateway: number;
}

async function floodOnce(
  gateway: GatewayProcess,
  flood: WhipFloodName,
  { seconds }: AttackOptions,
  findingsOf: (counts: Counts, seconds: number) => readonly Finding[],
): Promise<readonly Finding[]> {
  const dropped = async () => (await gateway.status()).counters.webrtcDatagramsDropped!;
  const before = await dropped();
  await using probe = HealthProbe.start(gateway);
  const { httpPort } = gateway;
  const path = `live/${flood.replaceAll(" ", "-")}`;
  const counts = await attackBy({ way: flood, httpPort, path, seconds });
  const health = await probe.finish();
  const all = { ...counts, droppedByGateway: await dropped() - before } as Counts;
  return [...health, ...findingsOf(all, seconds)];
}

/** WebRTC publishers that send as fast as they can. */
export const WHIP_FLOOD_ATTACK: Attack = whipAttack(
  "RTP of a WebRTC publisher at full speed",
  Object.keys(FLOODS) as WhipFloodName[],
  ({ packets, droppedByGateway }, seconds) => {
    const isFlood = packets > 2 * PACKETS_PER_SECOND * (seconds + 1);
    return [
      { what: "packets sent in a second", value: Math.round(packets / seconds) },
      {
        what: "beyond what may be looked at, of which none was dropped",
        value: isFlood && droppedByGateway === 0 ? 1 : 0,
        bar: 0,
      },
    ];
  },
);

/** What a publisher may be told in a second: requests for packets, for key frames, and reports. */
const MAX_FEEDBACK_KBPS = 640;

/** Least time between two requests for a key frame is half a second. */
const KEY_FRAMES_PER_SECOND = 2;

/** WebRTC publishers that send what makes the most work. */
export const WHIP_ABUSE_ATTACK: Attack = whipAttack(
  "RTP of a WebRTC publisher that makes the most work",
  Object.keys(ABUSES) as WhipFloodName[],
  ({ packets, sessions = 0, keyFramesAsked = 0, receivedBytes }, seconds) => [
    { what: "packets sent in a second", value: Math.round(packets / seconds) },
    { what: "sessions", value: sessions },
    {
      what: "feedback, kbit/s",
      value: Math.round(receivedBytes * 8 / 1000 / seconds),
      bar: MAX_FEEDBACK_KBPS,
    },
    {
      what: "key frames asked for, a second",
      value: Math.round(10 * keyFramesAsked / seconds) / 10,
      bar: KEY_FRAMES_PER_SECOND + sessions,
    },
  ],
);
