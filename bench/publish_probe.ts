import { loopStarter, type PublishProtocol } from "./publishing.ts";
import type { RunningServer } from "./targets.ts";
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

/** Where a protocol is taken. */
export function portOf(server: RunningServer, protocol: PublishProtocol): number {
  return protocol === "rtmp" ? server.rtmpPort : server.httpPort;
}

/** Publishers one after another, each with a name of its own, watched and ended. */
export async function probePublishes(
  server: RunningServer,
  protocol: PublishProtocol,
  file: string,
  count: number,
): Promise<PublishTimes[]> {
  const start = await loopStarter(protocol, file);
  const times: PublishTimes[] = [];
  for (let index = 0; index < count; index++) {
    const name = `probe${index}`;
    const startMs = performance.now();
    const publisher = await start({ port: portOf(server, protocol), name, keyFrame: index });
    const acceptedMs = performance.now() - startMs;
    const ticking = setInterval(() => publisher.tick(performance.now()), TICK_MS);
    const join = await probeJoin({
      transport: "rtmp",
      port: server.rtmpPort,
      path: `/live/${name}`,
    });
    const firstFrameMs = join.firstKeyFrameMs && acceptedMs + join.firstKeyFrameMs;
    times.push({ acceptedMs, firstFrameMs, error: join.error });
    clearInterval(ticking);
    await publisher.close();
  }
  return times;
}
