import type { PeerConn } from "../../net/connection_listener.ts";
import type { TimeShare } from "../../time_slice.ts";

/** Requests are small: a browser's head is half of this. */
const READ_BUFFER_SIZE = 2048;

/** What a client sends, read piece by piece for whoever takes it just now. */
export class ClientInput {
  readonly #conn: PeerConn;
  readonly #share: TimeShare;
  readonly #buffer = new Uint8Array(READ_BUFFER_SIZE);
  /** The read that is going on: it outlives the response during which it was begun. */
  #reading: Promise<boolean> | undefined;
  #take: (piece: Uint8Array) => void;

  /**
   * @param share of the thread's time, which taking a piece costs
   * @param take must copy what it keeps
   */
  constructor(conn: PeerConn, share: TimeShare, take: (piece: Uint8Array) => void) {
    this.#conn = conn;
    this.#share = share;
    this.#take = take;
  }

  /** Has another take what comes from now on, also by a read that is going on. */
  giveTo(take: (piece: Uint8Array) => void): void {
    this.#take = take;
  }

  /** Resolves when something has come and was taken; false at the end. */
  read(): Promise<boolean> {
    this.#reading ??= this.#readOnce();
    return this.#reading;
  }

  async #readOnce(): Promise<boolean> {
    try {
      const length = await this.#conn.read(this.#buffer);
      if (length === null) return false;
      this.#share.begin(performance.now());
      this.#take(this.#buffer.subarray(0, length));
      await this.#share.pause();
      return true;
    } finally {
      this.#reading = undefined;
    }
  }
}
