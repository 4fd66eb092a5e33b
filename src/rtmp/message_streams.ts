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
    if (this.#states.size >= this.#maxStreams) {
      throw new RtmpError(`Cannot create stream: at most ${this.#maxStreams} on a connection`);
    }
    let id = 1;
    while (this.#states.has(id)) id++;
    this.#states.set(id, { kind: "open" });
    return id;
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
}
