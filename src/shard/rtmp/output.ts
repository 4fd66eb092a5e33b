import type { ServerSession } from "../../rtmp/session/server_session.ts";

type Piece = Uint8Array<ArrayBuffer>;

/** What is to be sent besides the session's own messages, whole messages at a time. */
export interface PieceSource {
  /** The next piece, which must not change; `undefined` if there is none now. */
  next(): Piece | undefined;
}

/** What becomes of what is sent. */
export interface OutputEvents {
  /** The connection cannot be written to. */
  readonly lost: (error: unknown) => void;
  /** The kernel has taken so many bytes. */
  readonly sent: (bytes: number) => void;
}

/** What of the session may wait for a peer that does not read before the peer is read no further. */
const MAX_WAITING_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * Sends all that goes to a peer, a piece at a time: first what the session says, such as answers to
 * pings, then pieces of each source in turn, as far as the peer's window allows. Nothing is queued
 * but the session's few words.
 *
 * There is a write for each player and picture, so it costs as little as can be: no async function,
 * no view of what is sent as a whole.
 */
export class RtmpOutput {
  readonly #conn: Pick<Deno.Conn, "write">;
  readonly #session: ServerSession;
  readonly #lost: (error: unknown) => void;
  readonly #sent: (bytes: number) => void;
  readonly #sources: PieceSource[] = [];
  /** Of the source whose turn it is. */
  #turn = 0;
  #state: "idle" | "writing" | "lost" = "idle";
  /** What is being written. */
  #piece: Piece = NOTHING;
  /** Writes begun: as long as it grows, the peer takes what it is sent. */
  #writes = 0;
  #watched = { writes: 0, sinceMs: 0 };
  #waiting: (() => void)[] = [];

  constructor(
    conn: Pick<Deno.Conn, "write">,
    session: ServerSession,
    { lost, sent }: OutputEvents,
  ) {
    this.#conn = conn;
    this.#session = session;
    this.#lost = lost;
    this.#sent = sent;
  }

  /** What is being written. */
  get piece(): Piece | undefined {
    return this.#state === "writing" ? this.#piece : undefined;
  }

  /** Since when, as {@linkcode stuckMs} has seen it. */
  get pieceSinceMs(): number {
    return this.#watched.sinceMs;
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
    if (this.#state === "idle") this.#writeNext();
  }

  /** How long the peer has taken nothing for sure. To be called every second or so. */
  stuckMs(nowMs: number): number {
    const isStuck = this.#state === "writing" && this.#writes === this.#watched.writes;
    if (!isStuck) this.#watched = { writes: this.#writes, sinceMs: nowMs };
    return nowMs - this.#watched.sinceMs;
  }

  /** Waits until the session has not too much that is not sent. */
  async room(): Promise<void> {
    while (this.#state === "writing" && this.#session.outputLength > MAX_WAITING_BYTES) {
      await this.#change();
    }
  }

  /** Waits until there is nothing to send. */
  async idle(): Promise<void> {
    while (this.#state === "writing") await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #writeNext(): void {
    // First of all: what is asked for the next piece may wake this again.
    this.#state = "writing";
    const piece = this.#next();
    if (piece !== undefined) return this.#write(piece);
    this.#state = "idle";
    this.#piece = NOTHING;
    this.#tellWaiting();
  }

  #write(piece: Piece): void {
    this.#writes++;
    this.#piece = piece;
    this.#conn.write(piece).then(this.#written, this.#failed);
  }

  readonly #written = (length: number): void => {
    this.#sent(length);
    if (length < this.#piece.length) return this.#write(this.#piece.subarray(length));
    if (this.#waiting.length > 0) this.#tellWaiting();
    this.#writeNext();
  };

  readonly #failed = (error: unknown): void => {
    this.#state = "lost";
    this.#piece = NOTHING;
    this.#tellWaiting();
    this.#lost(error);
  };

  #next(): Piece | undefined {
    if (this.#session.outputLength > 0) return this.#session.takeOutput();
    // A source that has come to its end may make the session say so.
    return this.#nextOfSources() ?? this.#session.takeOutput();
  }

  #nextOfSources(): Piece | undefined {
    if (this.#sources.length === 0 || !this.#session.maySendMedia(performance.now())) {
      return undefined;
    }
    for (let tries = this.#sources.length; tries > 0; tries--) {
      this.#turn = this.#turn + 1 < this.#sources.length ? this.#turn + 1 : 0;
      // The one before may have been removed, with its last piece sent.
      const piece = this.#sources[this.#turn]?.next();
      if (piece === undefined) continue;
      this.#session.noteSent(piece.length);
      return piece;
    }
    return undefined;
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
