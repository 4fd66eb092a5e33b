import { ByteWriter } from "../bytes/byte_writer.ts";
import type { ReceiverReports } from "../rtp/receiver_report.ts";
import { writeCname, writeSenderReport } from "../rtp/rtcp_writer.ts";
import type { SrtpMasterKey } from "../srtp/key_derivation.ts";
import { SrtcpSender } from "../srtp/srtcp.ts";
import type { RtpFeed } from "./rtp_feed.ts";
import type { RtpTrack } from "./rtp_track.ts";

/** How often clocks are told: picture and sound can be in step only after the first. */
const SENDER_REPORT_INTERVAL_MS = 1000;

export interface SenderReportsOptions {
  readonly feed: RtpFeed;
  readonly tracks: readonly RtpTrack[];
  readonly cname: string;
  readonly master: SrtpMasterKey;
  /** By which what is answered gives the round trip. */
  readonly reports: ReceiverReports;
}

/** Tells a viewer each second how the clocks of its tracks go, and what it was sent. */
export class SenderReports {
  readonly #options: SenderReportsOptions;
  readonly #srtcp: SrtcpSender;
  #srtcpIndex = 0;
  #dueMs = -Infinity;

  constructor(options: SenderReportsOptions) {
    this.#options = options;
    this.#srtcp = new SrtcpSender(options.master);
  }

  /** Appends them if a second has passed. */
  take(nowMs: number, unixMs: number, datagrams: Uint8Array[]): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + SENDER_REPORT_INTERVAL_MS;
    const { feed, tracks, cname, reports } = this.#options;
    const tie = feed.clockTie(unixMs);
    for (const { identity: { ssrc }, clock, packetCount, octetCount } of tracks) {
      const { ntp, rtpTimestamp } = clock.reportTime(tie, unixMs);
      const writer = new ByteWriter();
      writeSenderReport(writer, { ssrc, ntp, rtpTimestamp, packetCount, octetCount });
      writeCname(writer, ssrc, cname);
      datagrams.push(this.#srtcp.protect(writer.take(), this.#srtcpIndex++));
      reports.senderReportSent(ssrc, ntp, nowMs);
    }
  }
}
