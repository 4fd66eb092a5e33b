/** The only error that leaves the `audio` room: sound that cannot be transcoded, and why. */
export class AudioError extends Error {
  override readonly name = "AudioError";
}
