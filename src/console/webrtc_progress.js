// @ts-check
/** Whether a WebRTC session goes on: the time of its video element does so without any media. */

/**
 * What is counted of a session; a figure that is not known is `undefined`.
 *
 * @typedef {object} WebRtcCounts
 * @property {number | undefined} framesDecoded
 * @property {number | undefined} videoPackets that have arrived
 * @property {number | undefined} audibleSamples of sound: those that were made up are none
 */

/**
 * Pictures that are decoded are progress. Pictures that arrive and are not decoded are none, whatever
 * is heard; where none arrive, as of a screen on which nothing moves, sound is.
 */
export class WebRtcProgress {
  #position = 0;
  #framesDecoded = 0;
  /** Those that had arrived when a picture was decoded last. */
  #videoPackets = 0;
  #audibleSamples = 0;

  /** A number that grows when there is progress. */
  get position() {
    return this.#position;
  }

  /** Takes the newest counts. @param {WebRtcCounts} counts */
  take({ framesDecoded = 0, videoPackets = 0, audibleSamples = 0 }) {
    const isHeard = audibleSamples > this.#audibleSamples;
    this.#audibleSamples = audibleSamples;
    if (framesDecoded > this.#framesDecoded) {
      this.#framesDecoded = framesDecoded;
      this.#videoPackets = videoPackets;
      this.#position++;
    } else if (isHeard && videoPackets <= this.#videoPackets) {
      this.#position++;
    }
  }
}
