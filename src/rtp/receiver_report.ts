import { compactNtp, type NtpTime } from "./ntp.ts";
import type { RtcpPacket } from "./rtcp.ts";
import type { ReportBlock } from "./rtcp_report.ts";
import type { TransportHistory, TransportReception } from "./transport_history.ts";

/** Sender reports of a source that can still be answered: receivers answer the last or the one before. */
const REMEMBERED_REPORTS = 4;

/** Reported delays are in 1/65536 s. */
const DELAY_TICKS_PER_MS = 65.536;

/** A track that a viewer is sent. */
export interface ReportedTrack {
  readonly ssrc: number;
  readonly clockRateHz: number;
}

/** What a viewer told about one track; all is 0 until it reported. */
export interface TrackReception {
  readonly ssrc: number;
  /** Of the time between its last two reports, 0 to 1. */
  readonly lossFraction: number;
  /** Packets, since the beginning; negative if more came twice than were lost. */
  readonly cumulativeLost: number;
  /** 32 bits: sequence number, above it the count of wraps. */
  readonly extendedHighestSequence: number;
  readonly jitterMs: number;
  readonly reportCount: number;
}

/** What a viewer told about what it receives, at one moment. */
export interface Reception {
  /** Time to the viewer and back; `undefined` until a sender report was answered. */
  readonly roundTripMs: number | undefined;
  /** What the viewer believes to be able to receive (REMB); `undefined` until it said so. */
  readonly estimatedBitrateBps: number | undefined;
  /** Of all tracks together; `undefined` for a viewer that gives no transport-wide feedback. */
  readonly transport: TransportReception | undefined;
  readonly tracks: readonly TrackReception[];
  /** NACKs, not the packets that they ask for. */
  readonly nackCount: number;
  readonly pictureLossCount: number;
  readonly fullIntraRequestCount: number;
}

/**
 * Keeps what one viewer reports about its reception, for an API to show. Reports on sources that the
 * viewer is not sent are passed over.
 *
 * @example
 * ```ts
 * import { ntpTime } from "./ntp.ts";
 * import { ReceiverReports } from "./receiver_report.ts";
 * import { parseRtcp } from "./rtcp.ts";
 *
 * const reports = new ReceiverReports([{ ssrc: 9, clockRateHz: 90_000 }]);
 * reports.senderReportSent(9, ntpTime(1_600_000_000_000), 100);
 * const datagram = Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9);
 * for (const packet of parseRtcp(datagram)) reports.take(packet, 140);
 * reports.snapshot().pictureLossCount; // 1
 * ```
 */
export class ReceiverReports {
  readonly #tracks = new Map<number, TrackReports>();
  readonly #transport: TransportHistory | undefined;
  #roundTripMs: number | undefined;
  #estimatedBitrateBps: number | undefined;
  #nackCount = 0;
  #pictureLossCount = 0;
  #fullIntraRequestCount = 0;

  /** @param transport what was sent, for viewers that give transport-wide feedback */
  constructor(tracks: readonly ReportedTrack[], transport?: TransportHistory) {
    this.#transport = transport;
    for (const track of tracks) this.#tracks.set(track.ssrc, new TrackReports(track));
  }

  /** Time to the viewer and back, by its newest answer to a sender report. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /**
   * Remembers a sender report, so that its answer gives the round trip.
   *
   * @param nowMs when it was sent, on the clock of {@linkcode take}, which does not go back
   */
  senderReportSent(ssrc: number, ntp: NtpTime, nowMs: number): void {
    this.#tracks.get(ssrc)?.remember(compactNtp(ntp), nowMs);
  }

  /** Takes any RTCP packet of the viewer; those that say nothing about reception change nothing. */
  take(packet: RtcpPacket, nowMs: number): void {
    switch (packet.kind) {
      case "senderReport":
      case "receiverReport":
        for (const block of packet.blocks) this.#takeBlock(block, nowMs);
        break;
      case "remb":
        this.#estimatedBitrateBps = packet.bitrateBps;
        break;
      case "transportFeedback":
        this.#transport?.take(packet, nowMs);
        break;
      case "nack":
        this.#nackCount++;
        break;
      case "pictureLossIndication":
        this.#pictureLossCount++;
        break;
      case "fullIntraRequest":
        this.#fullIntraRequestCount++;
    }
  }

  snapshot(): Reception {
    return {
      roundTripMs: this.#roundTripMs,
      estimatedBitrateBps: this.#estimatedBitrateBps,
      transport: this.#transport?.snapshot(),
      tracks: Array.from(this.#tracks.values(), (track) => track.snapshot()),
      nackCount: this.#nackCount,
      pictureLossCount: this.#pictureLossCount,
      fullIntraRequestCount: this.#fullIntraRequestCount,
    };
  }

  #takeBlock(block: ReportBlock, nowMs: number): void {
    const roundTripMs = this.#tracks.get(block.ssrc)?.take(block, nowMs);
    if (roundTripMs !== undefined) this.#roundTripMs = roundTripMs;
  }
}

/** Of one track of one viewer. */
class TrackReports {
  readonly #track: ReportedTrack;
  readonly #sentNtp = new Uint32Array(REMEMBERED_REPORTS);
  readonly #sentMs = new Float64Array(REMEMBERED_REPORTS);
  #sentCount = 0;
  #newest: ReportBlock | undefined;
  #reportCount = 0;

  constructor(track: ReportedTrack) {
    this.#track = track;
  }

  remember(compact: number, nowMs: number): void {
    const slot = this.#sentCount++ % REMEMBERED_REPORTS;
    this.#sentNtp[slot] = compact;
    this.#sentMs[slot] = nowMs;
  }

  /** Returns the round trip, if the block answers a report that is remembered. */
  take(block: ReportBlock, nowMs: number): number | undefined {
    this.#newest = block;
    this.#reportCount++;
    const remembered = Math.min(this.#sentCount, REMEMBERED_REPORTS);
    for (let slot = 0; slot < remembered; slot++) {
      if (this.#sentNtp[slot] !== block.lastSenderReport) continue;
      const delayMs = block.delaySinceLastSenderReport / DELAY_TICKS_PER_MS;
      const roundTripMs = nowMs - this.#sentMs[slot]! - delayMs;
      // A viewer's clock may run a little fast; one that claims a longer delay than time has passed
      // says nothing.
      return roundTripMs > -1 ? Math.max(0, roundTripMs) : undefined;
    }
    return undefined;
  }

  snapshot(): TrackReception {
    const block = this.#newest;
    return {
      ssrc: this.#track.ssrc,
      lossFraction: block?.lossFraction ?? 0,
      cumulativeLost: block?.cumulativeLost ?? 0,
      extendedHighestSequence: block?.extendedHighestSequence ?? 0,
      jitterMs: (block?.jitter ?? 0) / this.#track.clockRateHz * 1000,
      reportCount: this.#reportCount,
    };
  }
}
