import { LogState } from "../../../stream/log_layout.ts";
import type { ControlLink } from "../../control_link.ts";
import type { LiveStream } from "../../live/live_stream.ts";
import type { Streams } from "../../live/streams.ts";
import type { Viewers } from "../../live/viewers.ts";
import type { ForwardedResponse, SessionStatesRequest } from "../routing/forwarded_request.ts";
import {
  layersJson,
  type SessionEventName,
  sessionEvents,
  type SessionFacts,
} from "./session_facts.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Ticks without news after which something is sent: proxies end silent connections. */
const QUIET_TICKS = 10;

/** Ticks in which nobody answers for a session, after which it is taken for over. */
const MAX_SILENT_TICKS = 5;

/** Sessions that one request asks about. */
const SESSIONS_PER_REQUEST = 500;

const encoder = new TextEncoder();
/** A comment. */
const ALIVE: Bytes = encoder.encode(":\n\n");

/** A stream of a session's events, wherever the session is. */
export interface FollowedSession {
  /** Of the stream of events: `{session}/{id}`. */
  readonly key: string;
  /** Where the session is. */
  readonly shard: number;
  readonly path: string;
  /** Of its SDP, in which the pictures are; `undefined` if it has none. */
  readonly videoSection: number | undefined;
  readonly wanted: ReadonlySet<SessionEventName>;
}

/**
 * What is known of a session where it is; `null` if it is over, "renewed" if it is so because its viewer
 * needs another.
 */
export type SessionState = { readonly quality: string | undefined } | "renewed" | null;

/** In the order of what was asked. */
export type SessionStates = readonly SessionState[];

interface Follower {
  readonly session: FollowedSession;
  readonly controller: ReadableStreamDefaultController<Bytes>;
  told: SessionFacts | undefined;
  /** The latest that is known of what only the session's shard knows. */
  quality: string | undefined;
  quietTicks: number;
  silentTicks: number;
}

/** What those who follow sessions need of their shard. */
export interface SessionFollowersContext {
  readonly shard: number;
  readonly streams: Streams;
  readonly viewers: Pick<Viewers, "countOf">;
  readonly control: Pick<ControlLink, "forward">;
  /** Answers about sessions of this shard. */
  readonly statesOf: (keys: readonly string[]) => SessionStates;
}

/**
 * Those who follow the events of sessions, of which most are on other shards. What a stream does, every
 * shard knows; for the rest each other shard is asked once a second, about all sessions together.
 */
export class SessionFollowers {
  readonly #context: SessionFollowersContext;
  /** By the key of what they follow: who comes again has lost its connection before. */
  readonly #followers = new Map<string, Follower>();
  /** Shards that have not answered yet. */
  readonly #asked = new Set<number>();
  #isLeaving = false;

  constructor(context: SessionFollowersContext) {
    this.#context = context;
  }

  /** Events from now on, until the session is over or they are cancelled. */
  follow(session: FollowedSession): ReadableStream<Bytes> {
    const before = this.#followers.get(session.key);
    if (before !== undefined) this.#end(before);
    let follower: Follower;
    return new ReadableStream<Bytes>({
      start: (controller) => {
        follower = {
          session,
          controller,
          told: undefined,
          quality: undefined,
          quietTicks: 0,
          silentTicks: 0,
        };
        this.#followers.set(session.key, follower);
        this.#tell(follower, new Map());
      },
      cancel: () => void this.#remove(follower),
    }, { highWaterMark: 1 });
  }

  /** Tells what is new. To be called every second. */
  async tick(): Promise<void> {
    const byShard = Map.groupBy(this.#followers.values(), ({ session: { shard } }) => shard);
    await Promise.all([...byShard].map(([shard, followers]) => this.#update(shard, followers)));
  }

  /** The server takes nobody any more, and ends: viewers are to go elsewhere. */
  sendAway(): void {
    this.#isLeaving = true;
    for (const follower of this.#followers.values()) this.#tell(follower, new Map());
  }

  /** Ends all. */
  close(): void {
    for (const follower of [...this.#followers.values()]) this.#end(follower);
  }

  async #update(shard: number, followers: readonly Follower[]): Promise<void> {
    // One that takes longer than a second to answer is asked again after that.
    if (this.#asked.has(shard)) return;
    this.#asked.add(shard);
    try {
      await this.#ask(shard, followers);
    } finally {
      this.#asked.delete(shard);
    }
    const layers = new Map<string, string | undefined>();
    for (const follower of followers) {
      if (this.#isThere(follower)) this.#tell(follower, layers);
    }
  }

  async #ask(shard: number, followers: readonly Follower[]): Promise<void> {
    for (let at = 0; at < followers.length; at += SESSIONS_PER_REQUEST) {
      const asked = followers.slice(at, at + SESSIONS_PER_REQUEST);
      const states = await this.#statesAt(shard, asked.map(({ session: { key } }) => key));
      asked.forEach((follower, at) => this.#take(follower, states && (states[at] ?? null)));
    }
  }

  async #statesAt(shard: number, keys: readonly string[]): Promise<SessionStates | undefined> {
    if (shard === this.#context.shard) return this.#context.statesOf(keys);
    const request: SessionStatesRequest = { kind: "session-states", keys };
    const response = await this.#context.control.forward(shard, request);
    return response && statesIn(response);
  }

  /** @param state `undefined` if nobody answered */
  #take(follower: Follower, state: SessionState | undefined): void {
    follower.silentTicks = state === undefined ? follower.silentTicks + 1 : 0;
    if (state === "renewed") return this.#renew(follower);
    if (state) follower.quality = state.quality;
    if (state === null || follower.silentTicks >= MAX_SILENT_TICKS) this.#end(follower);
  }

  /** Its session is over, and may be followed by another: the last that it is told. */
  #renew(follower: Follower): void {
    const { session: { wanted }, told, controller } = follower;
    const event = told && sessionEvents(told, { ...told, isToReconnect: true }, wanted);
    if (event !== undefined && this.#isThere(follower)) controller.enqueue(encoder.encode(event));
    this.#end(follower);
  }

  #end(follower: Follower): void {
    // Its reader may have gone meanwhile.
    if (this.#remove(follower)) follower.controller.close();
  }

  /** Whether it was still there. */
  #remove(follower: Follower): boolean {
    return this.#isThere(follower) && this.#followers.delete(follower.session.key);
  }

  #isThere(follower: Follower): boolean {
    return this.#followers.get(follower.session.key) === follower;
  }

  /** @param layers what was found out for others in this turn */
  #tell(follower: Follower, layers: Map<string, string | undefined>): void {
    const { session, controller, told } = follower;
    // One that has not taken the news before is told the newest when it has.
    if (told !== undefined && (controller.desiredSize ?? 0) <= 0) return;
    const facts = this.#factsOf(follower, layers);
    const events = sessionEvents(told, facts, session.wanted);
    follower.told = facts;
    follower.quietTicks = events === undefined ? follower.quietTicks + 1 : 0;
    if (events !== undefined) controller.enqueue(encoder.encode(events));
    else if (follower.quietTicks >= QUIET_TICKS) {
      follower.quietTicks = 0;
      controller.enqueue(ALIVE);
    }
  }

  #factsOf(
    { session: { path, videoSection, wanted }, quality }: Follower,
    layers: Map<string, string | undefined>,
  ): SessionFacts {
    const { streams, viewers } = this.#context;
    const stream = streams.byPath(path);
    const key = `${videoSection} ${path}`;
    if (videoSection !== undefined && wanted.has("layers") && !layers.has(key)) {
      layers.set(key, stream && layersOf(stream, videoSection, performance.now()));
    }
    return {
      isLive: stream?.log.state === LogState.live,
      viewers: viewers.countOf(path),
      layers: layers.get(key),
      quality,
      isToReconnect: this.#isLeaving,
    };
  }
}

/** The answer to a {@linkcode SessionStatesRequest}. */
export function statesResponse(states: SessionStates): ForwardedResponse {
  return { status: 200, headers: {}, body: encoder.encode(JSON.stringify(states)) };
}

function statesIn({ body }: ForwardedResponse): SessionStates {
  return JSON.parse(new TextDecoder().decode(body));
}

function layersOf({ renditions }: LiveStream, section: number, nowMs: number): string | undefined {
  const list = renditions.recent(nowMs);
  return list.length === 0 ? undefined : layersJson(list, section);
}
