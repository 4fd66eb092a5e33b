import { type AudienceEvents, type AudienceOptions, FlvAudience } from "../egress/flv_audience.ts";
import { LogState } from "../stream/log_layout.ts";
import { LogReader } from "../stream/log_reader.ts";
import type { TrackSelection } from "../stream/feed.ts";
import type { Publication } from "../stream/publication.ts";
import type { StreamEntry, StreamReport } from "./messages.ts";

/** A stream as one shard has it: its log, the audiences it has here, perhaps its publisher. */
export class LiveStream {
  readonly entry: StreamEntry;
  readonly log: LogReader;
  /** Set while the publisher is connected to this shard. */
  publication: Publication | undefined;
  readonly #options: AudienceOptions;
  readonly #events: AudienceEvents;
  readonly #audiences = new Map<string, FlvAudience>();
  #watch: Promise<void> | undefined;

  constructor(entry: StreamEntry, options: AudienceOptions, events: AudienceEvents) {
    this.entry = entry;
    this.log = new LogReader(entry.log);
    this.#options = options;
    this.#events = events;
  }

  /** The audience of one form of the stream; it is made for its first viewer. */
  audience(selection: TrackSelection): FlvAudience {
    const key = `${selection.audio} ${selection.video}`;
    let audience = this.#audiences.get(key);
    if (audience === undefined) {
      audience = new FlvAudience(this.log, selection, this.#options, this.#events);
      this.#audiences.set(key, audience);
    }
    this.#watch ??= this.#watchLog();
    return audience;
  }

  report(): StreamReport {
    let viewers = 0;
    for (const audience of this.#audiences.values()) viewers += audience.size;
    return {
      streamId: this.entry.streamId,
      viewers,
      groupOverflows: this.log.groupOverflows,
      publication: this.publication?.describe(),
      webrtcViewers: 0,
      webrtc: undefined,
    };
  }

  /** The stream is over: ends all viewers. Resolves when nothing reads the log any more. */
  async close(): Promise<void> {
    await this.#watch;
    this.#endAudiences();
  }

  async #watchLog(): Promise<void> {
    // The caller adds its viewer after this returns.
    await undefined;
    while (this.#dropEmptyAudiences() > 0) {
      const wake = this.log.wake;
      if (this.log.state === LogState.ended) break;
      const nowMs = performance.now();
      for (const audience of this.#audiences.values()) audience.notify(nowMs);
      await this.log.waitForFlush(wake);
    }
    if (this.log.state === LogState.ended) this.#endAudiences();
    this.#watch = undefined;
  }

  #dropEmptyAudiences(): number {
    for (const [key, audience] of this.#audiences) {
      if (audience.size === 0) this.#audiences.delete(key);
    }
    return this.#audiences.size;
  }

  #endAudiences(): void {
    for (const audience of this.#audiences.values()) audience.end();
    this.#audiences.clear();
  }
}
