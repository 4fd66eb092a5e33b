import type { AccessDecision, Allowed } from "../../access/access.ts";
import { withoutKeys } from "../../access/stream_keys.ts";
import type { PauseEvent, PlayEvent, ReceiveEvent } from "../../rtmp/session/event.ts";
import type { TrackSelection } from "../../stream/track_selection.ts";
import { streamPath } from "../../stream/stream_path.ts";
import type { LiveStream } from "../live/live_stream.ts";
import { Ticket, type ViewerRequest } from "../live/ticket.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { RtmpLink } from "./context.ts";
import { questionOf } from "./question.ts";
import { PLAYER_FORM, RtmpPlayer } from "./player.ts";
import { type AskedTracks, missingTrack, trackQuery } from "../live/track_query.ts";

/** What a peer asks to play. */
interface AskedPlay {
  readonly event: PlayEvent;
  readonly selection: AskedTracks;
  readonly asked: ViewerRequest["asked"];
  /** When, by `performance.now`. */
  readonly askedAtMs: number;
}

/** A player that may play, and whose stream is not there. */
interface Wait extends AskedPlay {
  readonly allowed: Allowed;
  readonly path: string;
  readonly begin: (stream: LiveStream) => void;
  readonly sinceMs: number;
  /** What it wants by its commands, which may change meanwhile. */
  received: TrackSelection;
  isPaused: boolean;
}

interface Played {
  readonly player: RtmpPlayer;
  readonly ticket: Ticket;
}

/** What is played over a connection, by message stream. */
export class RtmpPlaying {
  readonly #link: RtmpLink;
  readonly #ended: () => void;
  readonly #players = new Map<number, Played>();
  readonly #waits = new Map<number, Wait>();
  readonly #repeats = new RepeatLog();
  #hasPlayed = false;
  #isClosed = false;

  /** @param ended called when something that was played is over, or could not be played */
  constructor(link: RtmpLink, ended: () => void) {
    this.#link = link;
    this.#ended = ended;
  }

  get isActive(): boolean {
    return this.#players.size > 0 || this.#waits.size > 0;
  }

  /** Whether something is played, and not only waited for. */
  get hasPlayers(): boolean {
    return this.#players.size > 0;
  }

  /** Whether anything was ever played, or asked for. */
  get hasPlayed(): boolean {
    return this.#hasPlayed;
  }

  /** The peer asked for what no server can play, or it may not, and has been told so. */
  noteRefusal(reason: string): void {
    const { viewers, protocol, log } = this.#link;
    viewers.noteRefusal(protocol);
    const count = this.#repeats.note("refused", performance.now());
    if (count === undefined) return;
    // What the peer was told is a sentence, and this goes on.
    const facts = { reason: withoutKeys(reason).replace(/\.$/, ""), count };
    log.info("{peer} cannot play: {reason} ({count} so far)", facts);
  }

  /** @returns a promise if somebody else decides: the session must wait for it */
  play(event: PlayEvent, nowMs: number): Promise<void> | undefined {
    this.#hasPlayed = true;
    const { streamId, isTransition } = event;
    if (!isTransition) this.stop(streamId);
    const target = streamPath(event.app, event.name);
    if ("problem" in target) {
      return void this.#refuse(streamId, "NetStream.Play.StreamNotFound", target.problem);
    }
    const selection = trackQuery(new URLSearchParams(event.query));
    if ("problem" in selection) {
      return void this.#refuse(streamId, "NetStream.Play.Failed", `${selection.problem}.`);
    }
    const asked = questionOf(this.#link, "play", event, target.path);
    const decision = this.#link.access.decide(asked);
    if (!(decision instanceof Promise)) {
      return void this.#onDecided({ event, selection, asked, askedAtMs: nowMs }, decision, nowMs);
    }
    return decision.then((decision) => {
      // The peer is told nothing any more, and nobody is to wait for it.
      if (this.#isClosed) return this.#link.viewers.turnAway(asked, decision, "it has left");
      this.#onDecided({ event, selection, asked, askedAtMs: nowMs }, decision, performance.now());
    });
  }

  #onDecided(play: AskedPlay, decision: AccessDecision, nowMs: number): void {
    const { event: { streamId, isTransition, audio, video } } = play;
    if (decision.kind === "refuse") {
      // The access log tells why.
      this.#link.viewers.noteRefusal(this.#link.protocol);
      return this.#tellRefusal(streamId, "NetStream.Play.Failed", decision.reason);
    }
    const path = decision.path ?? play.asked.path;
    const wait: Wait = {
      ...play,
      allowed: decision,
      path,
      begin: (stream: LiveStream) => this.#begin(streamId, stream, wait),
      sinceMs: nowMs,
      received: { audio, video },
      isPaused: false,
    };
    const stream = this.#link.streams.byPath(path);
    if (stream !== undefined) return wait.begin(stream);
    if (isTransition) {
      return this.#turnAway(wait, "NetStream.Play.Failed", `The stream ${path} is not live.`);
    }
    this.#link.streams.await(path, wait.begin);
    this.#waits.set(streamId, wait);
    this.#link.log.debug("{peer} waits for {path}", { path: withoutKeys(path) });
    this.sweep(nowMs);
  }

  pause({ streamId, isPaused }: PauseEvent): void {
    this.#players.get(streamId)?.player.setPaused(isPaused);
    const wait = this.#waits.get(streamId);
    if (wait !== undefined) wait.isPaused = isPaused;
  }

  receive({ streamId, audio, video }: ReceiveEvent): void {
    this.#players.get(streamId)?.player.receive({ audio, video });
    const wait = this.#waits.get(streamId);
    if (wait !== undefined) wait.received = { audio, video };
  }

  /** The peer plays no more, or waits no more. */
  stop(streamId: number, why = "it has left"): void {
    const wait = this.#stopWaiting(streamId);
    if (wait !== undefined) this.#link.viewers.turnAway(wait.asked, wait.allowed, why);
    this.#players.get(streamId)?.player.leave();
    this.#forget(streamId, why);
  }

  /** Refuses those that have waited for too long. */
  sweep(nowMs: number): void {
    const { playWaitMs } = this.#link.settings.timeouts;
    for (const [streamId, wait] of [...this.#waits]) {
      if (nowMs - wait.sinceMs < playWaitMs) continue;
      this.#stopWaiting(streamId);
      const problem = `The stream ${wait.path} is not live.`;
      this.#turnAway(wait, "NetStream.Play.StreamNotFound", problem);
    }
  }

  /** The connection is gone. */
  close(why: string): void {
    this.#isClosed = true;
    const streamIds = [...this.#waits.keys(), ...this.#players.keys()];
    for (const streamId of streamIds) this.stop(streamId, why);
  }

  #begin(streamId: number, stream: LiveStream, wait: Wait): void {
    const { viewers, say, from, protocol, holder } = this.#link;
    const { selection, asked, allowed, askedAtMs, path } = wait;
    this.#stopWaiting(streamId);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) {
      return this.#turnAway(wait, "NetStream.Play.StreamNotFound", `${missing}.`);
    }
    const before = this.#players.get(streamId);
    // Who goes over to another stream leaves its place first.
    const full = before === undefined ? viewers.refusal(protocol, from.hostname) : undefined;
    if (full !== undefined) {
      return this.#turnAway(wait, "NetStream.Play.Failed", `${full.reason}.`);
    }
    const audience = stream.audience(PLAYER_FORM, selection, holder);
    if (typeof audience === "string") {
      return this.#turnAway(wait, "NetStream.Play.Failed", `${audience}.`);
    }
    // To go over to the same stream means to stay.
    if (before?.player.stream === stream) {
      viewers.turnAway(asked, allowed, "it stays with the stream");
      return say((session) => session.acceptPlay(streamId));
    }
    this.stop(streamId, "it went over to another stream");
    const ticket = viewers.admit({ asked, allowed, askedAtMs, path, from });
    if (!(ticket instanceof Ticket)) {
      return this.#turnAway(wait, "NetStream.Play.Failed", `${ticket.reason}.`);
    }
    say((session) => session.acceptPlay(streamId));
    const finished = (why: string) => {
      this.#forget(streamId, why);
      this.#ended();
    };
    const play = { streamId, stream, selection, askedAtMs, finished };
    const player = new RtmpPlayer(this.#link, play, wait.received);
    this.#players.set(streamId, { player, ticket });
    ticket.begin(player);
    if (wait.isPaused) player.setPaused(true);
    player.begin();
  }

  /** Nothing comes of what it was let in to. */
  #turnAway({ event, asked, allowed }: Wait, code: string, description: string): void {
    this.#link.viewers.turnAway(asked, allowed, description);
    this.#refuse(event.streamId, code, description);
  }

  #refuse(streamId: number, code: string, description: string): void {
    this.noteRefusal(description);
    this.#tellRefusal(streamId, code, description);
  }

  #tellRefusal(streamId: number, code: string, description: string): void {
    this.#link.say((session) => session.refusePlay(streamId, code, description));
    this.#ended();
  }

  /** Returns what was waited for, if anything was. */
  #stopWaiting(streamId: number): Wait | undefined {
    const wait = this.#waits.get(streamId);
    if (wait === undefined) return undefined;
    this.#waits.delete(streamId);
    this.#link.streams.unawait(wait.path, wait.begin);
    return wait;
  }

  #forget(streamId: number, why: string): void {
    const played = this.#players.get(streamId);
    this.#players.delete(streamId);
    played?.ticket.close(why);
  }
}
