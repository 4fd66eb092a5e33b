import type { StreamSummary } from "../shard/http/stream_summary.ts";
import type { StreamPublisher } from "../shard/live/publish_decision.ts";
import type { StreamEntry } from "../shard/live/stream_entry.ts";
import type { StreamReport } from "../shard/live/stream_report.ts";
import { escapePath, FLV_SUFFIX, splitPath } from "../stream/stream_path.ts";
import { summariseWebrtc } from "./stream_advice.ts";
import type { StreamSound } from "./stream_sound.ts";

/** What is known of a stream. */
export interface DescribedStream {
  readonly entry: StreamEntry;
  readonly openedAtMs: number;
  /** Shard of the publisher; `undefined` while waiting for one. */
  origin: number | undefined;
  /** The newest one. */
  publisher: Partial<StreamPublisher>;
  /** Newest report of each shard that has the publisher or viewers. */
  readonly reports: Map<number, StreamReport>;
  /** What the last publisher sent. */
  publication: StreamReport["publication"];
  readonly sound: StreamSound;
}

/** A stream as the API tells of it. */
export function summarise(stream: DescribedStream, nowMs: number): StreamSummary {
  const { entry, openedAtMs, origin, publication, publisher } = stream;
  const reports = [...stream.reports.values()];
  const viewers = reports.reduce(
    (sum, { viewers, rtmpViewers, webrtcViewers }) => sum + viewers + rtmpViewers + webrtcViewers,
    0,
  );
  const bitrateBps = publication?.bitrateBps ?? null;
  const kbps = Math.round((bitrateBps ?? 0) / 1000);
  const isLive = origin !== undefined;
  return {
    id: `${entry.streamId}`,
    ...splitPath(entry.path),
    vhost: "__defaultVhost__",
    url: `/${escapePath(entry.path)}${FLV_SUFFIX}`,
    live_ms: Math.round(performance.timeOrigin + openedAtMs),
    clients: viewers + (isLive ? 1 : 0),
    kbps: { recv_30s: isLive ? kbps : 0, send_30s: isLive ? kbps * viewers : 0 },
    publish: { active: isLive, cid: isLive ? publisher.id ?? null : null },
    state: isLive ? "live" : "waiting",
    shard: origin ?? null,
    subject: publisher.subject ?? null,
    uptimeMs: Math.round(nowMs - openedAtMs),
    viewers,
    bitrateBps,
    video: publication?.video ?? null,
    audio: publication?.audio ?? null,
    tracks: publication?.tracks ?? [],
    groupOverflows: reports.some(({ groupOverflows }) => groupOverflows),
    timestampFaults: publication?.timestampFaults ?? {},
    skippedMessages: publication?.skipped ?? {},
    advice: publication?.advice ?? [],
    rtmp: { viewers: reports.reduce((sum, { rtmpViewers }) => sum + rtmpViewers, 0) },
    webrtc: {
      ...summariseWebrtc(reports, publication),
      sound: stream.sound.describe(publication?.audio ?? null),
    },
  };
}
