// @ts-check
/// <reference lib="dom" />
/** Camera, microphone and screen: what is captured, muted, changed and let go of. */
import { NONE, pictureSize, SCREEN, userMediaOf } from "./publisher_choice.js";

/** @import { CaptureChoice } from "./publisher_choice.js" */

/**
 * @typedef {"audio" | "video"} MediaKind
 *
 * @typedef {object} MediaListener
 * @property {(kind: MediaKind, track: MediaStreamTrack | undefined) => void} onTrack there is another
 * @property {(kind: MediaKind) => void} onLost what was captured has ended by itself
 */

/** Holds one track of each kind at most. */
export class PublisherMedia {
  #listener;
  /** @type {Record<MediaKind, MediaStreamTrack | undefined>} */
  #tracks = { audio: undefined, video: undefined };
  /** @type {Record<MediaKind, boolean>} */
  #isMuted = { audio: false, video: false };
  /** @type {CaptureChoice | undefined} what is captured */
  #choice;
  #turn = 0;

  /** @param {MediaListener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  get isOpen() {
    return this.#choice !== undefined;
  }

  get video() {
    return this.#tracks.video;
  }

  get audio() {
    return this.#tracks.audio;
  }

  /**
   * Captures what is chosen, as far as it is not captured yet.
   *
   * @param {CaptureChoice} choice
   * @returns {Promise<boolean>} whether no other was made meanwhile
   * @throws what the browser says of a device that gives nothing
   */
  async choose(choice) {
    const { video, audio } = this.#missing(choice);
    if (!video && this.#choice?.size !== choice.size) {
      await this.#tracks.video?.applyConstraints(pictureSize(choice.size));
    }
    // Telephones open one camera at a time.
    const leavesCamera = video && choice.source === "camera" && this.#choice?.source === "camera";
    if (leavesCamera) this.#take("video", undefined);
    const turn = ++this.#turn;
    const captured = await capture(choice, { video, audio }).catch((error) => {
      if (turn === this.#turn) throw error;
      return [];
    });
    // Another choice was made meanwhile, or all is to be let go of.
    if (turn !== this.#turn) {
      captured.forEach((track) => track.stop());
      return false;
    }
    this.#choice = choice;
    if (video) this.#take("video", captured.find(({ kind }) => kind === "video"));
    if (audio) this.#take("audio", captured.find(({ kind }) => kind === "audio"));
    return true;
  }

  /**
   * Which kinds are not captured as they are chosen.
   *
   * @param {CaptureChoice} choice
   */
  #missing({ source, camera, sound }) {
    const before = this.#choice;
    const isOtherSound = before?.sound !== sound;
    const wantsPictures = source === "screen" || camera !== NONE;
    const video = before?.source !== source || (wantsPictures && !this.#tracks.video) ||
      (source === "camera" ? before.camera !== camera : isOtherSound && sound === SCREEN);
    const wantsMicrophone = sound !== NONE && sound !== SCREEN;
    const audio = isOtherSound || (wantsMicrophone && !this.#tracks.audio) ||
      (video && sound === SCREEN);
    return { video, audio };
  }

  /** @param {MediaKind} kind */
  isMuted(kind) {
    return this.#isMuted[kind];
  }

  /**
   * Sends silence, or black: the device stays open, and the stream goes on.
   *
   * @param {MediaKind} kind
   * @param {boolean} isMuted
   */
  mute(kind, isMuted) {
    this.#isMuted[kind] = isMuted;
    const track = this.#tracks[kind];
    if (track) track.enabled = !isMuted;
  }

  /** Lets go of all devices. */
  close() {
    this.#turn++;
    this.#choice = undefined;
    this.#take("video", undefined);
    this.#take("audio", undefined);
  }

  /**
   * @param {MediaKind} kind
   * @param {MediaStreamTrack | undefined} track
   */
  #take(kind, track) {
    this.#tracks[kind]?.stop();
    this.#tracks[kind] = track;
    if (track) {
      track.enabled = !this.#isMuted[kind];
      // Not by `stop`: the reader has ended it in the browser, or the device is gone.
      track.addEventListener("ended", () => {
        if (track === this.#tracks[kind]) this.#lose(kind);
      });
    }
    this.#listener.onTrack(kind, track);
  }

  /** @param {MediaKind} kind */
  #lose(kind) {
    this.#take(kind, undefined);
    this.#listener.onLost(kind);
  }
}

/**
 * @param {CaptureChoice} choice
 * @param {{ video: boolean, audio: boolean }} wanted
 * @returns {Promise<MediaStreamTrack[]>}
 */
async function capture(choice, wanted) {
  /** @type {MediaStreamTrack[]} */
  const tracks = [];
  try {
    if (choice.source === "screen" && wanted.video) {
      const video = pictureSize(choice.size);
      const audio = choice.sound === SCREEN;
      const shown = await navigator.mediaDevices.getDisplayMedia({ video, audio });
      tracks.push(...shown.getTracks());
      // Text is to be read: fewer pictures rather than unsharp ones.
      for (const track of shown.getVideoTracks()) track.contentHint = "detail";
    }
    const devices = userMediaOf(choice, wanted);
    if (devices) tracks.push(...(await navigator.mediaDevices.getUserMedia(devices)).getTracks());
    return tracks;
  } catch (error) {
    tracks.forEach((track) => track.stop());
    throw error;
  }
}
