import { AacDecoder } from "./aac_decoder.ts";
import { parseTranscodable } from "./aac_stream.ts";
import { AudioError } from "./audio_error.ts";
import { type Faad, loadFaad } from "./faad.ts";
import { OpusEncoder, type OpusEncoderOptions } from "./opus_encoder.ts";
import { type OpusPacket, OpusPacketMaker } from "./opus_packet_maker.ts";
import { PcmDecoder, type PcmFormat } from "./pcm_decoder.ts";
import { Resampler } from "./resampler.ts";
import { SampleClock } from "./sample_clock.ts";
import { isSbrOpen, seemsToCarrySbr, withoutSbr } from "./sbr_payload.ts";
import type { SoundDecoder } from "./sound_decoder.ts";
import { StereoMixer } from "./stereo_mixer.ts";

/** What became of a stream's access units so far. */
export interface TranscoderStatistics {
  /** Access units that could not be decoded and became silence. */
  readonly damagedUnits: number;
  /** Milliseconds of silence put in for what was lost. */
  readonly silenceMs: number;
  /** Times that timestamps jumped so far that time started anew. */
  readonly restarts: number;
}

/** Access units after which SBR that they carry is believed in. */
const SETTLED = 4;

/** What depends on the configuration. */
interface Chain {
  readonly decoder: SoundDecoder;
  /** What the decoder put out when the rest was made, which depends on it. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly samplesPerUnit: number;
  readonly mixer: StereoMixer;
  readonly resampler: Resampler;
  readonly clock: SampleClock;
}

/**
 * Makes Opus of AAC, of G.711 and of linear samples: 48 kHz, packets of 20 ms, mono coded as mono,
 * more than two channels mixed down.
 *
 * A packet's timestamp is the presentation time of the first sample that a decoder makes of it,
 * on the clock of the access units: the delays of AAC decoder, resampler and Opus (312 samples) are
 * accounted for, and nothing is left to be subtracted. Between two restarts packets are exactly
 * 20 ms apart; time is kept by counting samples, not by adding up timestamps.
 *
 * An access unit late by more than 0.6 of its length shows a loss, and equal silence is put in, up
 * to a second. A longer gap, or timestamps that are more than 60 ms behind, start time anew.
 *
 * @example
 * ```ts
 * import { AudioTranscoder } from "./audio_transcoder.ts";
 *
 * const transcoder = await AudioTranscoder.create({ bitrateBps: 96_000 });
 * transcoder.setConfiguration(Uint8Array.of(0x11, 0x90)); // 48 kHz, two channels
 * for (let unit = 0; unit < 10; unit++) {
 *   const timestampMs = Math.floor((unit * 1024) / 48);
 *   transcoder.push(Uint8Array.of(0x21, 0x10, 0x04), timestampMs);
 *   for (let packet = transcoder.next(); packet !== undefined; packet = transcoder.next()) {
 *     packet.timestampMs; // 0, 20, 40 …
 *   }
 * }
 * transcoder.close();
 * ```
 */
export class AudioTranscoder {
  readonly #faad: Faad;
  readonly #encoder: OpusEncoder;
  readonly #packets: OpusPacketMaker;
  /** Of AAC: what its access units were said to be. */
  #configuration: Uint8Array | undefined;
  #pcmFormat: PcmFormat | undefined;
  #chain: Chain | undefined;
  /** Of the access unit that was pushed: what comes before it, and what of it is to be decoded yet. */
  #silentSamples = 0;
  #parts: readonly Uint8Array[] = [];
  #partsDone = 0;
  /** Access units in a row that have SBR that nothing tells of, or {@linkcode SETTLED}. */
  #sbrEvidence = SETTLED;
  /** Whether the clock runs: from the first access unit on. */
  #isRunning = false;
  #damagedUnits = 0;
  #silenceMs = 0;
  #restarts = 0;

  private constructor(faad: Faad, encoder: OpusEncoder) {
    this.#faad = faad;
    this.#encoder = encoder;
    this.#packets = new OpusPacketMaker(encoder);
  }

  /** @throws {AudioError} if an option is out of range. */
  static async create(options: OpusEncoderOptions = {}): Promise<AudioTranscoder> {
    const faad = await loadFaad();
    return new AudioTranscoder(faad, await OpusEncoder.create(options));
  }

  get statistics(): TranscoderStatistics {
    return {
      damagedUnits: this.#damagedUnits + (this.#chain?.decoder.errors ?? 0),
      silenceMs: Math.round(this.#silenceMs),
      restarts: this.#restarts,
    };
  }

  /**
   * Sets what AAC the next access units are; one that is in force already changes nothing. Sound of
   * what was before goes on to its end.
   *
   * @param audioSpecificConfig copied
   * @throws {AudioError} if it cannot be transcoded; that before stays in force then
   */
  setConfiguration(audioSpecificConfig: Uint8Array): void {
    if (
      this.#configuration !== undefined && isEqual(this.#configuration, audioSpecificConfig)
    ) return;
    const isOpen = isSbrOpen(audioSpecificConfig, parseTranscodable(audioSpecificConfig));
    this.#useAac(isOpen ? withoutSbr(audioSpecificConfig) : audioSpecificConfig);
    this.#configuration = audioSpecificConfig.slice();
    this.#pcmFormat = undefined;
    this.#sbrEvidence = isOpen ? 0 : SETTLED;
  }

  /**
   * Sets that the next access units are samples; a format that is in force already changes nothing.
   * Sound of what was before goes on to its end.
   *
   * @param unitSize bytes of the next access unit
   * @throws {AudioError} if it cannot be transcoded; that before stays in force then
   */
  setPcmFormat(format: PcmFormat, unitSize: number): void {
    if (this.#pcmFormat !== undefined && isEqualFormat(this.#pcmFormat, format)) return;
    this.#use(new PcmDecoder(format, unitSize));
    this.#pcmFormat = format;
    this.#configuration = undefined;
    this.#sbrEvidence = SETTLED;
  }

  /**
   * Takes one access unit, of which {@linkcode next} makes packets. All of them are to be taken
   * before anything else is pushed or set; until then the access unit must hold.
   *
   * @param timestampMs of the access unit, on a 32-bit clock
   * @throws {AudioError} if there is no configuration
   * @throws {WebAssembly.RuntimeError} as {@linkcode next} does
   */
  push(accessUnit: Uint8Array, timestampMs: number): void {
    if (this.#chain === undefined) {
      throw new AudioError("Cannot transcode: must have a configuration first, got none");
    }
    if (this.#sbrEvidence !== SETTLED) this.#lookForSbr(accessUnit);
    this.#followTime(this.#chain!, timestampMs);
    this.#parts = this.#chain!.decoder.cut(accessUnit);
    this.#partsDone = 0;
  }

  /**
   * The next packet, owned by the caller; `undefined` if what was pushed makes no more. A call takes
   * some milliseconds at most, however much that is.
   *
   * @throws {WebAssembly.RuntimeError} if FAAD2 breaks: no transcoder of this thread can be trusted
   * any more then
   */
  next(): OpusPacket | undefined {
    for (;;) {
      const packet = this.#packets.next();
      if (packet !== undefined) return packet;
      if (this.#silentSamples > 0) this.#addSilence(this.#chain!);
      else if (this.#partsDone < this.#parts.length) this.#decodePart(this.#chain!);
      else return undefined;
    }
  }

  /** Gives all memory back; the transcoder must not be used any more. */
  close(): void {
    this.#chain?.decoder.close();
    this.#chain = undefined;
    this.#encoder.close();
  }

  #decodePart(chain: Chain): void {
    const samples = chain.decoder.decode(this.#parts[this.#partsDone++]!);
    this.#followShape(chain);
    this.#add(this.#chain!, samples);
  }

  #useAac(audioSpecificConfig: Uint8Array): void {
    this.#use(new AacDecoder(this.#faad, audioSpecificConfig));
  }

  /**
   * Goes over to another decoder, which is closed if there is nothing to be made of it. Sound of the
   * one before goes on to its end.
   */
  #use(decoder: SoundDecoder): void {
    const before = this.#chain;
    try {
      this.#chain = makeChain(decoder);
    } catch (error) {
      decoder.close();
      throw error;
    }
    if (before !== undefined) this.#leave(before);
    this.#begin(this.#chain);
  }

  #begin({ clock, channels }: Chain): void {
    clock.start(this.#packets.timeMs);
    this.#encoder.setChannels(channels === 1 ? 1 : 2);
  }

  /** Believes in SBR that nothing tells of as long as each of the first access units has it. */
  #lookForSbr(accessUnit: Uint8Array): void {
    const hasSbr = seemsToCarrySbr(accessUnit);
    if (this.#sbrEvidence === 0 && hasSbr) this.#useAac(this.#configuration!);
    if (this.#sbrEvidence > 0 && !hasSbr) this.#useAac(withoutSbr(this.#configuration!));
    this.#sbrEvidence = hasSbr ? this.#sbrEvidence + 1 : SETTLED;
  }

  /** Goes on with what the decoder puts out now, if that is not what it was. */
  #followShape(chain: Chain): void {
    const { decoder } = chain;
    const isSame = decoder.sampleRate === chain.sampleRate &&
      decoder.channels === chain.channels && decoder.samplesPerUnit === chain.samplesPerUnit;
    if (isSame) return;
    this.#chain = makeChain(decoder);
    this.#packets.add(chain.resampler.drain());
    this.#begin(this.#chain);
  }

  #followTime(chain: Chain, timestampMs: number): void {
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#startAt(chain, timestampMs);
      return;
    }
    const continuity = chain.clock.judge(timestampMs);
    if (continuity === "continuous") return;
    if (continuity === "restart") {
      this.#restarts++;
      this.#add(chain, chain.decoder.conceal());
      this.#startAt(chain, timestampMs);
      return;
    }
    this.#silentSamples = continuity;
    this.#silenceMs += (continuity / chain.decoder.sampleRate) * 1000;
  }

  #startAt(chain: Chain, timestampMs: number): void {
    this.#packets.startAt(timestampMs);
    chain.clock.start(timestampMs);
    chain.resampler.reset();
  }

  #addSilence(chain: Chain): void {
    const left = this.#silentSamples;
    const silence = chain.decoder.conceal().map((channel) => channel.subarray(0, left));
    this.#silentSamples -= silence[0]!.length;
    this.#add(chain, silence);
  }

  #add(chain: Chain, samples: readonly Float32Array[]): void {
    chain.clock.add(samples[0]!.length);
    this.#packets.add(chain.resampler.push(chain.mixer.mix(samples)));
  }

  #leave(chain: Chain): void {
    this.#damagedUnits += chain.decoder.errors;
    this.#packets.add(chain.resampler.drain());
    chain.decoder.close();
  }
}

/** @throws {AudioError} if there is nothing to be made of what the decoder puts out */
function makeChain(decoder: SoundDecoder): Chain {
  const { sampleRate, channels, samplesPerUnit } = decoder;
  return {
    decoder,
    sampleRate,
    channels,
    samplesPerUnit,
    mixer: new StereoMixer(channels, samplesPerUnit),
    resampler: new Resampler(sampleRate, Math.min(channels, 2)),
    clock: new SampleClock(sampleRate, samplesPerUnit),
  };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function isEqualFormat(a: PcmFormat, b: PcmFormat): boolean {
  return a.encoding === b.encoding && a.sampleRate === b.sampleRate && a.channels === b.channels;
}
