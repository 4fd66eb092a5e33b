import { ByteWriter } from "../bytes/byte_writer.ts";
import type { ReportBlock } from "../rtp/rtcp_report.ts";
import { writeCname } from "../rtp/rtcp_writer.ts";
import {
  writeNack,
  writePictureLoss,
  writeReceiverReport,
  writeRemb,
} from "../rtp/receive/feedback_writer.ts";
import { TransportArrivals } from "../rtp/receive/transport_arrivals.ts";
import type { ReceivedLayer } from "./received_layer.ts";

/** Reports, and what the publisher may send, are told so often; congestion is told soon. */
const REPORT_INTERVAL_MS = 1000;
const TRANSPORT_INTERVAL_MS = 100;

/**
 * Compounds on arrivals in one such interval: all packets that are known of fit, unless they came in
 * an order that makes each a compound of its own, which no link does.
 */
const MAX_ARRIVALS_PER_INTERVAL = 6;

/**
 * Packets that one datagram asks for: even with an entry for each, and with reports on all layers and
 * requests for their key frames, it has less than 1200 bytes.
 */
const MAX_REQUESTS_PER_FEEDBACK = 75;

/** Whose feedback it is. */
export interface FeedbackSender {
  readonly ssrc: number;
  readonly cname: string;
  /** What the publisher may send at most, which may change; `undefined` if that is not told. */
  readonly maxBitrateBps: () => number | undefined;
}

/**
 * What a publisher is told of its packets: reports (RFC 3550), requests for packets and key frames,
 * arrivals for its estimate of the link, and the bitrate that it may have. Each is due at its own time;
 * all leave in compounds.
 */
export class ReceptionFeedback {
  readonly #sender: FeedbackSender;
  readonly #layers: readonly ReceivedLayer[];
  readonly #arrivals = new TransportArrivals();
  #reportDueMs: number;
  #arrivalsDueMs = Infinity;
  /** Compounds on arrivals since that was due. */
  #arrivalsTold = 0;
  /** Any of the publisher's SSRCs: feedback on all packets names one. */
  #newestSsrc = 0;
  /** Requests that did not fit. */
  #left: { readonly layer: ReceivedLayer; readonly numbers: readonly number[] }[] = [];

  constructor(sender: FeedbackSender, layers: readonly ReceivedLayer[], nowMs: number) {
    this.#sender = sender;
    this.#layers = layers;
    this.#reportDueMs = nowMs + REPORT_INTERVAL_MS;
  }

  /** Notes a packet by its transport-wide number. */
  noteArrival(sequence: number, ssrc: number, nowMs: number): void {
    this.#arrivals.note(sequence, nowMs);
    this.#newestSsrc = ssrc;
    if (this.#arrivalsDueMs === Infinity && this.#arrivals.hasNews) {
      this.#arrivalsDueMs = nowMs + TRANSPORT_INTERVAL_MS;
    }
  }

  dueMs(roundTripMs: number): number {
    let dueMs = Math.min(this.#reportDueMs, this.#arrivalsDueMs);
    if (this.#left.length > 0) return -Infinity;
    for (const layer of this.#layers) {
      dueMs = Math.min(dueMs, layer.requestsDueMs, layer.keyFrameDueMs(roundTripMs));
    }
    return dueMs;
  }

  /** The next compound that is due; `undefined` if none is. */
  next(roundTripMs: number, nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    if (nowMs < this.dueMs(roundTripMs)) return undefined;
    const writer = new ByteWriter(256);
    const isReportDue = nowMs >= this.#reportDueMs;
    this.#writeReport(writer, isReportDue ? this.#blocks(nowMs) : []);
    const head = writer.length;
    if (isReportDue) {
      this.#reportDueMs = nowMs + REPORT_INTERVAL_MS;
      this.#writeBitrate(writer);
    }
    this.#writeKeyFrameRequests(writer, roundTripMs, nowMs);
    this.#writeRequests(writer, roundTripMs, nowMs);
    if (writer.length === head && nowMs >= this.#arrivalsDueMs) this.#writeArrivals(writer, nowMs);
    return writer.length > head || isReportDue ? writer.take() : undefined;
  }

  #blocks(nowMs: number): ReportBlock[] {
    return this.#layers.map((layer) => layer.report(nowMs)).filter((block) => block !== undefined);
  }

  #writeReport(writer: ByteWriter, blocks: readonly ReportBlock[]): void {
    const { ssrc, cname } = this.#sender;
    writeReceiverReport(writer, ssrc, blocks);
    writeCname(writer, ssrc, cname);
  }

  #writeBitrate(writer: ByteWriter): void {
    const { ssrc } = this.#sender;
    const maxBitrateBps = this.#sender.maxBitrateBps();
    const ssrcs = this.#layers.map((layer) => layer.ssrc).filter((one) => one !== undefined);
    if (maxBitrateBps !== undefined && ssrcs.length > 0) {
      writeRemb(writer, ssrc, maxBitrateBps, ssrcs);
    }
  }

  #writeArrivals(writer: ByteWriter, nowMs: number): void {
    const feedback = this.#arrivals.nextFeedback(this.#sender.ssrc, this.#newestSsrc);
    if (feedback !== undefined) writer.bytes(feedback);
    const { hasNews } = this.#arrivals;
    if (hasNews && ++this.#arrivalsTold < MAX_ARRIVALS_PER_INTERVAL) return;
    this.#arrivalsTold = 0;
    this.#arrivalsDueMs = hasNews ? nowMs + TRANSPORT_INTERVAL_MS : Infinity;
  }

  #writeKeyFrameRequests(writer: ByteWriter, roundTripMs: number, nowMs: number): void {
    for (const layer of this.#layers) {
      if (layer.ssrc === undefined || !layer.takeKeyFrameRequest(roundTripMs, nowMs)) continue;
      writePictureLoss(writer, this.#sender.ssrc, layer.ssrc);
    }
  }

  #writeRequests(writer: ByteWriter, roundTripMs: number, nowMs: number): void {
    for (const layer of this.#layers) {
      const numbers = layer.takeRequests(roundTripMs, nowMs);
      if (numbers.length > 0) this.#left.push({ layer, numbers });
    }
    const all = this.#left;
    this.#left = [];
    let room = MAX_REQUESTS_PER_FEEDBACK;
    for (const { layer, numbers } of all) {
      const told = numbers.slice(0, room);
      const rest = numbers.slice(room);
      room -= told.length;
      if (rest.length > 0) this.#left.push({ layer, numbers: rest });
      if (told.length > 0 && layer.ssrc !== undefined) {
        writeNack(writer, this.#sender.ssrc, layer.ssrc, told);
      }
    }
  }
}
