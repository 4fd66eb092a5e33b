import type { ReportBlock } from "../../src/rtp/rtcp_report.ts";
import { compactNtp, ntpTime } from "../../src/rtp/ntp.ts";
import { TransportFeedbackWriter } from "../../testing/webrtc/transport_feedback_writer.ts";
import {
  writeFullIntraRequest,
  writeNack,
  writePictureLoss,
  writeReceiverReport,
  writeRemb,
} from "../../testing/webrtc/viewer_reports.ts";
import type { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** More than any link carries, and less than sound takes. */
const HUGE_BPS = 10_000_000_000;
const TINY_BPS = 5000;

/** Packets that are asked for at once: as many as are kept of a lively stream. */
const ASKED_PACKETS = 500;

/** A liar lies so often between two changes of its mind. */
const ROUNDS_OF_A_MIND = 50;

/** What a viewer tells that is not true, once more. */
export type Lie = (liar: Liar, round: number) => void;

/** Tells in the name of a viewer what it likes. */
export class Liar {
  readonly #feedback = new TransportFeedbackWriter();
  #toldPackets = 0;

  constructor(readonly viewer: WhepViewer) {}

  /** Tells what its link carries. */
  claim(bitrateBps: number): void {
    this.viewer.sendRtcp(writeRemb(bitrateBps, [this.viewer.video!.ssrc]));
  }

  /** Tells of loss, and of a round trip. */
  report(block: Partial<ReportBlock>): void {
    const { ssrc, packets } = this.viewer.video!;
    this.viewer.sendRtcp(writeReceiverReport([{
      ssrc,
      lossFraction: 0,
      cumulativeLost: 0,
      extendedHighestSequence: packets.at(-1)!.index,
      jitter: 0,
      lastSenderReport: compactNtp(ntpTime(Date.now())),
      delaySinceLastSenderReport: 0,
      ...block,
    }]));
  }

  /** Asks for all that it has. */
  askAgain(): void {
    const newest = this.viewer.video!.packets.at(-1)!.index;
    const { ssrc } = this.viewer.video!;
    const all = Array.from({ length: ASKED_PACKETS }, (_, back) => newest - back);
    // As many as a datagram bears.
    for (let at = 0; at < all.length; at += 250) {
      this.viewer.sendRtcp(writeNack(ssrc, all.slice(at, at + 250)));
    }
  }

  askForKeyFrame(round: number): void {
    const { ssrc } = this.viewer.video!;
    this.viewer.sendRtcp(writePictureLoss(ssrc));
    this.viewer.sendRtcp(writeFullIntraRequest(ssrc, round & 0xff));
  }

  /** Tells when packets came, of which it leaves out all but each `step`th. */
  tellArrivals(step: number, arrivedMs: number): void {
    const { tracks } = this.viewer.answer;
    const id = tracks.find(({ kind }) => kind === "video")?.transportSequenceId;
    if (id === undefined) return;
    const { packets, ssrc } = this.viewer.video!;
    for (; this.#toldPackets < packets.length; this.#toldPackets++) {
      const { extension } = packets[this.#toldPackets]!;
      const sequence = extension && elementOf(extension, id);
      if (sequence !== undefined && this.#toldPackets % step === 0) {
        this.#feedback.note(sequence, arrivedMs);
      }
    }
    if (!this.#feedback.isEmpty) this.viewer.sendRtcp(this.#feedback.write(1, ssrc));
  }
}

/** By what is to be gained by them. */
export const LIES: Readonly<Record<string, Lie>> = {
  "a link that carries all": (liar) => {
    liar.claim(HUGE_BPS);
    liar.report({});
    liar.tellArrivals(1, performance.now());
  },
  "a link that carries nothing": (liar) => {
    liar.claim(TINY_BPS);
    liar.report({ lossFraction: 0.99, cumulativeLost: 0x7fffff, lastSenderReport: 1 });
    liar.tellArrivals(50, performance.now());
  },
  "now this, now that": (liar, round) => {
    const isWide = Math.floor(round / ROUNDS_OF_A_MIND) % 2 === 0;
    LIES[isWide ? "a link that carries all" : "a link that carries nothing"]!(liar, round);
  },
  "all is lost": (liar, round) => {
    liar.claim(HUGE_BPS);
    liar.askAgain();
    liar.askForKeyFrame(round);
  },
  "times of long ago, and of next year": (liar, round) => {
    liar.report({
      lastSenderReport: round * 0x1357_9bdf >>> 0,
      delaySinceLastSenderReport: round * 0x2468_ace1 >>> 0,
      jitter: 0xffff_ffff,
      extendedHighestSequence: round * 0x1234_567 >>> 0,
    });
    liar.tellArrivals(1 + round % 3, round % 2 === 0 ? 0 : performance.now() * 1000);
  },
};

/** A number of 16 bits among the one-byte elements of a header extension (RFC 8285 4.2). */
function elementOf(extension: Uint8Array, id: number): number | undefined {
  for (let at = 4; at < extension.length;) {
    const head = extension[at]!;
    if (head === 0) at++;
    else if (head >> 4 === id) return extension[at + 1]! << 8 | extension[at + 2]!;
    else at += 2 + (head & 15);
  }
  return undefined;
}
