import type { ServerSession } from "../rtmp/server_session.ts";

/** What is to be sent besides the session's own messages, whole messages at a time. */
export interface PieceSource {
  /** The next piece, which must not change; `undefined` if there is none now. */
  next(): Uint8Array<ArrayBuffer> | undefined;
}

/** What of the session may wait for a peer that does not read before the peer is read no further. */
const MAX_WAITING_BYTES = 16 * 1024;

/**
 * Sends all that goes to a peer, a piece at a time: first what the session says, such as answers to
 * pings, then pieces of each source in turn, as far as the peer's window allows. Nothing is queued but
 * the session's few words.
 */
export class RtmpOutput {
  readonly #conn: Pick<Deno.Conn, "write">;
  readonly #session: ServerSession;
  readonly #lost: (error: unknown) => void;
  readonly #sources: PieceSource[] = [];
  /** Of the source whose turn it is. */
  #turn = 0;
  #isRunning = false;
  #stuckSinceMs: number | undefined;
  #waiting: (() => void)[] = [];

  /** @param lost called when the connection cannot be written to */
  constructor(
    conn: Pick<Deno.Conn, "write">,
    session: ServerSession,
    lost: (error: unknown) => void,
  ) {
    this.#conn = conn;
    this.#session = session;
    this.#lost = lost;
  }

  /** Since when the peer has taken nothing of what is being written. */
  get stuckSinceMs(): number | undefined {
    return this.#stuckSinceMs;
  }

  add(source: PieceSource): void {
    this.#sources.push(source);
  }

  remove(source: PieceSource): void {
    const at = this.#sources.indexOf(source);
    if (at >= 0) this.#sources.splice(at, 1);
  }

  /** There is something to send. */
  wake(): void {
    if (!this.#isRunning) void this.#run();
  }

  /** Waits until the session has not too much that is not sent. */
  async room(): Promise<void> {
    while (this.#isRunning && this.#session.outputLength > MAX_WAITING_BYTES) await this.#change();
  }

  /** Waits until there is nothing to send. */
  async idle(): Promise<void> {
    while (this.#isRunning) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
        for (let rest = piece; rest.length > 0;) {
          this.#stuckSinceMs = performance.now();
          const written = await this.#conn.write(rest);
          rest = rest.subarray(written);
        }
        if (this.#waiting.length > 0) this.#tellWaiting();
      }
    } catch (error) {
      this.#sources.length = 0;
      this.#lost(error);
    } finally {
      this.#isRunning = false;
      this.#stuckSinceMs = undefined;
      this.#tellWaiting();
    }
  }

  #next(): Uint8Array<ArrayBuffer> | undefined {
    return this.#session.takeOutput() ?? this.#nextOfSources() ??
      // A source that has come to its end may have made the session say so.
      this.#session.takeOutput();
  }

  #nextOfSources(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#sources.length === 0 || !this.#session.maySendMedia(performance.now())) {
      return undefined;
    }
    for (let tries = this.#sources.length; tries > 0; tries--) {
      this.#turn = (this.#turn + 1) % this.#sources.length;
      const piece = this.#sources[this.#turn]!.next();
      if (piece !== undefined) {
        this.#session.noteSent(piece.length);
        return piece;
      }
      // It may have been the last of its source, which is removed then.
      if (this.#sources.length === 0) return undefined;
    }
    return undefined;
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
