import { makeRtmpLoop } from "./rtmp_loop.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";
import { probeJoin } from "./join_probe.ts";

/** What one publisher waited for, from before it connected. */
export interface PublishTimes {
  /** Until the server had accepted it. */
  readonly acceptedMs: number;
  /** Until an RTMP player, which came when it was accepted, had its first key frame whole. */
  readonly firstFrameMs: number | undefined;
  readonly error: string | undefined;
}

const TICK_MS = 2;

/** Publishers one after another, each with a name of its own, watched and ended. */
export async function probePublishes(
  port: number,
  file: string,
  count: number,
): Promise<PublishTimes[]> {
  const loop = makeRtmpLoop(await Deno.readFile(file));
  const nowMs = () => performance.now();
  const times: PublishTimes[] = [];
  for (let index = 0; index < count; index++) {
    const name = `probe${index}`;
    const startMs = nowMs();
    const at = loop.keyFrames[index % loop.keyFrames.length]!;
    const publisher = await RtmpPublisher.start(port, name, loop, at, nowMs);
    const acceptedMs = nowMs() - startMs;
    const ticking = setInterval(() => publisher.tick(nowMs()), TICK_MS);
    const join = await probeJoin({ transport: "rtmp", port, path: `/live/${name}` });
    const firstFrameMs = join.firstKeyFrameMs && acceptedMs + join.firstKeyFrameMs;
    times.push({ acceptedMs, firstFrameMs, error: join.error });
    clearInterval(ticking);
    publisher.close();
  }
  return times;
}
