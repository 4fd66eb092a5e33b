// @ts-check
/** Text for figures: pure functions, so that every view writes a value the same way. */

/** What is shown for a value that is not known yet. */
export const UNKNOWN = "–";

/**
 * A bit rate: "2.10 Mbit/s", "128 kbit/s".
 *
 * @param {number | null | undefined} bitrateBps
 */
export function formatBitrate(bitrateBps) {
  if (!isFigure(bitrateBps)) return UNKNOWN;
  if (bitrateBps >= 1e6) return `${(bitrateBps / 1e6).toFixed(2)} Mbit/s`;
  return `${Math.round(bitrateBps / 1e3)} kbit/s`;
}

/**
 * A length of time as its two largest units: "42 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
 *
 * @param {number | null | undefined} durationMs
 */
export function formatDuration(durationMs) {
  if (!isFigure(durationMs)) return UNKNOWN;
  const seconds = Math.floor(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${twoDigits(hours % 24)} h`;
  if (hours > 0) return `${hours} h ${twoDigits(minutes % 60)} min`;
  if (minutes > 0) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  return `${seconds} s`;
}

/**
 * A distance in seconds with one decimal: "2.0 s".
 *
 * @param {number | null | undefined} distanceMs
 */
export function formatSeconds(distanceMs) {
  return isFigure(distanceMs) ? `${(distanceMs / 1000).toFixed(1)} s` : UNKNOWN;
}

/**
 * A short time: "42 ms".
 *
 * @param {number | null | undefined} timeMs
 */
export function formatMilliseconds(timeMs) {
  return isFigure(timeMs) ? `${Math.round(timeMs)} ms` : UNKNOWN;
}

/**
 * A share of a whole: "0.35 %".
 *
 * @param {number | null | undefined} ratio 0 to 1
 */
export function formatPercentage(ratio) {
  return isFigure(ratio) ? `${(ratio * 100).toFixed(2)} %` : UNKNOWN;
}

/**
 * A whole number, grouped: "12,345".
 *
 * @param {number | null | undefined} count
 */
export function formatCount(count) {
  return isFigure(count) ? Math.round(count).toLocaleString("en") : UNKNOWN;
}

/**
 * Picture size and rate: "1280×720 · 30 fps"; empty when nothing is known.
 *
 * @param {{ width?: number | null | undefined, height?: number | null | undefined, frameRate?: number | null | undefined } | null | undefined} video
 */
export function formatPicture(video) {
  const parts = [];
  if (isFigure(video?.width) && isFigure(video.height) && video.width > 0) {
    parts.push(`${video.width}×${video.height}`);
  }
  if (isFigure(video?.frameRate) && video.frameRate > 0) {
    parts.push(`${Number(video.frameRate.toFixed(2))} fps`);
  }
  return parts.join(" · ");
}

/**
 * Sampling rate and channels: "48 kHz · stereo"; empty when nothing is known.
 *
 * @param {{ sampleRate?: number | null, channels?: number | null } | null | undefined} audio
 */
export function formatSound(audio) {
  const parts = [];
  if (isFigure(audio?.sampleRate)) parts.push(`${audio.sampleRate / 1000} kHz`);
  if (isFigure(audio?.channels)) {
    parts.push(CHANNEL_NAMES[audio.channels] ?? `${audio.channels} ch`);
  }
  return parts.join(" · ");
}

/**
 * How many tracks of a kind there are besides the one that is played: "2 more tracks"; empty if
 * there are none.
 *
 * @param {readonly { kind: string, isDefault: boolean }[] | null | undefined} tracks
 * @param {"video" | "audio"} kind
 */
export function formatMoreTracks(tracks, kind) {
  const count = (tracks ?? []).filter((track) => track.kind === kind && !track.isDefault).length;
  if (count === 0) return "";
  return count === 1 ? "1 more track" : `${count} more tracks`;
}

/** @type {Record<number, string>} */
const CHANNEL_NAMES = { 1: "mono", 2: "stereo", 6: "5.1", 8: "7.1" };

/** @type {Record<string, string>} */
const H264_PROFILES = {
  "42": "Baseline",
  "4d": "Main",
  "58": "Extended",
  "64": "High",
  "6e": "High 10",
  "7a": "High 4:2:2",
  "f4": "High 4:4:4",
};

/** @type {[RegExp, string][]} */
const CODEC_NAMES = [
  [/^h264$/i, "H.264"],
  [/^(hvc1|hev1|h265)\b/i, "HEVC"],
  [/^av01\b/, "AV1"],
  [/^vp09\b/, "VP9"],
  [/^vp8\b|^vp08\b/, "VP8"],
  [/^mp4a\.40\.2$/, "AAC-LC"],
  [/^mp4a\.40\.5$/, "HE-AAC"],
  [/^mp4a\.40\.29$/, "HE-AAC v2"],
  [/^mp4a\.40\b/, "AAC"],
  [/^mp3$|^mp4a\.(69|6b)$/i, "MP3"],
  [/^opus$/i, "Opus"],
  [/^flac$/i, "FLAC"],
  [/^ac-3$/, "AC-3"],
  [/^ec-3$/, "E-AC-3"],
];

/**
 * The name people use for an RFC 6381 codec string: "avc1.64001f" is "H.264 High 3.1". A string
 * that is not known is returned as it is.
 *
 * @param {string | null | undefined} codec
 */
export function formatCodec(codec) {
  if (!codec) return UNKNOWN;
  const h264 = /^avc[13]\.([0-9a-f]{2})[0-9a-f]{2}([0-9a-f]{2})$/i.exec(codec);
  if (h264) {
    const profile = H264_PROFILES[(h264[1] ?? "").toLowerCase()] ?? `profile ${h264[1]}`;
    return `H.264 ${profile} ${(parseInt(h264[2] ?? "", 16) / 10).toFixed(1)}`;
  }
  return CODEC_NAMES.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isFigure(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, "0");
}
