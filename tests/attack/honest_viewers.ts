import { publish } from "../../testing/healthy_whep.ts";
import { renditionTrack } from "../../testing/media/rendition_track.ts";
import type { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { delay } from "../../testing/waiting.ts";
import { checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import type { Attack, Finding } from "./attack.ts";
import { HealthProbe } from "./health_probe.ts";
import { attackBy, type AttackersOrder } from "./attackers.ts";

/** Half a second at 25 pictures a second. */
const MAX_PICTURES_BEHIND = 13;

/**
 * Pictures of 400, 200 and 100 kbit/s, 25 a second: little, so that the program that watches all of it
 * is no bottleneck.
 */
const STREAM = {
  path: "live/watched",
  bitrateBps: 400_000,
  frameRate: 25,
  groupFrames: 50,
  tracks: [
    renditionTrack(1, { size: 1000, groupFrames: 50 }),
    renditionTrack(2, { size: 500, groupFrames: 50 }),
  ],
};

const TRANSPORTS = ["udp", "tcp", "udp", "udp"] as const;

/** What attackers do beside the honest viewers. */
export interface ViewerAttackOptions {
  readonly name: string;
  readonly way: AttackersOrder["way"];
  readonly args?: readonly string[];
  /** What the attackers' counts mean. */
  readonly findings: (
    counts: Readonly<Record<string, number>>,
    seconds: number,
  ) => readonly Finding[];
}

/** By viewers of one stream on one thread, beside those who do nothing but watch. */
export function viewerAttack({ name, way, args = [], findings }: ViewerAttackOptions): Attack {
  return {
    name,
    gateway: { args: ["--shards", "1", ...args] },
    run: async (gateway, { seconds }) => {
      await using publisher = await publish(gateway, STREAM);
      await using stack = new AsyncDisposableStack();
      const honest = await Promise.all(TRANSPORTS.map(async (transport) => {
        const endpoint = `/${STREAM.path}/whep?vtrack=0`;
        return stack.use(await WhepViewer.join(gateway, { endpoint, transport }));
      }));
      const probe = stack.use(HealthProbe.start(gateway));
      const { httpPort } = gateway;
      const counts = await attackBy({ way, httpPort, path: STREAM.path, seconds });
      const health = await probe.finish();
      return [...health, ...await harmDone(honest, publisher), ...findings(counts, seconds)];
    },
  };
}

async function harmDone(
  honest: readonly WhepViewer[],
  publisher: SyntheticPublisher,
): Promise<Finding[]> {
  const newest = publisher.sequence - 1;
  const seen: SeenStream[] = [];
  for (const viewer of honest) {
    seen.push(seenBy(viewer));
    // Looking at all of it takes its time.
    await delay(0);
  }
  const most = (values: readonly number[]) => Math.round(Math.max(...values));
  return [
    { what: "healthy publishers ended", value: publisher.end === undefined ? 0 : 1, bar: 0 },
    {
      what: `honest viewers of ${honest.length} that lost packets`,
      value: seen.filter(({ isWhole }) => !isWhole).length,
      bar: 0,
    },
    ...(["udp", "tcp"] as const).map((transport) => ({
      what: `pictures left out for them over ${transport.toUpperCase()}, %`,
      value: most(seen.map((one) => one.transport === transport ? one.leftOutPercent : 0)),
      // A machine that is busy answers the gateway's checks late, as a narrow link does.
      ...(transport === "tcp" && { bar: 0 }),
    })),
    {
      what: "their longest time without pictures, ms",
      value: most(seen.map(({ longestMs }) => longestMs)),
      bar: 500,
    },
    {
      what: "pictures that they are behind at the end",
      value: most(seen.map(({ last }) => newest - last)),
      bar: MAX_PICTURES_BEHIND,
    },
  ];
}

/** What has come of the stream. */
interface SeenStream {
  readonly transport: "udp" | "tcp";
  readonly isWhole: boolean;
  readonly leftOutPercent: number;
  readonly longestMs: number;
  /** The number of the newest picture. */
  readonly last: number;
}

function seenBy(viewer: WhepViewer): SeenStream {
  const frames = viewer.frames();
  const first = frames[0]?.sequence ?? 0;
  const last = frames.at(-1)?.sequence ?? 0;
  const times = frames.map(({ arrivedMs }) => arrivedMs);
  return {
    transport: viewer.link.server.transport,
    isWhole: hasNoGaps(viewer),
    leftOutPercent: 100 * (1 - frames.length / (last - first + 1)),
    longestMs: Math.max(...times.slice(1).map((timeMs, at) => timeMs - times[at]!)),
    last,
  };
}

function hasNoGaps({ video }: WhepViewer): boolean {
  try {
    checkNoGaps(video!);
    return true;
  } catch {
    return false;
  }
}
