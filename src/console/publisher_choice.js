// @ts-check
/// <reference lib="dom" />
/** What is captured and how it is sent, by what the reader has chosen; pure functions. */

/**
 * `camera` and `sound` are ids of devices, "" for the browser's choice; `NONE` for none; `sound` may be
 * `SCREEN`, too.
 *
 * @typedef {object} CaptureChoice
 * @property {"camera" | "screen"} source of pictures
 * @property {string} camera
 * @property {string} sound
 * @property {string} size by its name in {@linkcode SIZES}
 *
 * @typedef {object} SendChoice
 * @property {string} codec by its name in SDP; "" for the browser's choice
 * @property {boolean} inLayers whether pictures are sent in several sizes at once
 * @property {string} size
 *
 * @typedef {{ value: string, label: string }} Option
 */

/** The value of a menu for nothing at all, and for the sound of what is shown on the screen. */
export const NONE = "none";
export const SCREEN = "screen";

/** Pictures a second, of cameras and screens. */
const FRAME_RATE = 30;

/** What browsers would send at most by themselves is too little for a screen with text. */
export const SIZES = /** @type {const} */ ([
  { value: "360p", width: 640, height: 360, bitrateBps: 1_000_000 },
  { value: "480p", width: 854, height: 480, bitrateBps: 1_500_000 },
  { value: "720p", width: 1280, height: 720, bitrateBps: 2_500_000 },
  { value: "1080p", width: 1920, height: 1080, bitrateBps: 5_000_000 },
]);

export const DEFAULT_SIZE = "720p";

/** Codecs in the order in which they are offered: the first that a browser has is the default. */
const CODECS = /** @type {const} */ ([
  ["H264", "H.264"],
  ["VP8", "VP8"],
  ["VP9", "VP9"],
  ["AV1", "AV1"],
  ["H265", "HEVC"],
]);

/** Names of layers, from the smallest to the largest. */
const LAYERS = ["q", "h", "f"];

/** No layer is narrower. */
const LEAST_LAYER_WIDTH = 320;

/** @param {string} size */
export function sizeOf(size) {
  const known = SIZES.find(({ value }) => value === size);
  if (known) return known;
  throw new RangeError(`Cannot send pictures: their size must be one of the menu, got ${size}`);
}

/** @returns {Option[]} */
export function sizeOptions() {
  return SIZES.map(({ value, width, height }) => ({
    value,
    label: `${value} · ${width}×${height}`,
  }));
}

/**
 * The size of pictures that is wished for; a device may have another.
 *
 * @param {string} size
 * @returns {MediaTrackConstraints}
 */
export function pictureSize(size) {
  const { width, height } = sizeOf(size);
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: FRAME_RATE, max: FRAME_RATE },
  };
}

/**
 * What `getUserMedia` is asked for; `undefined` if nothing is wanted of it.
 *
 * @param {CaptureChoice} choice
 * @param {{ video: boolean, audio: boolean }} wanted
 * @returns {MediaStreamConstraints | undefined}
 */
export function userMediaOf({ source, camera, sound, size }, wanted) {
  const video = wanted.video && source === "camera" && camera !== NONE &&
    { ...pictureSize(size), ...device(camera) };
  const audio = wanted.audio && sound !== NONE && sound !== SCREEN && { ...device(sound) };
  return video || audio ? { video, audio } : undefined;
}

/** @param {string} id @returns {MediaTrackConstraints} */
function device(id) {
  return id === "" ? {} : { deviceId: { exact: id } };
}

/**
 * How a source of pictures is sent: in one size, or in up to three, each half as wide as the next.
 *
 * @param {SendChoice} choice
 * @returns {RTCRtpEncodingParameters[]}
 */
export function encodingsOf({ codec, inLayers, size }) {
  const { width, bitrateBps } = sizeOf(size);
  if (!inLayers) return [{ maxBitrate: bitrateBps }];
  const count = LAYERS.filter((_, halvings) => width >= LEAST_LAYER_WIDTH * 2 ** halvings).length;
  return LAYERS.slice(-count).map((rid, at) => {
    const scale = 2 ** (count - 1 - at);
    // A quarter of the pixels takes some more than a quarter of the bits.
    const maxBitrate = Math.round(bitrateBps / scale ** 1.7);
    return { rid, scaleResolutionDownBy: scale, maxBitrate, ...layering(codec) };
  });
}

/**
 * Of these codecs, Chromium would send one stream with layers inside in place of several streams.
 *
 * @param {string} codec
 */
function layering(codec) {
  return codec === "VP9" || codec === "AV1" ? { scalabilityMode: "L1T1" } : {};
}

/**
 * The codecs of pictures that a browser can send, the default first.
 *
 * @param {{ codecs: readonly { mimeType: string }[] } | null | undefined} capabilities of its sender
 * @returns {Option[]}
 */
export function codecOptions(capabilities) {
  const names = new Set(capabilities?.codecs.map(({ mimeType }) => mimeType.toLowerCase()));
  return CODECS.filter(([name]) => names.has(`video/${name.toLowerCase()}`))
    .map(([value, label]) => ({ value, label }));
}

/**
 * What is offered where a codec is chosen: that codec, and what repeats its packets. The gateway would
 * take the first that it likes.
 *
 * @template {{ mimeType: string }} Codec
 * @param {readonly Codec[]} codecs that the browser can send
 * @param {string} chosen
 * @returns {Codec[]}
 */
export function offeredCodecs(codecs, chosen) {
  const wanted = [`video/${chosen}`.toLowerCase(), "video/rtx"];
  return codecs.filter(({ mimeType }) => wanted.includes(mimeType.toLowerCase()));
}

/**
 * @param {readonly { kind: string, deviceId: string, label: string }[]} devices
 * @param {"videoinput" | "audioinput"} kind
 * @returns {Option[]} those that are known: before the browser was allowed to give any out, none is
 */
export function deviceOptions(devices, kind) {
  const name = kind === "videoinput" ? "Camera" : "Microphone";
  return devices.filter((device) => device.kind === kind && device.deviceId !== "")
    .map(({ deviceId, label }, at) => ({ value: deviceId, label: label || `${name} ${at + 1}` }));
}
