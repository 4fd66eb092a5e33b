import { type AudienceEvents, type AudienceOptions, FlvAudience } from "../egress/flv_audience.ts";
import { LogState } from "../stream/log_layout.ts";
import { LogReader } from "../stream/log_reader.ts";
import type { TrackSelection } from "../stream/feed.ts";
import type { Publication } from "../stream/publication.ts";
import type { ControlLink } from "./control_link.ts";
import type { PictureReport, StreamEntry, StreamReport } from "./messages.ts";
import { RtpStream } from "./rtp_stream.ts";

/** Why WebRTC viewers are not shown a stream with such pictures; `undefined` if they are. */
export type RefusalOf = (pictures: PictureReport | undefined) => string | undefined;

/** Of a stream's viewers here. */
export interface LiveStreamOptions extends AudienceOptions {
  /** Bytes of the payload of an RTP packet, at most. */
  readonly maxPayloadSize: number;
}

/** A stream as one shard has it: its log, the audiences it has here, perhaps its publisher. */
export class LiveStream {
  readonly entry: StreamEntry;
  readonly log: LogReader;
  /** Set while the publisher is connected to this shard. */
  publication: Publication | undefined;
  readonly #options: LiveStreamOptions;
  readonly #events: AudienceEvents;
  readonly #audiences = new Map<string, FlvAudience>();
  readonly #control: ControlLink;
  #rtp: RtpStream | undefined;
  #watch: Promise<void> | undefined;

  constructor(
    entry: StreamEntry,
    control: ControlLink,
    options: LiveStreamOptions,
    events: AudienceEvents,
  ) {
    this.#control = control;
    this.entry = entry;
    this.log = new LogReader(entry.log);
    this.#options = options;
    this.#events = events;
  }

  /** The audience of one form of the stream; it is made for its first viewer. */
  audience(selection: TrackSelection): FlvAudience {
    const { audio, video, audioTrack, videoTrack } = selection;
    const key = `${audio} ${video} ${audioTrack} ${videoTrack}`;
    let audience = this.#audiences.get(key);
    if (audience === undefined) {
      audience = new FlvAudience(this.log, selection, this.#options, this.#events);
      this.#audiences.set(key, audience);
    }
    this.#watch ??= this.#watchLog();
    return audience;
  }

  /** The stream as WebRTC has it; it is made for its first viewer. */
  rtp(): RtpStream {
    const nowMs = performance.now();
    const { maxPayloadSize } = this.#options;
    this.#rtp ??= new RtpStream(this.entry.streamId, this.log, this.#control, {
      maxPayloadSize,
      nowMs,
    });
    this.#rtp.keep(nowMs);
    this.#watch ??= this.#watchLog();
    return this.#rtp;
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    const rtp = this.#rtp;
    if (rtp === undefined) return;
    rtp.sweep();
    // What was not known of the pictures when the viewers came.
    const refusal = refusalOf(rtp.report());
    if (refusal !== undefined) rtp.audience.end(refusal);
    if (rtp.isIdle(nowMs)) this.#closeRtp("nobody watches");
  }

  report(): StreamReport {
    let viewers = 0;
    for (const audience of this.#audiences.values()) viewers += audience.size;
    return {
      streamId: this.entry.streamId,
      viewers,
      groupOverflows: this.log.groupOverflows,
      publication: this.publication?.describe(),
      webrtcViewers: this.#rtp?.audience.size ?? 0,
      webrtc: this.#rtp?.report(),
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
    while (this.#dropEmptyAudiences() > 0 || this.#rtp !== undefined) {
      const wake = this.log.wake;
      if (this.log.state === LogState.ended) break;
      const nowMs = performance.now();
      for (const audience of this.#audiences.values()) audience.notify(nowMs);
      this.#rtp?.audience.notify(nowMs);
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

  #closeRtp(reason: string): void {
    this.#rtp?.close(reason);
    this.#rtp = undefined;
  }

  #endAudiences(): void {
    this.#closeRtp("the stream is over");
    for (const audience of this.#audiences.values()) audience.end();
    this.#audiences.clear();
  }
}
