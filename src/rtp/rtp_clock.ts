import { type NtpTime, ntpTime } from "./ntp.ts";
import { RtpError } from "./rtp_error.ts";

/**
 * A moment that is known on two clocks. Both tracks of a stream take the same tie, which is what
 * keeps sound and picture together; a new one is made for both at once.
 */
export interface ClockTie {
  /** On the stream's clock. */
  readonly streamMs: number;
  /** On the wall clock, since 1970. */
  readonly unixMs: number;
}

/** The moment of a sender report on both of its clocks. */
export interface ReportTime {
  readonly ntp: NtpTime;
  readonly rtpTimestamp: number;
}

/**
 * The RTP clock of one track: stream time in milliseconds to RTP timestamps, and the pairs of NTP
 * and RTP time for Sender Reports.
 *
 * Stream time may have wrapped at 32 bits, in whatever way: 2^32 ms are a multiple of 2^32 ticks at
 * any rate of whole kilohertz, so the RTP timestamp goes on without a step.
 *
 * @example
 * ```ts
 * import { RtpClock } from "./rtp_clock.ts";
 *
 * const video = new RtpClock(90_000, 1000);
 * const audio = new RtpClock(48_000, 7);
 * video.timestamp(40); // 4600
 * audio.timestamp(21.333); // 1031
 * const tie = { streamMs: 0, unixMs: 1_600_000_000_000 };
 * video.reportTime(tie, 1_600_000_000_040).rtpTimestamp; // 4600
 * ```
 */
export class RtpClock {
  readonly ticksPerMs: number;
  readonly #offset: number;

  /**
   * @param rateHz ticks per second, in whole kilohertz: 90 kHz for video, 48 kHz for Opus
   * @param offset RTP timestamp of stream time 0: random, 32 bits (RFC 3550 5.1)
   * @throws {RtpError} if the rate is not of whole kilohertz.
   */
  constructor(rateHz: number, offset: number) {
    if (!(rateHz > 0 && rateHz % 1000 === 0)) {
      throw new RtpError(`Cannot make RTP clock: rate must be whole kHz, got ${rateHz} Hz`);
    }
    this.ticksPerMs = rateHz / 1000;
    this.#offset = offset;
  }

  /**
   * RTP timestamp, 32 bits unsigned, of a presentation time.
   *
   * @param streamMs may be fractional, as times counted in samples are
   */
  timestamp(streamMs: number): number {
    return (Math.round(streamMs * this.ticksPerMs) + this.#offset) >>> 0;
  }

  /** What a Sender Report that is sent at `unixMs` says (RFC 3550 6.4.1). */
  reportTime(tie: ClockTie, unixMs: number): ReportTime {
    return {
      ntp: ntpTime(unixMs),
      rtpTimestamp: this.timestamp(tie.streamMs + (unixMs - tie.unixMs)),
    };
  }
}
