// @ts-check
/** What is sent and why it is not more, from what `RTCPeerConnection.getStats` reports. */
import {
  formatBitrate,
  formatCodec,
  formatMilliseconds,
  formatPercentage,
  formatPicture,
  UNKNOWN,
} from "./format.js";
import { codecOf, figure, increase, milliseconds, selectedPair, textOf } from "./stats_report.js";

/** @import { StatsRecord } from "./stats_report.js" */

/**
 * One size of the pictures, as it is sent.
 *
 * @typedef {object} SentLayer
 * @property {string} rid "" if there is one only
 * @property {number | undefined} width
 * @property {number | undefined} height
 * @property {number | undefined} frameRate
 * @property {number | undefined} bitrateBps
 *
 * A figure that is not known is `undefined`. Rates are those since the last reading.
 *
 * @typedef {object} SentFigures
 * @property {string | undefined} network "udp" or "tcp"
 * @property {string | undefined} videoCodec its name in SDP
 * @property {string | undefined} audioCodec
 * @property {number | undefined} bitrateBps of all that is sent
 * @property {number | undefined} availableBps that the link is believed to carry
 * @property {number | undefined} roundTripMs
 * @property {number | undefined} lossRatio newest, as the gateway reports
 * @property {string} limitedBy "cpu", "bandwidth", "other" or "none"
 * @property {SentLayer[]} layers the largest first
 */

/** @type {Record<string, string>} */
const LIMITS = {
  none: "nothing",
  cpu: "this machine's processor",
  bandwidth: "the network",
  other: "the browser",
};

/** The readings of one session, in order. */
export class PublisherStatistics {
  /** @type {Map<unknown, StatsRecord>} the last report's sent streams, by id */
  #before = new Map();

  /**
   * @param {Iterable<StatsRecord>} report
   * @returns {SentFigures}
   */
  read(report) {
    const records = new Map([...report].map((record) => [record.id, record]));
    const all = [...records.values()];
    const sent = all.filter(({ type }) => type === "outbound-rtp");
    // Layers that are not sent now, as the link is too narrow for them, are listed as well.
    const video = sent.filter(({ kind }) => kind === "video");
    const audio = sent.find(({ kind }) => kind === "audio");
    const told = all.filter(({ type }) => type === "remote-inbound-rtp");
    const pair = selectedPair(records);
    const rates = sent.map((record) => this.#bitrateBps(record)).filter((rate) =>
      rate !== undefined
    );
    const figures = {
      network: textOf(records.get(pair?.localCandidateId), "protocol"),
      videoCodec: codecOf(records.get(video.find(({ codecId }) => codecId)?.codecId)),
      audioCodec: codecOf(records.get(audio?.codecId)),
      bitrateBps: rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0),
      availableBps: figure(pair, "availableOutgoingBitrate"),
      roundTripMs: milliseconds(
        figure(pair, "currentRoundTripTime") ?? figure(told[0], "roundTripTime"),
      ),
      lossRatio: largest(told.map((record) => figure(record, "fractionLost"))),
      limitedBy: limitOf(video),
      layers: video.map((record) => this.#layer(record))
        .sort((one, other) => (other.width ?? 0) - (one.width ?? 0)),
    };
    this.#before = new Map(sent.map((record) => [record.id, record]));
    return figures;
  }

  /**
   * @param {StatsRecord} record
   * @returns {SentLayer}
   */
  #layer(record) {
    return {
      rid: textOf(record, "rid") ?? "",
      width: figure(record, "frameWidth"),
      height: figure(record, "frameHeight"),
      frameRate: figure(record, "framesPerSecond"),
      // What probes for more room is sent as if it were a layer's packets again.
      bitrateBps: this.#bitrateBps(record, "retransmittedBytesSent"),
    };
  }

  /**
   * @param {StatsRecord} record
   * @param {string} [without] a member that is not to be counted
   */
  #bitrateBps(record, without) {
    const before = this.#before.get(record.id);
    const bytes = increase(before, record, "bytesSent");
    const others = without === undefined ? 0 : increase(before, record, without) ?? 0;
    const timeMs = increase(before, record, "timestamp");
    return bytes === undefined || !timeMs ? undefined : (bytes - others) * 8000 / timeMs;
  }
}

/**
 * Terms and values.
 *
 * @param {SentFigures} figures
 * @returns {[string, string][]}
 */
export function sentRows(figures) {
  const { availableBps, layers, network } = figures;
  const room = availableBps ? ` · link ${formatBitrate(availableBps)}` : "";
  const codecs = [figures.videoCodec, figures.audioCodec].filter(Boolean).map(formatCodec);
  return [
    ["Sent", `${formatBitrate(figures.bitrateBps)}${room}`],
    ...layers.map((layer, at) => /** @type {[string, string]} */ ([
      layers.length === 1 ? "Picture" : `Size ${at + 1}`,
      describeLayer(layer, layers.length > 1),
    ])),
    ["Codecs", [...codecs, network?.toUpperCase()].filter(Boolean).join(" · ") || UNKNOWN],
    ["Round trip", formatMilliseconds(figures.roundTripMs)],
    ["Packets lost", formatPercentage(figures.lossRatio)],
    ["Limited by", LIMITS[figures.limitedBy] ?? figures.limitedBy],
  ];
}

/**
 * @param {SentLayer} layer
 * @param {boolean} isOneOfSeveral
 */
function describeLayer(layer, isOneOfSeveral) {
  const picture = formatPicture(layer);
  if (picture === "") return isOneOfSeveral ? "not sent" : UNKNOWN;
  return isOneOfSeveral ? `${picture} · ${formatBitrate(layer.bitrateBps)}` : picture;
}

/** The worst of all layers. @param {StatsRecord[]} video */
function limitOf(video) {
  const limits = video.map((record) => textOf(record, "qualityLimitationReason"));
  return ["cpu", "bandwidth", "other"].find((limit) => limits.includes(limit)) ?? "none";
}

/** @param {(number | undefined)[]} figures */
function largest(figures) {
  const known = figures.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
