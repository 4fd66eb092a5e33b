import { AudioError } from "../audio/audio_error.ts";
import { AudioTranscoder } from "../audio/audio_transcoder.ts";
import type { PcmEncoding } from "../audio/pcm_decoder.ts";
import type { AudioFrame } from "../flv/audio_body.ts";
import { parseAudioBody } from "../flv/audio_body_parser.ts";
import { LogState } from "../stream/log_layout.ts";
import { LogReader } from "../stream/log_reader.ts";
import { SoundFollower, type SoundTag } from "../stream/sound_follower.ts";
import { ownerOf } from "../stream/log_store.ts";
import type { ToTranscoder } from "./messages.ts";
import { Busy } from "./busy_words.ts";
import type { SoundLoss, TranscodingReport } from "./transcoding_report.ts";
import type { Counters } from "../metrics/counters.ts";
import { OpusLog } from "./opus_log.ts";
import type { Turns, TurnShare } from "./turns.ts";

/** The time after which other streams have their turn: two or three access units. */
const TURN_MS = 4;

/** How a stream's transcoding came to its end. */
export type TranscodingEnd =
  | { readonly kind: "stopped"; readonly reason: "ended" | "asked" }
  | { readonly kind: "failed"; readonly reason: string };

/** What the streams of a thread share. */
export interface TranscoderThread {
  /** Words, by `Busy`. */
  readonly busy: Int32Array;
  readonly turns: Turns;
}

/** Reads one stream's sound from its log and writes Opus to another, until it ends or is stopped. */
export class StreamTranscoder {
  readonly #id: number;
  readonly #source: LogReader;
  readonly #follower: SoundFollower;
  readonly #target: OpusLog;
  readonly #transcoder: AudioTranscoder;
  readonly #busy: Int32Array;
  readonly #turns: Turns;
  readonly #share: TurnShare;
  #isConfigured = false;
  /** Messages that were left out. */
  #unconfigured = 0;
  #malformed = 0;
  #counted: Pick<TranscodingReport, "packets" | "dropped"> = { packets: 0, dropped: {} };
  #isStopping = false;
  #wakeUp: (() => void) | undefined;

  private constructor(
    { id, source, audioTrack, target, windowMs }: Extract<ToTranscoder, { kind: "start" }>,
    transcoder: AudioTranscoder,
    { busy, turns }: TranscoderThread,
  ) {
    this.#id = id;
    this.#source = new LogReader(source);
    this.#follower = new SoundFollower(this.#source, performance.now(), audioTrack);
    this.#target = new OpusLog(target, windowMs);
    this.#transcoder = transcoder;
    this.#busy = busy;
    this.#turns = turns;
    this.#share = turns.join(ownerOf(source));
  }

  /** @throws {AudioError} if the bitrate is out of range */
  static async create(
    start: Extract<ToTranscoder, { kind: "start" }>,
    thread: TranscoderThread,
  ): Promise<StreamTranscoder> {
    const transcoder = await AudioTranscoder.create({ bitrateBps: start.opusBitrateBps });
    return new StreamTranscoder(start, transcoder, thread);
  }

  /**
   * Transcodes until the stream ends, is stopped, or cannot be transcoded.
   *
   * @throws {Error} whatever a codec breaks with: then no stream of this thread can go on
   */
  async run(): Promise<TranscodingEnd> {
    const end = await this.#follow();
    this.#turns.leave(this.#share);
    this.#transcoder.close();
    this.#target.flush();
    this.#target.setState(LogState.ended);
    return end;
  }

  /** Makes `run` come to its end. */
  stop(): void {
    this.#isStopping = true;
    this.#wakeUp?.();
  }

  report(): TranscodingReport {
    const { packets } = this.#target;
    const { jumps, tooLarge } = this.#follower;
    const { damagedUnits, silenceMs, restarts } = this.#transcoder.statistics;
    const counts: Record<SoundLoss, number> = {
      "damaged": damagedUnits,
      "late": jumps,
      "no-configuration": this.#unconfigured,
      "malformed": this.#malformed,
      "too-large": tooLarge,
    };
    const dropped = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    return { id: this.#id, packets, dropped, silenceMs, restarts };
  }

  /** Counts what has become of the sound since it was counted last. */
  count(counters: Counters): void {
    const { packets, dropped } = this.report();
    counters.add("transcodedPackets", packets - this.#counted.packets);
    for (const [reason, count] of Object.entries(dropped)) {
      const before = this.#counted.dropped[reason as SoundLoss] ?? 0;
      counters.tally("lostSound", { reason }, count - before);
    }
    this.#counted = { packets, dropped };
  }

  async #follow(): Promise<TranscodingEnd> {
    while (!this.#isStopping) {
      const { soundWake, state } = this.#source;
      if (state !== LogState.ended) this.#target.setState(state as LogState);
      let hasMore: boolean;
      try {
        hasMore = await this.#turns.take(this.#share, () => this.#takeTurn());
      } catch (error) {
        if (error instanceof AudioError) return { kind: "failed", reason: error.message };
        throw error;
      }
      if (hasMore || this.#isStopping) continue;
      if (state === LogState.ended) return { kind: "stopped", reason: "ended" };
      await this.#waitForSound(soundWake);
    }
    return { kind: "stopped", reason: "asked" };
  }

  /** Transcodes for a while; returns whether there may be more. */
  #takeTurn(): boolean {
    if (this.#isStopping) return false;
    const endMs = performance.now() + TURN_MS;
    try {
      while (performance.now() < endMs) {
        Atomics.store(this.#busy, Busy.id, this.#id);
        Atomics.store(this.#busy, Busy.isBusy, 1);
        Atomics.add(this.#busy, Busy.beats, 1);
        const hasMore = this.#goOn();
        Atomics.store(this.#busy, Busy.isBusy, 0);
        if (!hasMore) return false;
      }
      return true;
    } finally {
      this.#target.flush();
    }
  }

  /** Writes a packet, or takes a tag that makes some; returns whether there was one. */
  #goOn(): boolean {
    const packet = this.#transcoder.next();
    if (packet !== undefined) {
      this.#target.append(packet);
      return true;
    }
    // Asked for each tag, so that a stream which takes too long lets go of what it cannot manage.
    const tag = this.#follower.next(performance.now());
    if (tag === undefined) return false;
    this.#take(tag);
    return true;
  }

  #take({ timestampMs, body }: SoundTag): void {
    const audio = parseAudioBody(body);
    switch (audio.kind) {
      case "configuration":
        if (audio.codec !== "aac") throw refusal(audio.codec);
        this.#transcoder.setConfiguration(audio.data);
        this.#isConfigured = true;
        return;
      case "frame":
        if (audio.codec !== "aac") this.#configurePcm(audio);
        if (!this.#isConfigured) {
          this.#unconfigured++;
          return;
        }
        this.#transcoder.push(audio.data, timestampMs);
        return;
      case "malformed":
        this.#malformed++;
    }
  }

  /** Sound without a configuration says in each frame what it is. */
  #configurePcm(frame: AudioFrame): void {
    const encoding = pcmEncodingOf(frame);
    if (encoding === undefined) throw refusal(frame.codec);
    const { sampleRate = 8000, channels = 1, data } = frame;
    this.#transcoder.setPcmFormat({ encoding, sampleRate, channels }, data.length);
    this.#isConfigured = true;
  }

  /**
   * Resolves when the source has new sound or {@linkcode stop} is called. Viewers of FLV get sound
   * with the next picture; here it would come in bursts, which receivers of RTP wait for.
   */
  #waitForSound(soundWake: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUp = resolve;
      // Not a race of promises: the losing one would collect a reaction for every flush.
      this.#source.waitForSound(soundWake).then(resolve);
    });
  }
}

/** How a frame's samples are written; `undefined` if they are compressed otherwise. */
function pcmEncodingOf({ codec, bitsPerSample }: AudioFrame): PcmEncoding | undefined {
  switch (codec) {
    case "g711-alaw":
    case "g711-mulaw":
      return codec;
    case "pcm":
    // Of the platform that made it, and all that are left have the lower byte first.
    case "pcm-native":
      return bitsPerSample === 16 ? "s16le" : "u8";
    default:
      return undefined;
  }
}

function refusal(codec: string): AudioError {
  return new AudioError(`Cannot transcode: must be AAC, G.711 or linear samples, got ${codec}`);
}
