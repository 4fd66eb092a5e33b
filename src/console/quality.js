// @ts-check
/** Which quality of a stream is shown and why, in words; pure functions. */
import { formatBitrate, formatPicture } from "./format.js";
import { SOUND_ONLY } from "./location.js";

/** @import { StreamInfo, TrackInfo } from "./stream_list.js" */

/**
 * What a viewer by WebRTC is sent, as the gateway tells: which of the pictures, and of which track;
 * bits a second that its link carries, and that all pictures and the sound of its track need.
 *
 * @typedef {object} ViewerQuality
 * @property {"all" | "referenced" | "beginning" | "keyFrames" | "sound"} pictures
 * @property {string | null} [rid] number of the track
 * @property {number | null} [availableBitrate]
 * @property {number | null} [neededBitrate]
 *
 * @typedef {{ value: string, label: string }} QualityChoice value: as in the page's fragment, "" for
 *   automatic
 */

/** @type {Record<ViewerQuality["pictures"], string>} */
const PICTURES = {
  all: "All pictures",
  referenced: "Fewer pictures",
  beginning: "Fewer pictures",
  keyFrames: "Key frames only",
  sound: "Sound only",
};

/**
 * What the reader may choose between; nothing if the stream's pictures have but one quality.
 *
 * @param {StreamInfo | undefined} stream
 * @returns {QualityChoice[]}
 */
export function qualityChoices(stream) {
  const tracks = renditionsOf(stream);
  if (tracks.length < 2) return [];
  return [
    { value: "", label: "Automatic" },
    ...tracks.map((track) => ({ value: String(track.id), label: trackLabel(track) })),
    { value: SOUND_ONLY, label: "Sound only" },
  ];
}

/**
 * What is shown, and why it is not more: "Fewer pictures: your link carries 900 kbit/s of 2.10 Mbit/s";
 * empty if there is nothing to say.
 *
 * @param {ViewerQuality | undefined} quality
 * @param {StreamInfo | undefined} stream
 * @param {string | undefined} chosen by the reader
 */
export function describeQuality(quality, stream, chosen) {
  if (chosen === SOUND_ONLY) return "Sound only, as chosen";
  if (!quality) return "";
  const { pictures, rid } = quality;
  const tracks = renditionsOf(stream);
  const at = tracks.findIndex(({ id }) => String(id) === rid);
  const track = tracks.length > 1 ? tracks[at] : undefined;
  const wanted = tracks.find(({ id }) => String(id) === chosen);
  if (track && wanted && wanted !== track) return `Changing to ${trackLabel(wanted)}`;
  const isLess = pictures !== "all" || (chosen === undefined && track && at > 0);
  if (!isLess && !track) return "";
  const parts = [];
  if (track) parts.push(`${chosen === undefined ? "Automatic: " : ""}${trackLabel(track)}`);
  if (pictures !== "all") parts.push(track ? lowerCase(PICTURES[pictures]) : PICTURES[pictures]);
  const why = isLess ? describeLink(quality) : "";
  return why === "" ? parts.join(", ") : `${parts.join(", ")}: ${why}`;
}

/**
 * Rows for the statistics.
 *
 * @param {ViewerQuality | undefined} quality
 * @returns {[string, string][]}
 */
export function qualityRows(quality) {
  if (!quality) return [];
  return [
    ["Sent", PICTURES[quality.pictures]],
    [
      "Link carries",
      quality.availableBitrate ? formatBitrate(quality.availableBitrate) : "all of it",
    ],
  ];
}

/**
 * The tracks of pictures, the largest first.
 *
 * @param {StreamInfo | undefined} stream
 * @returns {TrackInfo[]}
 */
function renditionsOf(stream) {
  return (stream?.tracks ?? []).filter(({ kind }) => kind === "video")
    .sort((one, other) => (other.bitrateBps ?? 0) - (one.bitrateBps ?? 0));
}

/** @param {TrackInfo} track */
function trackLabel(track) {
  const { width, height, id, bitrateBps } = track;
  const picture = formatPicture({ width, height }) || `Track ${id}`;
  return bitrateBps ? `${picture} · ${formatBitrate(bitrateBps)}` : picture;
}

/** @param {ViewerQuality} quality */
function describeLink({ availableBitrate, neededBitrate }) {
  if (!availableBitrate) return "";
  const carried = `your link carries ${formatBitrate(availableBitrate)}`;
  return neededBitrate ? `${carried} of ${formatBitrate(neededBitrate)}` : carried;
}

/** @param {string} text */
function lowerCase(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
