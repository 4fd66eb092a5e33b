import type { RtcpPacket } from "../rtp/rtcp.ts";

/** Of the packets since the report before: less is no loss to speak of. */
const LEAST_LOSS = 0.01;
/** So many reports in a row must tell of loss: a queue that overflows is shorter than that. */
const LOSSY_REPORTS = 3;
/** So many in a row tell of none until it is over. */
const CLEAR_REPORTS = 15;
/** Of a new report, among those before. */
const WEIGHT = 0.3;
/** From here on, two packets in a row are lost so often that two are carried again. */
const HEAVY_LOSS = 0.03;

/** How many earlier packets of sound each one carries once more, by what the viewer reports. */
export class SoundRedundancy {
  #lossFraction = 0;
  #lossyReports = 0;
  #clearReports = 0;
  #isOn = false;

  /** 0 as long as next to nothing is lost. */
  get count(): 0 | 1 | 2 {
    if (!this.#isOn) return 0;
    return this.#lossFraction >= HEAVY_LOSS ? 2 : 1;
  }

  /** Takes any RTCP packet of the viewer. Whatever a report is about, all of it takes one way. */
  take(packet: RtcpPacket): void {
    if (packet.kind !== "receiverReport" && packet.kind !== "senderReport") return;
    for (const { lossFraction } of packet.blocks) this.#takeLoss(lossFraction);
  }

  #takeLoss(lossFraction: number): void {
    this.#lossFraction += WEIGHT * (lossFraction - this.#lossFraction);
    if (lossFraction >= LEAST_LOSS) {
      this.#lossyReports++;
      this.#clearReports = 0;
      this.#isOn ||= this.#lossyReports >= LOSSY_REPORTS;
      return;
    }
    this.#lossyReports = 0;
    if (++this.#clearReports >= CLEAR_REPORTS) this.#isOn = false;
  }
}
