import type { PauseEvent, PlayEvent, ReceiveEvent } from "../../rtmp/session/event.ts";
import type { TrackSelection } from "../../stream/track_selection.ts";
import { streamPath } from "../../stream/stream_path.ts";
import type { LiveStream } from "../live/live_stream.ts";
import { Place } from "../net/places.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { RtmpLink } from "./context.ts";
import { PLAYER_FORM, RtmpPlayer } from "./player.ts";
import { missingTrack, trackQuery } from "../http/track_query.ts";

/** A player whose stream is not there. */
interface Wait {
  readonly path: string;
  readonly begin: (stream: LiveStream) => void;
  readonly sinceMs: number;
  /** What it wants by its commands, which may change meanwhile. */
  received: TrackSelection;
  isPaused: boolean;
}

/** What is played over a connection, by message stream. */
export class RtmpPlaying {
  readonly #link: RtmpLink;
  readonly #ended: () => void;
  readonly #players = new Map<number, RtmpPlayer>();
  readonly #places = new Map<number, Place>();
  readonly #waits = new Map<number, Wait>();
  readonly #repeats = new RepeatLog();
  #hasPlayed = false;

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

  /** The peer asked for what no server can play, and has been told so. */
  noteRefusal(reason: string): void {
    const { counters, log } = this.#link;
    counters.add("playsRefused");
    const count = this.#repeats.note("refused", performance.now());
    if (count === undefined) return;
    log.info("{peer} cannot play: {reason} ({count} so far)", { reason, count });
  }

  play(event: PlayEvent, nowMs: number): void {
    this.#hasPlayed = true;
    const { streamId, isTransition } = event;
    if (!isTransition) this.stop(streamId);
    const target = streamPath(event.app, event.name);
    if ("problem" in target) {
      return this.#refuse(streamId, "NetStream.Play.StreamNotFound", target.problem);
    }
    const selection = trackQuery(new URLSearchParams(event.query));
    if ("problem" in selection) {
      return this.#refuse(streamId, "NetStream.Play.Failed", `${selection.problem}.`);
    }
    const { path } = target;
    const wait = {
      path,
      begin: (stream: LiveStream) => this.#begin(streamId, stream, selection, wait),
      sinceMs: nowMs,
      received: { audio: event.audio, video: event.video },
      isPaused: false,
    };
    const stream = this.#link.streams.byPath(path);
    if (stream !== undefined) return wait.begin(stream);
    if (isTransition) {
      return this.#refuse(streamId, "NetStream.Play.Failed", `The stream ${path} is not live.`);
    }
    this.#link.streams.await(path, wait.begin);
    this.#waits.set(streamId, wait);
    this.#link.log.debug("{peer} waits for {path}", { path });
    this.sweep(nowMs);
  }

  pause({ streamId, isPaused }: PauseEvent): void {
    this.#players.get(streamId)?.setPaused(isPaused);
    const wait = this.#waits.get(streamId);
    if (wait !== undefined) wait.isPaused = isPaused;
  }

  receive({ streamId, audio, video }: ReceiveEvent): void {
    this.#players.get(streamId)?.receive({ audio, video });
    const wait = this.#waits.get(streamId);
    if (wait !== undefined) wait.received = { audio, video };
  }

  /** The peer plays no more, or waits no more. */
  stop(streamId: number): void {
    this.#stopWaiting(streamId);
    const player = this.#players.get(streamId);
    if (player === undefined) return;
    player.leave();
    this.#forget(streamId);
  }

  /** Refuses those that have waited for too long. */
  sweep(nowMs: number): void {
    const { playWaitMs } = this.#link.settings.timeouts;
    for (const [streamId, { path, sinceMs }] of [...this.#waits]) {
      if (nowMs - sinceMs < playWaitMs) continue;
      this.#stopWaiting(streamId);
      const problem = `The stream ${path} is not live.`;
      this.#refuse(streamId, "NetStream.Play.StreamNotFound", problem);
    }
  }

  /** The connection is gone. */
  close(): void {
    for (const streamId of [...this.#waits.keys(), ...this.#players.keys()]) this.stop(streamId);
  }

  #begin(streamId: number, stream: LiveStream, selection: TrackSelection, wait: Wait): void {
    const { counters, places, settings, say, log, hostname } = this.#link;
    this.#stopWaiting(streamId);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) {
      return this.#refuse(streamId, "NetStream.Play.StreamNotFound", `${missing}.`);
    }
    const before = this.#players.get(streamId);
    if (before === undefined && counters.total("viewers") >= settings.maxViewers) {
      const problem = `There are ${settings.maxViewers} viewers already.`;
      return this.#refuse(streamId, "NetStream.Play.Failed", problem);
    }
    const audience = stream.audience(PLAYER_FORM, selection, this.#link.holder);
    if (typeof audience === "string") {
      return this.#refuse(streamId, "NetStream.Play.Failed", `${audience}.`);
    }
    // To go over to the same stream means to stay.
    if (before?.stream === stream) return say((session) => session.acceptPlay(streamId));
    this.stop(streamId);
    const place = places.rtmpPlayers.take(hostname);
    if (!(place instanceof Place)) {
      return this.#refuse(streamId, "NetStream.Play.Failed", `Cannot play: ${place.reason}.`);
    }
    say((session) => session.acceptPlay(streamId));
    counters.add("playsAccepted");
    counters.add("viewers");
    log.debug("{peer} plays {path}", { path: stream.entry.path });
    const finished = () => {
      this.#forget(streamId);
      this.#ended();
    };
    const player = new RtmpPlayer(
      this.#link,
      { streamId, stream, selection, finished },
      wait.received,
    );
    this.#players.set(streamId, player);
    this.#places.set(streamId, place);
    if (wait.isPaused) player.setPaused(true);
    player.begin();
  }

  #refuse(streamId: number, code: string, description: string): void {
    this.noteRefusal(description);
    this.#link.say((session) => session.refusePlay(streamId, code, description));
    this.#ended();
  }

  #stopWaiting(streamId: number): void {
    const wait = this.#waits.get(streamId);
    if (wait === undefined) return;
    this.#waits.delete(streamId);
    this.#link.streams.unawait(wait.path, wait.begin);
  }

  #forget(streamId: number): void {
    const player = this.#players.get(streamId);
    if (player === undefined) return;
    this.#players.delete(streamId);
    this.#places.get(streamId)?.leave();
    this.#places.delete(streamId);
    this.#link.counters.add("viewers", -1);
    this.#link.log.debug("{peer} has played {path} for {seconds} s", {
      path: player.stream.entry.path,
      seconds: Math.round((performance.now() - player.startedAtMs) / 100) / 10,
    });
  }
}
