import type { OpusPacket } from "../audio/opus_packet_maker.ts";
import { encodeOpusHead } from "../codec/sound/opus.ts";
import { encodeOpusBody } from "../flv/audio_body_writer.ts";
import { TAG_AUDIO } from "../flv/tag.ts";
import { distance, type LogState, RecordFlag, Slot, Track } from "../stream/log_layout.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import { LogWriter } from "../stream/log_writer.ts";

/** Packets before what the log has are its own again, after a restart, if not longer ago. */
const MAX_OVERLAP_MS = 5000;

/**
 * What receivers must know. Nothing is to be skipped: a packet's timestamp is already that of its
 * first decoded sample.
 */
const HEAD = encodeOpusHead({ channels: 2, preSkip: 0, inputSampleRate: 48_000 });

/**
 * Writes Opus to a stream log, as audio tags of Enhanced RTMP v2. A log that was written before is
 * continued: what it has already is left out, so that time does not go back in it.
 */
export class OpusLog {
  readonly #writer: LogWriter;
  #newestMs: number | undefined;
  #packets = 0;
  #state: LogState | undefined;
  #hasUnflushed = false;

  constructor(shared: SharedLog, windowMs: number) {
    this.#writer = new LogWriter(shared, { windowMs });
    this.#newestMs = this.#writer.lastTimestampMs;
  }

  /** Packets written. */
  get packets(): number {
    return this.#packets;
  }

  /** Appends a packet; the first brings the configuration with it. */
  append({ timestampMs, data }: OpusPacket): void {
    if (this.#newestMs !== undefined) {
      const stepMs = distance(this.#newestMs, timestampMs);
      if (stepMs <= 0 && stepMs > -MAX_OVERLAP_MS) return;
    }
    if (this.#packets === 0) this.#configure(timestampMs);
    const body = encodeOpusBody("frame", data);
    this.#writer.append({ type: TAG_AUDIO, timestampMs, body, flags: RecordFlag.audio });
    this.#newestMs = timestampMs;
    this.#packets++;
    this.#hasUnflushed = true;
  }

  /** Wakes the readers if there is something new. */
  flush(): void {
    if (!this.#hasUnflushed) return;
    this.#hasUnflushed = false;
    this.#writer.flush();
  }

  /** Tells the readers what the publisher is doing. */
  setState(state: LogState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#writer.setState(state);
  }

  #configure(timestampMs: number): void {
    const body = encodeOpusBody("configuration", HEAD);
    this.#writer.setTracks(Track.audio, true);
    if (this.#writer.slotHolds(Slot.audioConfiguration, body)) return;
    const flags = RecordFlag.audio | RecordFlag.configuration;
    const record = { type: TAG_AUDIO, timestampMs, body, flags } as const;
    this.#writer.appendConfiguration(Slot.audioConfiguration, record);
  }
}
