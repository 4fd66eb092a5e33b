import type { AudienceEvents } from "../egress/flv_audience.ts";
import type { ControlLink } from "./control_link.ts";
import { LiveStream, type LiveStreamOptions, type RefusalOf } from "./live_stream.ts";
import type { StreamEntry, StreamReport } from "./messages.ts";

/** The streams of the gateway, as one shard knows them. */
export class Streams {
  readonly #control: ControlLink;
  readonly #options: LiveStreamOptions;
  readonly #events: AudienceEvents;
  readonly #byId = new Map<number, LiveStream>();
  readonly #byPath = new Map<string, LiveStream>();

  constructor(control: ControlLink, options: LiveStreamOptions, events: AudienceEvents) {
    this.#control = control;
    this.#options = options;
    this.#events = events;
  }

  open(entry: StreamEntry): void {
    const stream = new LiveStream(entry, this.#control, this.#options, this.#events);
    this.#byId.set(entry.streamId, stream);
    this.#byPath.set(entry.path, stream);
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
    if (this.#byPath.get(stream.entry.path) === stream) this.#byPath.delete(stream.entry.path);
    await stream.close();
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    for (const stream of this.#byId.values()) stream.sweep(nowMs, refusalOf);
  }

  /** Reports on the streams that have viewers or their publisher here. */
  report(): StreamReport[] {
    return [...this.#byId.values()]
      .map((stream) => stream.report())
      .filter(({ viewers, webrtcViewers, publication }) =>
        viewers + webrtcViewers > 0 || publication !== undefined
      );
  }
}
