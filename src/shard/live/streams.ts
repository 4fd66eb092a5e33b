import type { AudienceEvents } from "../../egress/feed_audience.ts";
import type { ControlLink } from "../control_link.ts";
import { LiveStream, type LiveStreamOptions } from "./live_stream.ts";
import type { RefusalOf } from "./rtp_streams.ts";
import type { StreamReport } from "./stream_report.ts";
import type { StreamEntry, StreamTerms } from "./stream_entry.ts";

/** The streams of the gateway, as one shard knows them. */
export class Streams {
  readonly #control: ControlLink;
  readonly #options: LiveStreamOptions;
  readonly #events: AudienceEvents;
  readonly #byId = new Map<number, LiveStream>();
  readonly #byPath = new Map<string, LiveStream>();
  #paths: readonly string[] | undefined;
  /** Who waits for streams that are not there, by path. */
  readonly #awaited = new Map<string, Set<(stream: LiveStream) => void>>();

  constructor(control: ControlLink, options: LiveStreamOptions, events: AudienceEvents) {
    this.#control = control;
    this.#options = options;
    this.#events = events;
  }

  open(entry: StreamEntry): void {
    const stream = new LiveStream(entry, this.#control, this.#options, this.#events);
    this.#byId.set(entry.streamId, stream);
    this.#byPath.set(entry.path, stream);
    this.#paths = undefined;
    const waiting = this.#awaited.get(entry.path);
    this.#awaited.delete(entry.path);
    for (const begin of waiting ?? []) begin(stream);
  }

  /** What is said of a stream has changed. */
  change(streamId: number, terms: StreamTerms): void {
    this.#byId.get(streamId)?.change(terms);
  }

  /** Calls `begin` once a stream of this path is opened, unless {@linkcode unawait} comes first. */
  await(path: string, begin: (stream: LiveStream) => void): void {
    const waiting = this.#awaited.get(path) ?? new Set();
    this.#awaited.set(path, waiting.add(begin));
  }

  unawait(path: string, begin: (stream: LiveStream) => void): void {
    const waiting = this.#awaited.get(path);
    waiting?.delete(begin);
    if (waiting?.size === 0) this.#awaited.delete(path);
  }

  /** Of all streams, in their order. */
  get paths(): readonly string[] {
    return this.#paths ??= [...this.#byPath.keys()].sort();
  }

  /** Streams that there are. */
  get size(): number {
    return this.#byId.size;
  }

  byPath(path: string): LiveStream | undefined {
    return this.#byPath.get(path);
  }

  byId(streamId: number): LiveStream | undefined {
    return this.#byId.get(streamId);
  }

  /** Ends a stream and its viewers; resolves when nothing here reads its log any more. */
  async close(streamId: number): Promise<void> {
    const stream = this.#byId.get(streamId);
    if (stream === undefined) return;
    this.#byId.delete(streamId);
    this.#paths = undefined;
    if (this.#byPath.get(stream.entry.path) === stream) this.#byPath.delete(stream.entry.path);
    await stream.close();
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    for (const stream of this.#byId.values()) stream.sweep(nowMs, refusalOf);
  }

  /** Reports on the streams that have viewers or their publisher here, or had them just now. */
  report(): StreamReport[] {
    return [...this.#byId.values()]
      .map((stream) => stream.report())
      .filter(({ viewers, rtmpViewers, webrtcViewers, publication, traffic }) =>
        viewers + rtmpViewers + webrtcViewers > 0 || publication !== undefined ||
        traffic.receivedBytes + traffic.sentBytes > 0
      );
  }
}
