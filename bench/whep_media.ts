/** What one viewer receives once it has keys: counted always, checked by samples. */
import { ByteWriter } from "../src/bytes/byte_writer.ts";
import { compactNtp } from "../src/rtp/ntp.ts";
import { parseRtcp, RTCP_TYPE } from "../src/rtp/rtcp.ts";
import type { SenderReport } from "../src/rtp/rtcp_report.ts";
import { writeCname } from "../src/rtp/rtcp_writer.ts";
import { splitDtlsExport } from "../src/srtp/key_derivation.ts";
import { SrtcpReceiver, SrtcpSender } from "../src/srtp/srtcp.ts";
import { h264PayloadKind } from "./h264_payload.ts";
import { RtpReception } from "./rtp_reception.ts";
import { SrtpReceiver } from "../testing/webrtc/srtp_receiver.ts";
import { TransportFeedbackWriter } from "../testing/webrtc/transport_feedback_writer.ts";
import type { AnsweredTrack } from "../testing/webrtc/whep_sdp.ts";

/** Of each viewer so many packets are checked and decrypted, and then one in {@linkcode SAMPLE}. */
export const CHECKED_AT_FIRST = 200;
export const SAMPLE = 50;
/** A viewer that has no key frame yet looks into every packet, up to so many. */
const SEARCHED_FOR_KEY_FRAME = 5000;
/** What this viewer calls itself in RTCP. */
const REPORTER_SSRC = 1;
const NTP_DELAY_TICKS_PER_MS = 65.536;

interface NotedReport {
  readonly compact: number;
  readonly arrivedMs: number;
}

/** The media of one viewer. */
export class WhepMedia {
  readonly sources: RtpReception[] = [];
  firstPacketMs: number | undefined;
  firstKeyFrameMs: number | undefined;
  /** Packets that were checked and decrypted. */
  checked = 0;
  senderReports = 0;
  errors = 0;
  firstError: string | undefined;
  readonly #tracks: readonly AnsweredTrack[];
  readonly #onKeyFrame: () => void;
  readonly #srtp: SrtpReceiver;
  readonly #rtcpIn: SrtcpReceiver;
  readonly #rtcpOut: SrtcpSender;
  readonly #noted = new Map<number, NotedReport>();
  readonly #feedback = new TransportFeedbackWriter();
  readonly #isNumbered: boolean;
  #reports = 0;
  #packets = 0;

  /**
   * @param exportedKeys 60 bytes, of DTLS
   * @param onKeyFrame called with the first packet of the first key frame
   */
  constructor(
    tracks: readonly AnsweredTrack[],
    exportedKeys: Uint8Array,
    onKeyFrame: () => void,
  ) {
    const { client, server } = splitDtlsExport(exportedKeys);
    this.#tracks = tracks;
    this.#isNumbered = tracks.some(({ transportSequenceId }) => transportSequenceId !== undefined);
    this.#onKeyFrame = onKeyFrame;
    this.#srtp = new SrtpReceiver(server);
    this.#rtcpIn = new SrtcpReceiver(server);
    this.#rtcpOut = new SrtcpSender(client);
  }

  /** Whether {@linkcode writeFeedback} has something to tell. */
  get hasFeedback(): boolean {
    return !this.#feedback.isEmpty;
  }

  /** Transport-wide feedback on what came since the last one, as SRTCP. */
  writeFeedback(): Uint8Array<ArrayBuffer> {
    const packet = this.#feedback.write(REPORTER_SSRC, this.sources[0]!.ssrc);
    return this.#rtcpOut.protect(packet, this.#reports++);
  }

  /** Takes a datagram of RTP; `nowMs` tells the time, and is asked for a viewer's first packets. */
  takeRtp(datagram: Uint8Array, nowMs: () => number): void {
    const source = this.#sourceOf(datagram);
    const index = source.take(datagram);
    const count = ++this.#packets;
    if (this.#isNumbered && (datagram[0]! & 0x10) !== 0) {
      // The only element: behind the header, the extension's own and the element's head.
      this.#feedback.note(datagram[17]! << 8 | datagram[18]!, performance.now());
    }
    const isSearching = this.firstKeyFrameMs === undefined && count < SEARCHED_FOR_KEY_FRAME;
    if (count > CHECKED_AT_FIRST && count % SAMPLE !== 0 && !isSearching) return;
    this.firstPacketMs ??= nowMs();
    this.#check(datagram, index, source.payloadType, nowMs);
  }

  takeRtcp(datagram: Uint8Array, arrivedMs: number): void {
    try {
      for (const packet of parseRtcp(this.#rtcpIn.unprotect(datagram))) {
        if (packet.kind === "senderReport") this.#note(packet, arrivedMs);
      }
    } catch (error) {
      this.#fail(`RTCP: ${error}`);
    }
  }

  /** A Receiver Report on all sources, with a name, as SRTCP (RFC 3550 6.4.2). */
  writeReport(nowMs: number): Uint8Array<ArrayBuffer> {
    const { sources } = this;
    const writer = new ByteWriter(128).u8(0x80 | sources.length).u8(RTCP_TYPE.RECEIVER_REPORT)
      .u16(1 + 6 * sources.length).u32(REPORTER_SSRC);
    for (const source of sources) {
      const noted = this.#noted.get(source.ssrc);
      const delayMs = noted === undefined ? 0 : nowMs - noted.arrivedMs;
      writer.u32(source.ssrc).u8(source.takeLossFraction()).u24(
        Math.max(0, source.lost) & 0xff_ffff,
      )
        // Jitter stays 0: it would cost a look at the clock for each packet.
        .u32(source.extendedHighestSequence).u32(0)
        .u32(noted?.compact ?? 0).u32(Math.round(delayMs * NTP_DELAY_TICKS_PER_MS));
    }
    writeCname(writer, REPORTER_SSRC, "bench");
    return this.#rtcpOut.protect(writer.take(), this.#reports++);
  }

  /** Two or three sources: a search costs less than a map. */
  #sourceOf(datagram: Uint8Array): RtpReception {
    const ssrc = (datagram[8]! << 24 | datagram[9]! << 16 | datagram[10]! << 8 | datagram[11]!) >>>
      0;
    for (const source of this.sources) if (source.ssrc === ssrc) return source;
    const source = new RtpReception(ssrc, datagram[1]! & 0x7f);
    // A report has room for 31.
    if (this.sources.length < 31) this.sources.push(source);
    return source;
  }

  #check(datagram: Uint8Array, index: number, payloadType: number, nowMs: () => number): void {
    const payload = this.#srtp.unprotect(datagram, index);
    this.checked++;
    if (payload === undefined) return this.#fail(`packet ${index} is not authentic`);
    const track = this.#tracks.find((known) => known.payloadType === payloadType);
    // Packets that are sent again have a type of their own.
    if (track?.kind !== "video") return;
    const kind = h264PayloadKind(payload);
    if (kind === "invalid") this.#fail(`packet ${index} holds no H.264: ${payload.subarray(0, 4)}`);
    if (kind !== "keyFrame" || this.firstKeyFrameMs !== undefined) return;
    this.firstKeyFrameMs = nowMs();
    this.#onKeyFrame();
  }

  #note(report: SenderReport, arrivedMs: number): void {
    const { ssrc, ntpSeconds: seconds, ntpFraction: fraction } = report;
    this.#noted.set(ssrc, { compact: compactNtp({ seconds, fraction }), arrivedMs });
    this.senderReports++;
  }

  #fail(reason: string): void {
    this.errors++;
    this.firstError ??= reason;
  }
}
