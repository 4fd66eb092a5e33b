/** When to acknowledge if the peer does not say: what Flash Media Server uses. */
export const DEFAULT_ACKNOWLEDGEMENT_WINDOW = 2_500_000;

/**
 * The smallest window that is kept to, in either direction: a smaller one, meant or not, would make
 * an acknowledgement of sixteen bytes for every few, or stop a stream within a picture.
 */
export const MIN_ACKNOWLEDGEMENT_WINDOW = 1024;

/**
 * How long a full window holds media back. Acknowledgements come within a round trip from a peer
 * that sends them; one that has stopped sending them must not stop its own stream.
 */
export const MAX_ACKNOWLEDGEMENT_WAIT_MS = 1000;

/**
 * What may be under way beyond a window: peers that do not count the handshake's 3,073 bytes, as
 * ffmpeg, acknowledge a window only when so much more has come, and would be waited for each time.
 */
export const WINDOW_SLACK = 4096;

/** Sequence numbers of acknowledgements wrap around. */
const SEQUENCE_RANGE = 2 ** 32;

/** Tells when to acknowledge what has come from the peer (RTMP 5.4.3, 5.4.4). */
export class ReceiveWindow {
  #size = DEFAULT_ACKNOWLEDGEMENT_WINDOW;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;

  /** Sets what the peer asked for by Window Acknowledgement Size; 0 asks for nothing special. */
  setSize(size: number): void {
    this.#size = size === 0
      ? DEFAULT_ACKNOWLEDGEMENT_WINDOW
      : Math.max(size, MIN_ACKNOWLEDGEMENT_WINDOW);
  }

  /** Notes bytes received, those of the handshake included. */
  add(byteCount: number): void {
    this.#receivedBytes += byteCount;
  }

  /** The sequence number to acknowledge, once each window; `undefined` if it is too early. */
  takeAcknowledgement(): number | undefined {
    if (this.#receivedBytes - this.#acknowledgedBytes < this.#size) return undefined;
    this.#acknowledgedBytes = this.#receivedBytes;
    return this.#receivedBytes % SEQUENCE_RANGE;
  }
}

/**
 * What has been sent and is not acknowledged yet, against the window that the peer has set.
 *
 * Players exist that set a window and never acknowledge, or stop to: so a window counts only once
 * an acknowledgement has come, and holds media back for {@linkcode MAX_ACKNOWLEDGEMENT_WAIT_MS} at
 * most; then it is forgotten until the next acknowledgement. Nothing can wait for ever.
 */
export class SendWindow {
  #size: number | undefined;
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  #isAcknowledging = false;
  #fullSinceMs: number | undefined;

  /** Sets the bytes that may be under way; smaller windows than the least one are taken as that. */
  setSize(size: number): void {
    this.#size = Math.max(size, MIN_ACKNOWLEDGEMENT_WINDOW);
  }

  /** Notes bytes sent, of whatever kind. */
  add(byteCount: number): void {
    this.#sentBytes += byteCount;
  }

  /** Takes the peer's acknowledgement: the bytes that it has received, modulo 2^32. */
  acknowledge(sequence: number): void {
    const before = this.#acknowledgedBytes % SEQUENCE_RANGE;
    const progress = (sequence - before + SEQUENCE_RANGE) % SEQUENCE_RANGE;
    // More than was sent: it counts otherwise than we do, and cannot be waited for.
    this.#isAcknowledging = this.#acknowledgedBytes + progress <= this.#sentBytes;
    if (!this.#isAcknowledging) return;
    this.#acknowledgedBytes += progress;
  }

  /** Bytes sent that the peer has not acknowledged. */
  get outstandingBytes(): number {
    return this.#sentBytes - this.#acknowledgedBytes;
  }

  /** Whether media may be sent now; false never lasts longer than the wait allowed. */
  maySend(nowMs: number): boolean {
    const isFull = this.#size !== undefined && this.#isAcknowledging &&
      this.outstandingBytes >= this.#size + WINDOW_SLACK;
    if (!isFull) {
      this.#fullSinceMs = undefined;
      return true;
    }
    this.#fullSinceMs ??= nowMs;
    if (nowMs - this.#fullSinceMs < MAX_ACKNOWLEDGEMENT_WAIT_MS) return false;
    this.#isAcknowledging = false;
    this.#fullSinceMs = undefined;
    return true;
  }
}
