import type { AudienceEvents } from "../../egress/feed_audience.ts";
import { type ClockOffsets, StreamClock } from "../../egress/stream_clock.ts";
import type { BFrameReport } from "../../egress/video_packet_maker.ts";
import type { LogReader } from "../../stream/log_reader.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import { DEFAULT_TRACKS, type TrackSelection } from "../../stream/track_selection.ts";
import { RtpStream } from "./rtp_stream.ts";
import {
  isMissing,
  isNumbered,
  keyOf,
  MAX_AUDIENCES,
  type SelectedTracks,
  TOO_MANY_SELECTIONS,
  TRACK_GONE,
} from "./selected_tracks.ts";
import type { SharedOpus } from "./shared_opus.ts";

/** Why WebRTC viewers are not shown a stream with such pictures; `undefined` if they are. */
export type RefusalOf = (pictures: BFrameReport | undefined) => string | undefined;

/** Of a stream's WebRTC viewers here. */
export interface RtpStreamsOptions {
  /** Bytes of the payload of an RTP packet, at most. */
  readonly maxPayloadSize: number;
  readonly memory: MemoryBudget;
}

/** The viewers by WebRTC of some tracks. */
interface SelectedRtp extends SelectedTracks {
  readonly rtp: RtpStream;
  readonly held: MemoryHolding;
}

/** What packets of WebRTC take beside themselves: buffers, and lists of what is held. */
const RTP_BASE_BYTES = 256 * 1024;

/** A stream's tracks as its WebRTC viewers on one shard have them, by their selections. */
export class RtpStreams {
  readonly #log: LogReader;
  readonly #opusOf: (audioTrack: number | undefined) => SharedOpus;
  readonly #options: RtpStreamsOptions;
  readonly #events: Pick<AudienceEvents, "starved">;
  readonly #byKey = new Map<string, SelectedRtp>();
  /** Of all of them, as long as there are any. */
  #clock: StreamClock | undefined;

  /** @param opusOf the Opus of the default audio track, or of another by its number */
  constructor(
    log: LogReader,
    opusOf: (audioTrack: number | undefined) => SharedOpus,
    options: RtpStreamsOptions,
    events: Pick<AudienceEvents, "starved">,
  ) {
    this.#log = log;
    this.#opusOf = opusOf;
    this.#options = options;
    this.#events = events;
  }

  /** Whether packets are made of any tracks. */
  get isUsed(): boolean {
    return this.#byKey.size > 0;
  }

  get viewers(): number {
    let viewers = 0;
    for (const { selection, rtp } of this.#byKey.values()) {
      // Pictures alone are renditions, for viewers of others.
      if (selection.audio) viewers += rtp.audience.size;
    }
    return viewers;
  }

  /** What is known of the default tracks' B pictures. */
  get report(): BFrameReport | undefined {
    return this.#byKey.get(keyOf(DEFAULT_TRACKS))?.rtp.report();
  }

  /**
   * These tracks, or why not. They count to the share of the viewer that they are made for; the
   * default tracks there are beside {@linkcode MAX_AUDIENCES} others.
   */
  open(selection: TrackSelection, holder: number, nowMs: number): RtpStream | string {
    const key = keyOf(selection);
    let known = this.#byKey.get(key);
    if (known === undefined) {
      if (this.#byKey.size >= MAX_AUDIENCES && isNumbered(selection)) return TOO_MANY_SELECTIONS;
      const { memory, maxPayloadSize } = this.#options;
      const held = new MemoryHolding(memory, "copies", holder);
      const refusal = held.resize(RTP_BASE_BYTES);
      if (refusal !== undefined) return describeRefusal(refusal);
      const clock = this.#clock ??= new StreamClock(this.#log, randomOffsets());
      const options = { selection, clock, maxPayloadSize, nowMs };
      const rtp = new RtpStream(this.#log, this.#opusOf, options);
      known = { selection, rtp, held, missed: 0 };
      this.#byKey.set(key, known);
    }
    known.rtp.keep(nowMs);
    return known.rtp;
  }

  /** The log has been flushed. */
  notify(nowMs: number): void {
    for (const { rtp } of this.#byKey.values()) rtp.notify(nowMs);
  }

  /** To be called every second. */
  sweep(nowMs: number, refusalOf: RefusalOf): void {
    for (const [key, known] of this.#byKey) {
      if (isMissing(known, this.#log)) this.#close(key, TRACK_GONE);
      else this.#sweep(key, known, nowMs, refusalOf);
    }
  }

  /** Ends all viewers. */
  close(reason: string): void {
    for (const key of this.#byKey.keys()) this.#close(key, reason);
  }

  #sweep(key: string, { rtp, held }: SelectedRtp, nowMs: number, refusalOf: RefusalOf): void {
    rtp.sweep();
    // What was not known of the pictures when the viewers came.
    const refusal = refusalOf(rtp.report());
    if (refusal !== undefined) rtp.audience.end(refusal);
    if (rtp.isIdle(nowMs)) this.#close(key, "nobody watches");
    else if (held.resize(RTP_BASE_BYTES + rtp.audience.feed.heldBytes) !== undefined) {
      this.#events.starved(rtp.audience.size);
      this.#close(key, "no memory is left for its packets");
    }
  }

  #close(key: string, reason: string): void {
    const known = this.#byKey.get(key);
    known?.rtp.close(reason);
    known?.held.close();
    this.#byKey.delete(key);
    if (this.#byKey.size === 0) this.#clock = undefined;
  }
}

function randomOffsets(): ClockOffsets {
  const [audio, video] = crypto.getRandomValues(new Uint32Array(2)) as Uint32Array & [
    number,
    number,
  ];
  return { audio, video };
}
