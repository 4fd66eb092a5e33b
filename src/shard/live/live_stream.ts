import { type AudienceEvents, FeedAudience } from "../../egress/feed_audience.ts";
import { Feed } from "../../stream/feed.ts";
import { type FeedForm, FLV_FORM } from "../../stream/feed_form.ts";
import { LogState } from "../../stream/log_layout.ts";
import { LogReader } from "../../stream/log_reader.ts";
import { type MemoryBudget, NO_HOLDER } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import type { Publication } from "../../stream/publication.ts";
import { Renditions } from "../../stream/renditions.ts";
import { trackFilter, type TrackSelection } from "../../stream/track_selection.ts";
import type { ControlLink } from "../control_link.ts";
import type { StreamReport } from "./stream_report.ts";
import type { StreamEntry, StreamTerms } from "./stream_entry.ts";
import type { RtpStream } from "./rtp_stream.ts";
import { type RefusalOf, RtpStreams } from "./rtp_streams.ts";
import {
  isMissing,
  isNumbered,
  keyOf,
  MAX_AUDIENCES,
  type SelectedTracks,
  TOO_MANY_SELECTIONS,
  TRACK_GONE,
} from "./selected_tracks.ts";
import { SharedOpus } from "./shared_opus.ts";
import { timeSlice } from "../time_slice.ts";

/** Of a stream's viewers here. */
export interface LiveStreamOptions {
  /** Least time between two deliveries to HTTP-FLV and WebSocket-FLV viewers. */
  readonly flushMs: number;
  /** The same for RTMP players. */
  readonly rtmpFlushMs: number;
  /** Bytes of the payload of an RTP packet, at most. */
  readonly maxPayloadSize: number;
  /** The age of a key frame up to which viewers of FLV and RTMP begin with it. */
  readonly windowMs: number;
  readonly memory: MemoryBudget;
}

/** An RTMP player, as long as it plays, paused or not. */
export interface StreamPlayer {
  /** The publisher is gone, and may come back. */
  dry(): void;
  /** Another publisher, or the same one, goes on with the stream. */
  published(): void;
  /** The stream is over. */
  over(): void;
}

/** The viewers of one form of a stream. */
interface FormAudience extends SelectedTracks {
  readonly form: FeedForm;
  readonly audience: FeedAudience;
}

/** The age up to which a key frame does for a viewer. */
const FRESH_KEY_FRAME_MS = 1000;

const NO_TRAFFIC = { frames: 0, receivedBytes: 0, sentBytes: 0 };

/** A stream as one shard has it: its log, the audiences it has here, perhaps its publisher. */
export class LiveStream {
  #entry: StreamEntry;
  readonly log: LogReader;
  readonly renditions: Renditions;
  /** Set while the publisher is connected to this shard. */
  publication: Publication | undefined;
  /** What was not reported yet. */
  #traffic = { ...NO_TRAFFIC };
  readonly #options: LiveStreamOptions;
  readonly #events: AudienceEvents;
  readonly #audiences = new Map<string, FormAudience>();
  readonly #players = new Set<StreamPlayer>();
  readonly #rtp: RtpStreams;
  readonly #control: ControlLink;
  /** By the number of the audio track. */
  readonly #opus = new Map<number | undefined, SharedOpus>();
  #watch: Promise<void> | undefined;

  constructor(
    entry: StreamEntry,
    control: ControlLink,
    options: LiveStreamOptions,
    events: AudienceEvents,
  ) {
    this.#control = control;
    this.#entry = entry;
    this.log = new LogReader(entry.log);
    this.renditions = new Renditions(this.log);
    this.#options = options;
    this.#events = events;
    this.#rtp = new RtpStreams(this.log, (track) => this.#opusOf(track), options, events);
  }

  get entry(): StreamEntry {
    return this.#entry;
  }

  /**
   * A viewer comes, or has lost its pictures: one that would have to wait for a key frame wishes for
   * one, and so does one that would begin with what is long past.
   *
   * @param trackId the number of the video track; by default it is the default one, and all need it
   */
  wishKeyFrame(trackId?: number): void {
    const { lastTimestampMs, tracks } = this.log;
    const { video } = trackFilter(
      { audio: false, video: true, ...(trackId !== undefined && { videoTrack: trackId }) },
      tracks,
    );
    const newest = this.log.newestKeyFrameOf(video);
    const isFresh = newest !== undefined &&
      lastTimestampMs - this.log.timestampMsOf(newest) < FRESH_KEY_FRAME_MS;
    if (!isFresh) this.log.wishKeyFrame(trackId);
  }

  change(terms: StreamTerms): void {
    this.#entry = { ...this.#entry, ...terms };
  }

  /**
   * The audience of one form of the stream, or why there is none. It is made for its first viewer,
   * and counts to that one's share: for want of memory there is none, nor if there are
   * {@linkcode MAX_AUDIENCES} others; the default tracks, both or one of them, there are beside any
   * others.
   */
  audience(
    form: FeedForm,
    selection: TrackSelection,
    holder: number = NO_HOLDER,
  ): FeedAudience | string {
    const key = `${form.name} ${keyOf(selection)}`;
    let known = this.#audiences.get(key);
    if (known === undefined || known.audience.isOver) {
      if (this.#audiences.size >= MAX_AUDIENCES) this.#dropEmpty();
      if (this.#audiences.size >= MAX_AUDIENCES && isNumbered(selection)) {
        return TOO_MANY_SELECTIONS;
      }
      const held = new MemoryHolding(this.#options.memory, "copies", holder);
      const refusal = held.resize(this.log.heldBytes);
      if (refusal !== undefined) return describeRefusal(refusal);
      // That was only to ask: the feed takes it as it copies.
      held.close();
      const { windowMs } = this.#options;
      const feed = new Feed(this.log, selection, form, { windowMs, memory: held });
      const flushMs = this.#options[form === FLV_FORM ? "flushMs" : "rtmpFlushMs"];
      const audience = new FeedAudience(feed, { flushMs }, this.#events);
      known = { form, selection, audience, missed: 0 };
      this.#audiences.set(key, known);
    }
    this.#watch ??= this.#watchLog();
    return known.audience;
  }

  /** A player comes, and is told what becomes of the stream until it leaves. */
  join(player: StreamPlayer): void {
    this.#players.add(player);
    this.#watch ??= this.#watchLog();
    if (this.log.state === LogState.waiting) player.dry();
  }

  leave(player: StreamPlayer): void {
    this.#players.delete(player);
  }

  /**
   * These tracks of the stream as WebRTC has them, or why not; otherwise as {@linkcode audience}.
   */
  rtp(selection: TrackSelection, holder: number = NO_HOLDER): RtpStream | string {
    const rtp = this.#rtp.open(selection, holder, performance.now());
    if (typeof rtp !== "string") this.#watch ??= this.#watchLog();
    return rtp;
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    for (const [key, known] of this.#audiences) {
      if (!isMissing(known, this.log)) continue;
      known.audience.dissolve(TRACK_GONE);
      this.#audiences.delete(key);
    }
    this.#rtp.sweep(nowMs, refusalOf);
  }

  /** Counts what was published here, or sent to viewers here. */
  count({ frames = 0, receivedBytes = 0, sentBytes = 0 }: Partial<StreamReport["traffic"]>): void {
    this.#traffic.frames += frames;
    this.#traffic.receivedBytes += receivedBytes;
    this.#traffic.sentBytes += sentBytes;
  }

  /** What there is now, and what has passed since this was called last. */
  report(): StreamReport {
    const traffic = this.#traffic;
    this.#traffic = { ...NO_TRAFFIC };
    let viewers = 0;
    for (const { form, audience } of this.#audiences.values()) {
      if (form === FLV_FORM) viewers += audience.size;
    }
    return {
      streamId: this.entry.streamId,
      viewers,
      rtmpViewers: this.#players.size,
      groupOverflows: this.log.groupOverflows,
      publication: this.publication?.describe(),
      webrtcViewers: this.#rtp.viewers,
      traffic,
      webrtc: this.#rtp.report,
    };
  }

  /** The stream is over: ends all viewers. Resolves when nothing uses the log any more. */
  async close(): Promise<void> {
    this.publication?.abandon();
    await this.#watch;
    this.#endAudiences();
  }

  async #watchLog(): Promise<void> {
    // The caller adds its viewer after this returns.
    await undefined;
    const share = timeSlice.share("many peers");
    let { state } = this.log;
    while (this.#isWatched()) {
      const wake = this.log.wake;
      const before = state;
      state = this.log.state;
      if (state === LogState.ended) break;
      const nowMs = performance.now();
      share.begin(nowMs);
      for (const { audience } of this.#audiences.values()) audience.notify(nowMs);
      if (state !== before) this.#tellPlayers(state);
      this.#rtp.notify(nowMs);
      // Where another thread writes all the time, the next wait is over before it begins.
      const pause = share.pause();
      if (pause !== undefined) await pause;
      await this.log.waitForFlush(wake);
    }
    if (this.log.state === LogState.ended) this.#endAudiences();
    this.#watch = undefined;
  }

  #dropEmpty(): void {
    for (const [key, { audience }] of this.#audiences) {
      if (audience.size > 0) continue;
      audience.end();
      this.#audiences.delete(key);
    }
  }

  #isWatched(): boolean {
    this.#dropEmpty();
    return this.#audiences.size > 0 || this.#players.size > 0 || this.#rtp.isUsed;
  }

  #tellPlayers(state: number): void {
    for (const player of this.#players) {
      if (state === LogState.live) player.published();
      else player.dry();
    }
  }

  #opusOf(audioTrack: number | undefined): SharedOpus {
    let opus = this.#opus.get(audioTrack);
    if (opus === undefined) {
      opus = new SharedOpus(this.entry.streamId, this.#control, audioTrack);
      this.#opus.set(audioTrack, opus);
    }
    return opus;
  }

  #endAudiences(): void {
    this.#rtp.close("the stream is over");
    for (const { audience } of this.#audiences.values()) audience.end();
    this.#audiences.clear();
    for (const player of this.#players) player.over();
    this.#players.clear();
  }
}
