import { RtmpForm } from "../../egress/rtmp_form.ts";
import { FeedReader } from "../../egress/feed_reader.ts";
import { withStreamId } from "../../rtmp/message/media_chunks.ts";
import type { PlayChange } from "../../rtmp/session/play_replies.ts";
import type { TrackSelection } from "../../stream/track_selection.ts";
import type { ClientMeasures } from "../live/clients.ts";
import type { LiveStream, StreamPlayer } from "../live/live_stream.ts";
import { renditionLadder } from "../live/rendition_ladder.ts";
import type { View } from "../live/ticket.ts";
import type { AskedTracks } from "../live/track_query.ts";
import type { RtmpLink } from "./context.ts";
import type { PieceSource } from "./output.ts";

/** As good as all players use this message stream. */
const SHARED_STREAM_ID = 1;

/** What all players share, whatever numbers they choose: each form takes what a stream's log holds. */
export const PLAYER_FORM = new RtmpForm(SHARED_STREAM_ID);

/** What a player plays, and how. */
export interface Play {
  /** The message stream. */
  readonly streamId: number;
  readonly stream: LiveStream;
  /** What the player's query asks for. */
  readonly selection: AskedTracks;
  /** When it was asked for, by `performance.now`. */
  readonly askedAtMs: number;
  /** Called when all of a stream that is over was sent, or it was ended before. */
  readonly finished: (why: string) => void;
}

/** One message stream that plays: what its player does and is told. */
export class RtmpPlayer implements StreamPlayer, PieceSource, View {
  readonly stream: LiveStream;
  readonly #link: RtmpLink;
  readonly #play: Play;
  readonly #viewer: FeedReader;
  /** What the player wants by its commands, of what its query asks for. */
  #received: TrackSelection;
  #isPaused = false;
  #isTold = false;
  #bytes = 0;

  constructor(link: RtmpLink, play: Play, received: TrackSelection) {
    this.#link = link;
    this.#play = play;
    this.#received = received;
    const { stream, selection } = play;
    this.stream = stream;
    // The protocol has sound before pictures where both cannot be had.
    this.#viewer = new FeedReader(() => link.output.wake(), {
      keeps: "sound",
      ladder: selection.wantsFitting
        ? renditionLadder(stream, PLAYER_FORM, link.holder)
        : undefined,
    });
  }

  /** Begins to play: the session has said so. */
  begin(): void {
    this.stream.join(this);
    this.#link.output.add(this);
    this.#watch();
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#watch();
  }

  receive(received: TrackSelection): void {
    this.#received = received;
    this.#watch();
  }

  /** Ends it for the player, which wants or gets no more. */
  leave(): void {
    this.#viewer.pause();
    this.stream.leave(this);
    this.#link.output.remove(this);
  }

  next(): Uint8Array<ArrayBuffer> | undefined {
    const piece = this.#viewer.next();
    if (piece === undefined) {
      if (this.#viewer.endReason !== undefined) this.#finish(this.#viewer.endReason);
      return undefined;
    }
    const { streamId, askedAtMs } = this.#play;
    if (this.#bytes === 0) {
      this.#link.counters.observeSince("joinTime", { protocol: "rtmp" }, askedAtMs);
    }
    this.#bytes += piece.length;
    return streamId === SHARED_STREAM_ID ? piece : withStreamId(piece, streamId);
  }

  get bytes(): number {
    return this.#bytes;
  }

  measures(): ClientMeasures {
    return {
      bytes: this.#bytes,
      lagMs: this.#viewer.lagMs ?? null,
      jumps: this.#viewer.jumps,
      roundTripMs: null,
      lossFraction: null,
      packetsLost: null,
      quality: null,
      estimatedBps: null,
    };
  }

  /** Ends it, though the stream may go on. */
  end(reason: string): void {
    this.#finish(reason);
  }

  dry(): void {
    this.#tell("dry");
    if (this.#link.settings.unpublishNotify === "leave") this.#tellUnpublished();
  }

  published(): void {
    this.#isTold = false;
    this.#tell("published");
  }

  over(): void {
    this.#viewer.end("the stream is over");
  }

  #watch(): void {
    const { selection } = this.#play;
    const wanted = {
      ...selection,
      audio: selection.audio && this.#received.audio,
      video: selection.video && this.#received.video,
    };
    if (this.#viewer.endReason !== undefined) return;
    if (this.#isPaused || (!wanted.audio && !wanted.video)) return this.#viewer.pause();
    const audience = this.stream.audience(PLAYER_FORM, wanted, this.#link.holder);
    if (typeof audience === "string") this.#viewer.end(audience);
    else this.#viewer.watch(audience, wanted);
  }

  #finish(why: string): void {
    this.leave();
    this.#tellUnpublished();
    this.#tell("over");
    this.#play.finished(why);
  }

  #tellUnpublished(): void {
    if (!this.#isTold) this.#tell("unpublished");
    this.#isTold = true;
  }

  #tell(change: PlayChange): void {
    this.#link.say((session) => session.notifyPlay(this.#play.streamId, change));
  }
}
