// @ts-check
/** Figures of a WebRTC session from what `RTCPeerConnection.getStats` reports. */

import { codecOf, figure, increase, milliseconds, selectedPair, textOf } from "./stats_report.js";

/** @import { StatsRecord } from "./stats_report.js" */
/** @import { WebRtcCounts } from "./webrtc_progress.js" */

/**
 * A figure that is not known is `undefined`. Delays and rates are those since the last reading.
 *
 * @typedef {object} WebRtcFigures
 * @property {string | undefined} network "udp" or "tcp"
 * @property {string | undefined} videoCodec its name in SDP: the profile there is the offer's
 * @property {string | undefined} audioCodec
 * @property {number | undefined} width
 * @property {number | undefined} height
 * @property {number | undefined} frameRate
 * @property {number | undefined} bitrateBps
 * @property {number | undefined} packetsLost
 * @property {number | undefined} lossRatio of all packets since the beginning
 * @property {number | undefined} roundTripMs
 * @property {number | undefined} videoDelayMs in the jitter buffer
 * @property {number | undefined} audioDelayMs in the jitter buffer
 * @property {number | undefined} framesDecoded
 * @property {number | undefined} framesDropped
 * @property {number | undefined} freezes
 * @property {number | undefined} videoAheadMs of the sound; negative when it is late
 */

/**
 * What is counted of a session's pictures and sound.
 *
 * @param {Iterable<StatsRecord>} report
 * @returns {WebRtcCounts}
 */
export function readCounts(report) {
  const received = [...report].filter(({ type }) => type === "inbound-rtp");
  const video = received.find(({ kind }) => kind === "video");
  const audio = received.find(({ kind }) => kind === "audio");
  const samples = figure(audio, "totalSamplesReceived");
  return {
    framesDecoded: figure(video, "framesDecoded"),
    videoPackets: figure(video, "packetsReceived"),
    audibleSamples: samples === undefined
      ? figure(audio, "packetsReceived")
      : samples - (figure(audio, "concealedSamples") ?? 0),
  };
}

/** The readings of one session, in order. */
export class WebRtcStatistics {
  /** @type {Map<unknown, StatsRecord>} the last report's received streams, by id */
  #before = new Map();

  /**
   * Takes a report; all its times are in its own `timestamp`.
   *
   * @param {Iterable<StatsRecord>} report
   * @returns {WebRtcFigures}
   */
  read(report) {
    const records = new Map([...report].map((record) => [record.id, record]));
    const received = [...records.values()].filter(({ type }) => type === "inbound-rtp");
    const video = received.find(({ kind }) => kind === "video");
    const audio = received.find(({ kind }) => kind === "audio");
    const pair = selectedPair(records);
    const lost = total(received, "packetsLost");
    const arrived = total(received, "packetsReceived");
    const sent = lost !== undefined && arrived !== undefined ? lost + arrived : 0;
    const figures = {
      network: textOf(records.get(pair?.localCandidateId), "protocol"),
      videoCodec: codecOf(records.get(video?.codecId)),
      audioCodec: codecOf(records.get(audio?.codecId)),
      width: figure(video, "frameWidth"),
      height: figure(video, "frameHeight"),
      frameRate: figure(video, "framesPerSecond"),
      bitrateBps: this.#bitrateBps(received),
      packetsLost: lost,
      lossRatio: sent > 0 && lost !== undefined ? Math.max(0, lost / sent) : undefined,
      roundTripMs: milliseconds(figure(pair, "currentRoundTripTime")),
      videoDelayMs: this.#delayMs(video),
      audioDelayMs: this.#delayMs(audio),
      framesDecoded: figure(video, "framesDecoded"),
      framesDropped: figure(video, "framesDropped"),
      freezes: figure(video, "freezeCount"),
      videoAheadMs: videoAheadMs(video, audio),
    };
    this.#before = new Map(received.map((record) => [record.id, record]));
    return figures;
  }

  /** @param {StatsRecord[]} received */
  #bitrateBps(received) {
    let sum;
    for (const record of received) {
      const before = this.#before.get(record.id);
      const bytes = increase(before, record, "bytesReceived");
      const timeMs = increase(before, record, "timestamp");
      if (bytes === undefined || timeMs === undefined || timeMs === 0) continue;
      sum = (sum ?? 0) + bytes * 8000 / timeMs;
    }
    return sum;
  }

  /** What left the jitter buffer since the last reading was in it for so long, on average. */
  #delayMs(/** @type {StatsRecord | undefined} */ received) {
    const before = this.#before.get(received?.id);
    const count = increase(before, received, "jitterBufferEmittedCount");
    const delaySeconds = increase(before, received, "jitterBufferDelay");
    return count && delaySeconds !== undefined ? delaySeconds * 1000 / count : undefined;
  }
}

/**
 * Both are the sender's clock at what is being played now, so their difference is the lip sync.
 * They are known from the first Sender Reports on.
 *
 * @param {StatsRecord | undefined} video
 * @param {StatsRecord | undefined} audio
 */
function videoAheadMs(video, audio) {
  const videoMs = figure(video, "estimatedPlayoutTimestamp");
  const audioMs = figure(audio, "estimatedPlayoutTimestamp");
  return videoMs && audioMs ? videoMs - audioMs : undefined;
}

/**
 * @param {StatsRecord[]} records
 * @param {string} member
 */
function total(records, member) {
  const figures = records.flatMap((record) => figure(record, member) ?? []);
  return figures.length === 0 ? undefined : figures.reduce((sum, value) => sum + value, 0);
}
