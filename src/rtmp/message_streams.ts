import { RtmpError } from "./rtmp_error.ts";

/** How far a message stream has come; `name` is that of its publication. */
type StreamState =
  | { readonly kind: "open" }
  | { readonly kind: "awaiting decision"; readonly name: string }
  | { readonly kind: "publishing"; readonly name: string };

/** The message streams of one connection and what each is doing. */
export class MessageStreams {
  readonly #maxStreams: number;
  readonly #states = new Map<number, StreamState>();

  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
  }

  /**
   * Opens a stream and returns its id, the lowest that is free: 1 is what clients expect first.
   *
   * @throws {RtmpError} if too many are open.
   */
  open(): number {
    let id = 1;
    while (this.#states.has(id)) id++;
    this.openAs(id);
    return id;
  }

  /**
   * Opens the stream that the peer takes to be open: encoders guess an id, or publish on 0, the
   * connection's own. Does nothing if it is open.
   *
   * @throws {RtmpError} if too many are open.
   */
  openAs(id: number): void {
    if (this.#states.has(id)) return;
    if (this.#states.size >= this.#maxStreams) {
      throw new RtmpError(`Cannot create stream: at most ${this.#maxStreams} on a connection`);
    }
    this.#states.set(id, { kind: "open" });
  }

  /** What a stream is doing; `undefined` if it is not open. */
  kindOf(id: number): StreamState["kind"] | undefined {
    return this.#states.get(id)?.kind;
  }

  /** The stream that `name` is published on, or is asked to be. */
  idOf(name: string): number | undefined {
    for (const [id, state] of this.#states) {
      if (state.kind !== "open" && state.name === name) return id;
    }
    return undefined;
  }

  /**
   * The stream that media on `id` belongs to, or `undefined` if nothing is published there.
   *
   * Many servers look at no stream ids, so that encoders get away with wrong ones: media on a stream
   * that was never opened belongs to the only publication, and so does all media if that is on 0.
   */
  publicationOn(id: number): number | undefined {
    const kind = this.kindOf(id);
    if (kind === "publishing") return id;
    const only = this.#onlyPublication();
    return kind === undefined || only === 0 ? only : undefined;
  }

  /** Notes that the peer asked to publish `name` on an open stream. */
  request(id: number, name: string): void {
    this.#states.set(id, { kind: "awaiting decision", name });
  }

  /** Starts the publication asked for and returns its name; `undefined` if there is none. */
  accept(id: number): string | undefined {
    const state = this.#states.get(id);
    if (state?.kind !== "awaiting decision") return undefined;
    this.#states.set(id, { kind: "publishing", name: state.name });
    return state.name;
  }

  /** Ends the publication, decided on or not; returns whether there was one. */
  end(id: number): boolean {
    const kind = this.kindOf(id);
    if (kind === undefined || kind === "open") return false;
    this.#states.set(id, { kind: "open" });
    return true;
  }

  /** Forgets a stream; its id is free again. */
  delete(id: number): void {
    this.#states.delete(id);
  }

  #onlyPublication(): number | undefined {
    let only: number | undefined;
    for (const [id, { kind }] of this.#states) {
      if (kind !== "publishing") continue;
      if (only !== undefined) return undefined;
      only = id;
    }
    return only;
  }
}
