import { compactNtp, type NtpTime } from "./ntp.ts";
import type { RtcpPacket } from "./rtcp.ts";
import { type Nack, nackedSequences } from "./rtcp_feedback.ts";
import type { ReportBlock } from "./rtcp_report.ts";
import type { TransportHistory, TransportReception } from "./transport_history.ts";

/** Sender reports of a source that can still be answered: receivers answer the last or the one before. */
const REMEMBERED_REPORTS = 4;

/**
 * Loss is told of so much together, and so many packets at least: Chromium reports five times a
 * second, and one packet of a few is no tenth of them.
 */
const LOSS_WINDOW_MS = 1000;
const LOSS_WINDOW_PACKETS = 50;

/** More packets than come between two reports. */
const MAX_EXPECTED = 65_536;

/** Reported delays are in 1/65536 s. */
const DELAY_TICKS_PER_MS = 65.536;

/** A sequence number that is so far ahead is behind. */
const HALF_OF_SEQUENCES = 0x8000;
/** What was asked for longer ago tells of no other any more: they may have gone once around. */
const NACKED_MS = 5000;
/** Of one NACK: no queue loses more at once, and who asks for more gains nothing by it. */
const MAX_LOST = 512;

/** A track that a viewer is sent. */
export interface ReportedTrack {
  readonly ssrc: number;
  readonly clockRateHz: number;
  /** Bytes of one of its packets, about, as links count them. */
  readonly packetBytes: () => number;
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

/** Is told what a viewer reports as it comes: an estimate of its link. */
export interface ReceptionListener {
  /** REMB: what the viewer believes to be able to receive. */
  readonly takeRemb: (bitrateBps: number, nowMs: number) => void;
  /** What part of the packets of all tracks was lost since `sinceMs`, about a second ago. */
  readonly takeLoss: (lossFraction: number, nowMs: number, sinceMs: number) => void;
  /** A sender report was answered; `sentMs` is when it was sent. The same may be told again. */
  readonly takeRoundTrip: (roundTripMs: number, sentMs: number, nowMs: number) => void;
  /** It asks for packets: `lostBytes` of them, about, for the first time. */
  readonly takeNack: (lostBytes: number, nowMs: number) => void;
  /** Figures of another second of transport-wide feedback. */
  readonly takeTransport: (reception: TransportReception, nowMs: number) => void;
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
 * const reports = new ReceiverReports([{ ssrc: 9, clockRateHz: 90_000, packetBytes: () => 1200 }]);
 * reports.senderReportSent(9, ntpTime(1_600_000_000_000), 100);
 * const datagram = Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9);
 * for (const packet of parseRtcp(datagram)) reports.take(packet, 140);
 * reports.snapshot().pictureLossCount; // 1
 * ```
 */
export class ReceiverReports {
  readonly #tracks = new Map<number, TrackReports>();
  readonly #transport: TransportHistory | undefined;
  readonly #listener: ReceptionListener | undefined;
  #roundTripMs: number | undefined;
  #estimatedBitrateBps: number | undefined;
  readonly #loss = new LossWindow();
  #nackCount = 0;
  #pictureLossCount = 0;
  #fullIntraRequestCount = 0;

  /** @param transport what was sent, for viewers that give transport-wide feedback */
  constructor(
    tracks: readonly ReportedTrack[],
    transport?: TransportHistory,
    listener?: ReceptionListener,
  ) {
    this.#transport = transport;
    this.#listener = listener;
    for (const track of tracks) this.#tracks.set(track.ssrc, new TrackReports(track));
  }

  /** Time to the viewer and back, by its newest answer to a sender report. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** What was lost in the newest second that is told of whole, of all tracks; and how many were. */
  get recentLoss(): { readonly fraction: number; readonly windowCount: number } {
    return this.#loss;
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
        this.#listener?.takeRemb(packet.bitrateBps, nowMs);
        break;
      case "transportFeedback":
        if (this.#transport?.take(packet, nowMs)) {
          this.#listener?.takeTransport(this.#transport.snapshot(), nowMs);
        }
        break;
      case "nack":
        this.#nackCount++;
        this.#takeNack(packet, nowMs);
        break;
      case "pictureLossIndication":
        this.#pictureLossCount++;
        break;
      case "fullIntraRequest":
        this.#fullIntraRequestCount++;
    }
  }

  /**
   * A round trip was measured: by a report that answers a sender report, or in another way.
   *
   * @param sentMs when what was echoed left
   */
  takeRoundTrip(roundTripMs: number, sentMs: number, nowMs: number): void {
    this.#roundTripMs = roundTripMs;
    this.#listener?.takeRoundTrip(roundTripMs, sentMs, nowMs);
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

  #takeNack(nack: Nack, nowMs: number): void {
    if (this.#listener === undefined) return;
    const lostBytes = this.#tracks.get(nack.mediaSsrc)?.takeNack(nack, nowMs) ?? 0;
    this.#listener.takeNack(lostBytes, nowMs);
  }

  #takeBlock(block: ReportBlock, nowMs: number): void {
    const track = this.#tracks.get(block.ssrc);
    if (track === undefined) return;
    if (this.#loss.take(track.expectedSince(block), block.lossFraction, nowMs)) {
      this.#listener?.takeLoss(this.#loss.fraction, nowMs, this.#loss.beganMs);
    }
    const answered = track.take(block, nowMs);
    if (answered !== undefined) this.takeRoundTrip(answered.roundTripMs, answered.sentMs, nowMs);
  }
}

/** Of one track of one viewer. */
class TrackReports {
  readonly #track: ReportedTrack;
  readonly #sentNtp = new Uint32Array(REMEMBERED_REPORTS);
  readonly #sentMs = new Float64Array(REMEMBERED_REPORTS);
  #sentCount = 0;
  /** The newest sequence number that was asked for again, and when any was. */
  #nacked: number | undefined;
  #nackedMs = -Infinity;
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

  /** About how many bytes are asked for that are newer than all that were before. */
  takeNack(nack: Nack, nowMs: number): number {
    if (nowMs - this.#nackedMs > NACKED_MS) this.#nacked = undefined;
    this.#nackedMs = nowMs;
    let lost = 0;
    for (const sequence of nackedSequences(nack, MAX_LOST)) {
      const ahead = (sequence - (this.#nacked ?? sequence - 1)) & 0xffff;
      if (ahead === 0 || ahead >= HALF_OF_SEQUENCES) continue;
      this.#nacked = sequence;
      lost++;
    }
    return lost * this.#track.packetBytes();
  }

  /** Packets between the report before and this one; none for the first, or if it cannot be. */
  expectedSince({ extendedHighestSequence }: ReportBlock): number {
    if (this.#newest === undefined) return 0;
    const expected = extendedHighestSequence - this.#newest.extendedHighestSequence;
    return expected > 0 && expected < MAX_EXPECTED ? expected : 0;
  }

  /** Returns the round trip, if the block answers a report that is remembered, and when that left. */
  take(
    block: ReportBlock,
    nowMs: number,
  ): { readonly roundTripMs: number; readonly sentMs: number } | undefined {
    this.#newest = block;
    this.#reportCount++;
    const remembered = Math.min(this.#sentCount, REMEMBERED_REPORTS);
    for (let slot = 0; slot < remembered; slot++) {
      if (this.#sentNtp[slot] !== block.lastSenderReport) continue;
      const delayMs = block.delaySinceLastSenderReport / DELAY_TICKS_PER_MS;
      const sentMs = this.#sentMs[slot]!;
      const roundTripMs = nowMs - sentMs - delayMs;
      // A viewer's clock may run a little fast; one that claims a longer delay than time has passed
      // says nothing.
      return roundTripMs > -1 ? { roundTripMs: Math.max(0, roundTripMs), sentMs } : undefined;
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

/** What was lost, of all tracks together, by the second. */
class LossWindow {
  fraction = 0;
  windowCount = 0;
  /** When the newest that is whole began. */
  beganMs = -Infinity;
  #sinceMs: number | undefined;
  #expected = 0;
  #lost = 0;

  /** Takes a report; whether a window is whole. */
  take(expected: number, lossFraction: number, nowMs: number): boolean {
    this.#sinceMs ??= nowMs;
    this.#expected += expected;
    this.#lost += expected * lossFraction;
    if (nowMs - this.#sinceMs < LOSS_WINDOW_MS || this.#expected < LOSS_WINDOW_PACKETS) {
      return false;
    }
    this.fraction = this.#lost / this.#expected;
    this.windowCount++;
    this.beganMs = this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#expected = this.#lost = 0;
    return true;
  }
}
