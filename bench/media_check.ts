/** Message and tag types of sound and pictures (FLV E.4.1). */
export const AUDIO = 8;
export const VIDEO = 9;

const AVC_CONFIGURATION = 0;
const AVC_PICTURE = 1;
const KEY_FRAME = 1;

/** Two frames missing at 30 fps; one may be stretched where a looped source starts again. */
const GAP_MS = 90;

/**
 * Checks what a viewer of H.264 and AAC is sent, without keeping anything: timestamps that do not go
 * back within a track, and a key frame first after each video configuration.
 */
export class MediaCheck {
  /** Bytes of the stream, transfer coding excluded. */
  bytes = 0;
  /** Pictures that came whole; configurations are not counted. */
  videoFrames = 0;
  keyFrames = 0;
  audioTags = 0;
  /** Steps of more than 90 ms between two pictures: frames were left out. */
  gaps = 0;
  errors = 0;
  firstError: string | undefined;

  #lastAudioMs = -1;
  #lastVideoMs = -1;
  #configured = false;
  #keyFrameDue = false;
  #isAudio = false;
  #isPicture = false;
  #isKeyFrame = false;

  /** A message or tag of `type` has begun, with these two bytes. */
  protected mediaBegins(type: number, timestampMs: number, first: number, second: number): void {
    this.#isPicture = false;
    this.#isKeyFrame = false;
    this.#isAudio = type === AUDIO;
    if (type === VIDEO) this.#checkVideo(timestampMs, first >> 4, second);
    if (type !== AUDIO) return;
    if (timestampMs < this.#lastAudioMs) this.#wentBack("audio", this.#lastAudioMs, timestampMs);
    this.#lastAudioMs = timestampMs;
  }

  /** What began last has come whole. */
  protected mediaEnds(): void {
    if (this.#isPicture) this.videoFrames++;
    if (this.#isKeyFrame) this.keyFrames++;
    if (this.#isAudio) this.audioTags++;
  }

  protected fault(message: string): void {
    this.errors++;
    this.firstError ??= message;
  }

  #checkVideo(timestampMs: number, frameType: number, packetType: number): void {
    if (packetType === AVC_CONFIGURATION) {
      this.#configured = true;
      this.#keyFrameDue = true;
      return;
    }
    if (packetType !== AVC_PICTURE) return;
    this.#isPicture = true;
    this.#isKeyFrame = frameType === KEY_FRAME;
    if (!this.#configured) this.fault("picture before its configuration");
    else if (this.#keyFrameDue && !this.#isKeyFrame) this.fault("first picture is no key frame");
    this.#keyFrameDue = false;
    if (timestampMs < this.#lastVideoMs) this.#wentBack("video", this.#lastVideoMs, timestampMs);
    else if (this.#lastVideoMs >= 0 && timestampMs - this.#lastVideoMs > GAP_MS) this.gaps++;
    this.#lastVideoMs = timestampMs;
  }

  #wentBack(track: string, lastMs: number, timestampMs: number): void {
    this.fault(`${track} timestamp went back from ${lastMs} to ${timestampMs} ms`);
  }
}
