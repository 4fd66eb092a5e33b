import { ifReadable } from "../codec/if_readable.ts";
import { parseOpusHead } from "../codec/sound/opus.ts";
import type { AudioConfiguration, AudioFrame, FlvAudioCodec } from "../flv/audio_body.ts";
import { parseAudioBody } from "../flv/audio_body_parser.ts";
import { OPUS_CLOCK_RATE_HZ, packetizeOpus } from "../rtp/opus_packetizer.ts";
import { PacketRing } from "../rtp/packet_ring.ts";
import { RtpClock } from "../rtp/rtp_clock.ts";
import { RtpError } from "../rtp/rtp_error.ts";

/** As long as groups of pictures get, at 50 packets a second: 20 s. */
const SOUND_RING_PACKETS = 1024;

/** Of Opus over RTP (RFC 7587 4). */
const MAX_CHANNELS = 2;

/** Sound whose frames say by themselves what it is. */
export interface HeardSound {
  readonly codec: FlvAudioCodec;
  readonly channels: number;
}

/** A stream's Opus as RTP packets, made once for all viewers of a shard. */
export class AudioPackets {
  readonly ring = new PacketRing({ maxPackets: SOUND_RING_PACKETS });
  readonly clock: RtpClock;
  #heard: HeardSound | undefined;
  #channels = MAX_CHANNELS;

  /** @param clockOffset RTP timestamp of stream time 0: random, 32 bits */
  constructor(clockOffset: number) {
    this.clock = new RtpClock(OPUS_CLOCK_RATE_HZ, clockOffset);
  }

  /** What sound that has no configuration has come; `undefined` if none has. */
  get heard(): HeardSound | undefined {
    return this.#heard;
  }

  /**
   * Takes the body of an audio tag, which it borrows; what is broken or no Opus is passed over.
   *
   * @param delayMs to be added to the time for receivers
   */
  take(body: Uint8Array, timestampMs: number, delayMs: number): void {
    try {
      const audio = parseAudioBody(body);
      if (audio.kind === "configuration") return this.#configure(audio);
      if (audio.kind === "channels") this.#channels = audio.channels;
      if (audio.kind !== "frame") return;
      if (audio.codec !== "opus") return this.#note(audio);
      // Several streams in one packet, which WebRTC has not.
      if (this.#channels > MAX_CHANNELS) return;
      const timestamp = this.clock.timestamp(timestampMs + delayMs);
      packetizeOpus({ data: audio.data, timestamp, timeMs: timestampMs }, { ssrc: 0 }, this.ring);
    } catch (error) {
      if (!(error instanceof RtpError)) throw error;
    }
  }

  #configure({ codec, data }: AudioConfiguration): void {
    const head = codec === "opus" ? ifReadable(() => parseOpusHead(data)) : undefined;
    // Channels that a header leaves out are one or two, unless they are said beside it.
    this.#channels = head?.channels ?? MAX_CHANNELS;
  }

  #note({ codec, channels }: AudioFrame): void {
    if (channels === undefined || this.#heard?.codec === codec) return;
    this.#heard = { codec, channels };
  }
}
