import { codecWords } from "../codec/codec_words.ts";
import {
  type AudioSummary,
  type StreamSummary,
  type TrackSummary,
  VHOST,
  type VideoSummary,
} from "../shard/http/api/stream_summary.ts";
import type { StreamPublisher } from "../shard/live/publish_decision.ts";
import type { StreamEntry } from "../shard/live/stream_entry.ts";
import type { StreamReport } from "../shard/live/stream_report.ts";
import { escapePath, FLV_SUFFIX, splitPath } from "../stream/stream_path.ts";
import { summariseWebrtc } from "./stream_advice.ts";
import { viewerNotes } from "./stream_notes.ts";
import type { StreamSound } from "./stream_sound.ts";
import type { StreamTraffic } from "./stream_traffic.ts";

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
  readonly traffic: StreamTraffic;
}

type Publication = NonNullable<StreamReport["publication"]>;

/** A stream as the API tells of it. */
export function summarise(stream: DescribedStream, nowMs: number): StreamSummary {
  const { entry, openedAtMs, origin, publication, publisher, traffic } = stream;
  const reports = [...stream.reports.values()];
  const viewers = reports.reduce(
    (sum, { viewers, rtmpViewers, webrtcViewers }) => sum + viewers + rtmpViewers + webrtcViewers,
    0,
  );
  const isLive = origin !== undefined;
  const { app, name } = splitPath(entry.path);
  return {
    id: `${entry.streamId}`,
    name,
    vhost: VHOST,
    app,
    tcUrl: `rtmp://${VHOST}/${app}`,
    url: `/${entry.path}`,
    flvUrl: `/${escapePath(entry.path)}${FLV_SUFFIX}`,
    live_ms: Math.round(performance.timeOrigin + openedAtMs),
    clients: viewers + (isLive ? 1 : 0),
    ...traffic.describe(nowMs),
    publish: { active: isLive, cid: isLive ? publisher.id ?? "" : "" },
    state: isLive ? "live" : "waiting",
    shard: origin ?? null,
    subject: publisher.subject ?? null,
    uptimeMs: Math.round(nowMs - openedAtMs),
    viewers,
    bitrateBps: publication?.bitrateBps ?? null,
    video: publication?.video ? summariseVideo(publication.video) : null,
    audio: publication?.audio ? summariseAudio(publication.audio) : null,
    tracks: publication?.tracks.map(summariseTrack) ?? [],
    groupOverflows: reports.some(({ groupOverflows }) => groupOverflows),
    timestampFaults: publication?.timestampFaults ?? {},
    skippedMessages: publication?.skipped ?? {},
    advice: publication?.advice ?? [],
    notes: viewerNotes(publication),
    rtmp: { viewers: reports.reduce((sum, { rtmpViewers }) => sum + rtmpViewers, 0) },
    webrtc: {
      ...summariseWebrtc(reports, publication),
      sound: stream.sound.describe(publication?.audio ?? null),
    },
  };
}

function summariseVideo<Video extends NonNullable<Publication["video"]>>(
  video: Video,
): Video & VideoSummary {
  const { codec, width, height } = video;
  return {
    ...video,
    ...codecWords(codec),
    codecString: codec,
    width: width ?? 0,
    height: height ?? 0,
  };
}

function summariseAudio<Audio extends NonNullable<Publication["audio"]>>(
  audio: Audio,
): Audio & AudioSummary {
  const { codec: codecString, sampleRate, channels } = audio;
  const { codec, profile } = codecWords(codecString);
  return {
    ...audio,
    codec,
    profile,
    codecString,
    sample_rate: sampleRate ?? 0,
    channel: channels ?? 0,
  };
}

function summariseTrack(track: Publication["tracks"][number]): TrackSummary {
  return track.kind === "video" ? summariseVideo(track) : summariseAudio(track);
}
