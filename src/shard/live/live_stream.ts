import { type AudienceEvents, FeedAudience } from "../../egress/feed_audience.ts";
import { Feed } from "../../stream/feed.ts";
import { type FeedForm, FLV_FORM } from "../../stream/feed_form.ts";
import { LogState } from "../../stream/log_layout.ts";
import { LogReader } from "../../stream/log_reader.ts";
import { type MemoryBudget, NO_HOLDER } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import type { Publication } from "../../stream/publication.ts";
import { DEFAULT_TRACKS, type TrackSelection } from "../../stream/track_selection.ts";
import type { ControlLink } from "../control_link.ts";
import type { BFrameReport } from "../../egress/video_packet_maker.ts";
import type { StreamReport } from "./stream_report.ts";
import type { StreamEntry, StreamTerms } from "./stream_entry.ts";
import { RtpStream } from "./rtp_stream.ts";
import { SharedOpus } from "./shared_opus.ts";
import { timeSlice } from "../time_slice.ts";
import { missingTrack } from "./track_query.ts";

/** Why WebRTC viewers are not shown a stream with such pictures; `undefined` if they are. */
export type RefusalOf = (pictures: BFrameReport | undefined) => string | undefined;

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

/** Some of a stream's tracks. */
interface Selected {
  readonly selection: TrackSelection;
  /** Sweeps that found no track as it was selected. */
  missed: number;
}

/** The viewers of one form of a stream. */
interface FormAudience extends Selected {
  readonly form: FeedForm;
  readonly audience: FeedAudience;
}

/** The viewers by WebRTC of some tracks. */
interface SelectedRtp extends Selected {
  readonly rtp: RtpStream;
  readonly held: MemoryHolding;
}

/**
 * Forms and selections of one stream that viewers of a shard may have at once. Each is a copy of what
 * the log holds, and viewers choose as they like: FLV or RTMP, one kind of tracks, tracks by number.
 * Of WebRTC, which has packets of its own, there may be as many.
 */
export const MAX_AUDIENCES = 32;

const TOO_MANY_SELECTIONS = "Too many viewers want other tracks of the stream already";

/** What packets of WebRTC take beside themselves: buffers, and lists of what is held. */
const RTP_BASE_BYTES = 256 * 1024;

/** One more sweep than a publisher that comes back may take between its tracks. */
const MAX_MISSED = 2;

/** A stream as one shard has it: its log, the audiences it has here, perhaps its publisher. */
export class LiveStream {
  #entry: StreamEntry;
  readonly log: LogReader;
  /** Set while the publisher is connected to this shard. */
  publication: Publication | undefined;
  readonly #options: LiveStreamOptions;
  readonly #events: AudienceEvents;
  readonly #audiences = new Map<string, FormAudience>();
  readonly #players = new Set<StreamPlayer>();
  readonly #rtp = new Map<string, SelectedRtp>();
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
    this.#options = options;
    this.#events = events;
  }

  get entry(): StreamEntry {
    return this.#entry;
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
    const nowMs = performance.now();
    const key = keyOf(selection);
    let known = this.#rtp.get(key);
    if (known === undefined) {
      if (this.#rtp.size >= MAX_AUDIENCES && isNumbered(selection)) return TOO_MANY_SELECTIONS;
      const held = new MemoryHolding(this.#options.memory, "copies", holder);
      const refusal = held.resize(RTP_BASE_BYTES);
      if (refusal !== undefined) return describeRefusal(refusal);
      const { maxPayloadSize } = this.#options;
      const opusOf = (audioTrack: number | undefined) => this.#opusOf(audioTrack);
      const rtp = new RtpStream(this.log, opusOf, { selection, maxPayloadSize, nowMs });
      known = { selection, rtp, held, missed: 0 };
      this.#rtp.set(key, known);
    }
    known.rtp.keep(nowMs);
    this.#watch ??= this.#watchLog();
    return known.rtp;
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    this.#endMissing();
    for (const [key, { rtp, held }] of this.#rtp) {
      rtp.sweep();
      // What was not known of the pictures when the viewers came.
      const refusal = refusalOf(rtp.report());
      if (refusal !== undefined) rtp.audience.end(refusal);
      if (rtp.isIdle(nowMs)) this.#closeRtp(key, "nobody watches");
      else if (held.resize(RTP_BASE_BYTES + rtp.audience.feed.heldBytes) !== undefined) {
        this.#events.starved(rtp.audience.size);
        this.#closeRtp(key, "no memory is left for its packets");
      }
    }
  }

  report(): StreamReport {
    let viewers = 0;
    for (const { form, audience } of this.#audiences.values()) {
      if (form === FLV_FORM) viewers += audience.size;
    }
    let webrtcViewers = 0;
    for (const { rtp } of this.#rtp.values()) webrtcViewers += rtp.audience.size;
    return {
      streamId: this.entry.streamId,
      viewers,
      rtmpViewers: this.#players.size,
      groupOverflows: this.log.groupOverflows,
      publication: this.publication?.describe(),
      webrtcViewers,
      webrtc: this.#rtp.get(keyOf(DEFAULT_TRACKS))?.rtp.report(),
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
      for (const { rtp } of this.#rtp.values()) rtp.notify(nowMs);
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
    return this.#audiences.size > 0 || this.#players.size > 0 || this.#rtp.size > 0;
  }

  /** Ends the viewers of tracks that the publisher, who is another now, has not. */
  #endMissing(): void {
    if (this.log.state !== LogState.live) return;
    for (const [key, known] of this.#audiences) {
      if (!this.#isMissing(known)) continue;
      known.audience.end("the stream has not this track any more");
      this.#audiences.delete(key);
    }
    for (const [key, known] of this.#rtp) {
      if (this.#isMissing(known)) this.#closeRtp(key, "the stream has not this track any more");
    }
  }

  #isMissing(selected: Selected): boolean {
    const isMissing = missingTrack(selected.selection, this.log) !== undefined;
    selected.missed = isMissing ? selected.missed + 1 : 0;
    return selected.missed >= MAX_MISSED;
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

  #closeRtp(key: string, reason: string): void {
    const known = this.#rtp.get(key);
    known?.rtp.close(reason);
    known?.held.close();
    this.#rtp.delete(key);
  }

  #endAudiences(): void {
    for (const key of this.#rtp.keys()) this.#closeRtp(key, "the stream is over");
    for (const { audience } of this.#audiences.values()) audience.end();
    this.#audiences.clear();
    for (const player of this.#players) player.over();
    this.#players.clear();
  }
}

/** Whether a track is chosen by its number: of other choices there are few. */
function isNumbered({ audioTrack, videoTrack }: TrackSelection): boolean {
  return audioTrack !== undefined || videoTrack !== undefined;
}

function keyOf({ audio, video, audioTrack, videoTrack }: TrackSelection): string {
  return `${audio} ${video} ${audioTrack} ${videoTrack}`;
}
