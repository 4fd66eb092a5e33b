import { RtmpError } from "../rtmp_error.ts";

/** A play command that is not decided on. */
export interface PlayRequest {
  readonly name: string;
  /** Whether what was played before is over; else the player goes on with it until this begins. */
  readonly mode: "reset" | "append" | "transition";
}

/** How far a message stream has come; `name` is that of its publication, or of what it plays. */
type StreamState =
  | { readonly kind: "open" }
  | { readonly kind: "awaiting decision"; readonly name: string }
  | { readonly kind: "publishing"; readonly name: string }
  | {
    readonly kind: "asking to play";
    readonly request: PlayRequest;
    /** What goes on if a transition is refused. */
    readonly playing: string | undefined;
  }
  | { readonly kind: "playing"; readonly name: string };

/** The tracks that a peer wants of what it plays. */
export interface ReceivedTracks {
  readonly audio: boolean;
  readonly video: boolean;
}

const ALL_TRACKS: ReceivedTracks = { audio: true, video: true };

/** The message streams of one connection and what each is doing. */
export class MessageStreams {
  readonly #maxStreams: number;
  readonly #states = new Map<number, StreamState>();
  /** Of streams that do not want all tracks. */
  readonly #received = new Map<number, ReceivedTracks>();

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
      const isPublication = state.kind === "publishing" || state.kind === "awaiting decision";
      if (isPublication && state.name === name) return id;
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

  /** Notes that the peer asked to play on a stream that neither publishes nor was deleted. */
  requestPlay(id: number, request: PlayRequest): void {
    const state = this.#states.get(id);
    const playing = state?.kind === "playing" ? state.name : undefined;
    const goesOn = request.mode === "transition" ? playing : undefined;
    this.#states.set(id, { kind: "asking to play", request, playing: goesOn });
  }

  /** Begins to play what was asked for, and returns that; `undefined` if there is nothing. */
  acceptPlay(id: number): PlayRequest | undefined {
    const state = this.#states.get(id);
    if (state?.kind !== "asking to play") return undefined;
    this.#states.set(id, { kind: "playing", name: state.request.name });
    return state.request;
  }

  /** Leaves what a play command has asked for; returns that, or `undefined` if there is nothing. */
  refusePlay(id: number): PlayRequest | undefined {
    const state = this.#states.get(id);
    if (state?.kind !== "asking to play") return undefined;
    const { playing } = state;
    this.#states.set(
      id,
      playing === undefined ? { kind: "open" } : {
        kind: "playing",
        name: playing,
      },
    );
    return state.request;
  }

  /** Ends what is played, but not what is asked for. */
  finishPlay(id: number): void {
    const state = this.#states.get(id);
    if (state?.kind === "playing") this.#states.set(id, { kind: "open" });
    if (state?.kind === "asking to play") this.#states.set(id, { ...state, playing: undefined });
  }

  /** What a stream plays, or goes on playing while it asks for something else. */
  playedName(id: number): string | undefined {
    const state = this.#states.get(id);
    if (state?.kind === "asking to play") return state.playing;
    return state?.kind === "playing" ? state.name : undefined;
  }

  /** What a stream plays, or else what it asks to play. */
  wantedName(id: number): string | undefined {
    const state = this.#states.get(id);
    if (state?.kind === "asking to play") return state.playing ?? state.request.name;
    return state?.kind === "playing" ? state.name : undefined;
  }

  /** The tracks that the peer wants on a stream. */
  receivedTracks(id: number): ReceivedTracks {
    return this.#received.get(id) ?? ALL_TRACKS;
  }

  /** Sets the tracks that the peer wants on a stream, if that is open. */
  setReceivedTracks(id: number, tracks: ReceivedTracks): void {
    if (this.#states.has(id)) this.#received.set(id, tracks);
  }

  /** Ends what a stream does, decided on or not; returns what that was, or `undefined`. */
  end(id: number): Exclude<StreamState["kind"], "open"> | undefined {
    const kind = this.kindOf(id);
    if (kind === undefined || kind === "open") return undefined;
    this.#states.set(id, { kind: "open" });
    return kind;
  }

  /** Forgets a stream; its id is free again. */
  delete(id: number): void {
    this.#states.delete(id);
    this.#received.delete(id);
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
