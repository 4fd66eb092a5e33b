import type { Allowed } from "../../access/access.ts";
import { FlvViewer } from "../../egress/flv_viewer.ts";
import type { Counters } from "../../metrics/counters.ts";
import { FLV_FORM } from "../../stream/feed_form.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { holderOf } from "../net/memory_holder.ts";
import type { ClientMeasures } from "./clients.ts";
import type { LiveStream } from "./live_stream.ts";
import { renditionLadder } from "./rendition_ladder.ts";
import type { Streams } from "./streams.ts";
import { Ticket, type View, type ViewerRequest } from "./ticket.ts";
import { type AskedTracks, missingTrack, trackQuery } from "./track_query.ts";
import type { Viewers } from "./viewers.ts";

/** How long a viewer has to take the end of its stream that is ended from outside. */
const END_MS = 500;

/** What viewers of FLV need of their shard. */
export interface FlvViewsContext {
  readonly streams: Streams;
  readonly viewers: Viewers;
  readonly memory: MemoryBudget;
  readonly counters: Counters;
}

/** Why a stream is not to be had. */
export interface FlvRefusal {
  readonly kind: "refusal";
  /** As HTTP has it: a wrong query, no such stream or track, no room. */
  readonly status: 400 | 404 | 503;
  readonly reason: string;
}

/** What a viewer is to be sent. */
export interface FoundFlv {
  readonly kind: "found";
  readonly stream: LiveStream;
  readonly selection: AskedTracks;
  readonly asked: ViewerRequest["asked"];
  readonly allowed: Allowed;
}

/** Who is to watch, and how its connection is ended. */
export interface FlvClient extends Pick<ViewerRequest, "from" | "askedAtMs"> {
  readonly hasLeft: () => boolean;
  /** Ends it at once. */
  readonly abort: (why: string) => void;
}

/** A viewer that was let in. */
export interface FlvSession {
  readonly kind: "session";
  /** Whole FLV tags; their bytes are shared with others and never change. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** To be called once, when nothing more is sent: `why` is told if the stream has not ended. */
  readonly over: (why: string | undefined) => void;
}

/** FLV of live streams, whichever protocol carries it. */
export class FlvViews {
  readonly #context: FlvViewsContext;

  constructor(context: FlvViewsContext) {
    this.#context = context;
  }

  /** The stream and what is wanted of it, for who may watch it. */
  find(
    query: URLSearchParams,
    asked: ViewerRequest["asked"],
    allowed: Allowed,
  ): FoundFlv | FlvRefusal {
    const path = allowed.path ?? asked.path;
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) return refusal(404, `The stream ${path} is not live`);
    const selection = trackQuery(query);
    if ("problem" in selection) return refusal(400, selection.problem);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) return refusal(404, missing);
    return { kind: "found", stream, selection, asked, allowed };
  }

  /** Lets in who may watch, if what it wants is there, and if there is room for it. */
  open(
    query: URLSearchParams,
    asked: ViewerRequest["asked"],
    allowed: Allowed,
    client: FlvClient,
  ): FlvSession | FlvRefusal {
    const found = this.find(query, asked, allowed);
    if (found.kind === "found") return this.#begin(found, client);
    this.#context.viewers.turnAway(asked, allowed, "there is no such stream or track");
    return found;
  }

  /** A viewer is refused. */
  noteRefusal({ protocol }: ViewerRequest["asked"]): void {
    this.#context.viewers.noteRefusal(protocol);
  }

  #begin(found: FoundFlv, { from, askedAtMs, hasLeft, abort }: FlvClient): FlvSession | FlvRefusal {
    const { stream, selection, asked, allowed } = found;
    const { viewers, memory, counters } = this.#context;
    const { protocol } = asked;
    const refuse = (reason: string) => {
      viewers.turnAway(asked, allowed, reason);
      viewers.noteRefusal(protocol);
      return refusal(503, reason);
    };
    if (hasLeft()) return refuse("It has left");
    const full = viewers.refusal(protocol, from.hostname);
    if (full !== undefined) return refuse(full.reason);
    const holder = holderOf(memory, from.hostname);
    const audience = stream.audience(FLV_FORM, selection, holder);
    if (typeof audience === "string") return refuse(audience);
    const ticket = viewers.admit({ asked, allowed, askedAtMs, path: stream.entry.path, from });
    if (!(ticket instanceof Ticket)) return refuse(ticket.reason);
    const viewer = new FlvViewer(audience, {
      selection,
      ladder: selection.wantsFitting ? renditionLadder(stream, FLV_FORM, holder) : undefined,
      began: () => counters.observeSince("joinTime", { protocol }, askedAtMs),
    });
    const view = new FlvView(viewer, abort);
    ticket.begin(view);
    return {
      kind: "session",
      stream: viewer.stream,
      over(why) {
        ticket.close(viewer.endReason ?? why ?? "it has left");
        view.close();
      },
    };
  }
}

function refusal(status: FlvRefusal["status"], reason: string): FlvRefusal {
  return { kind: "refusal", status, reason };
}

/** A viewer as the registry of viewers has it. */
class FlvView implements View {
  readonly #viewer: FlvViewer;
  readonly #abort: (why: string) => void;
  #abortTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(viewer: FlvViewer, abort: (why: string) => void) {
    this.#viewer = viewer;
    this.#abort = abort;
  }

  get bytes(): number {
    return this.#viewer.bytes;
  }

  measures(): ClientMeasures {
    const { bytes, jumps, lagMs = null } = this.#viewer;
    return {
      bytes,
      jumps,
      lagMs,
      roundTripMs: null,
      lossFraction: null,
      packetsLost: null,
      quality: null,
      estimatedBps: null,
    };
  }

  end(reason: string): void {
    this.#viewer.stop(reason);
    this.#abortTimer ??= setTimeout(() => this.#abort(reason), END_MS);
  }

  /** It is gone. */
  close(): void {
    clearTimeout(this.#abortTimer);
  }
}
