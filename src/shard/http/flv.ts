import { STATUS_CODE } from "@std/http/status";
import type { AccessDecision } from "../../access/access.ts";
import { FlvViewer } from "../../egress/flv_viewer.ts";
import type { HttpResponse, WholeResponse } from "../../http/response.ts";
import { acceptWebSocket, asksForWebSocket } from "../../http/websocket.ts";
import { FLV_FORM } from "../../stream/feed_form.ts";
import type { ClientMeasures } from "../live/clients.ts";
import type { LiveStream } from "../live/live_stream.ts";
import { Ticket, type View, type ViewerProtocol, type ViewerRequest } from "../live/ticket.ts";
import { holderOf } from "../net/memory_holder.ts";
import { busy, problem } from "./routing/answers.ts";
import { questionOf, refusedAnswer, whenDecided } from "./routing/questions.ts";
import type { HttpContext } from "./routing/route_context.ts";
import type { RoutedRequest } from "./routing/route_table.ts";
import { type AskedTracks, missingTrack, trackQuery } from "../live/track_query.ts";
import { renditionLadder } from "../live/rendition_ladder.ts";

const FLV_HEADERS = {
  "content-type": "video/x-flv",
  "cache-control": "no-store",
  // nginx, for one, would hold back a live response to fill its buffers.
  "x-accel-buffering": "no",
};

const FLV = { kind: "stream", status: STATUS_CODE.OK, headers: FLV_HEADERS } as const;

/** How long a viewer has to take the end of its stream that is ended from outside. */
const END_MS = 500;

/** What a viewer is to be sent. */
interface Wanted {
  readonly stream: LiveStream;
  readonly selection: AskedTracks;
}

/** What a viewer gets that may watch. */
type Found = Wanted & Pick<ViewerRequest, "asked" | "allowed">;

/** HTTP-FLV and WebSocket-FLV: the stream that a request's `path` names. */
export class Flv {
  readonly #context: HttpContext;

  constructor(context: HttpContext) {
    this.#context = context;
  }

  /** What a viewer would be answered, who does not come. */
  describe(routed: RoutedRequest): HttpResponse | Promise<HttpResponse> {
    const { access, proxies } = this.#context;
    const asked = questionOf(routed, proxies, play(routed, "http-flv"));
    return whenDecided(access.decide(asked), (decision) => {
      const found = this.#find(routed, asked, decision);
      this.#context.viewers.turnAway(asked, decision, "it has only asked");
      return "kind" in found ? found : { ...FLV, body: new ReadableStream(), onOver() {} };
    });
  }

  /** Sends the stream as long as it is there. */
  watch(routed: RoutedRequest): HttpResponse | Promise<HttpResponse> {
    const askedAtMs = performance.now();
    const { access, proxies } = this.#context;
    const { request } = routed;
    const accept = asksForWebSocket(request) ? acceptWebSocket(request) : undefined;
    const protocol = accept === undefined ? "http-flv" : "ws-flv";
    const asked = questionOf(routed, proxies, play(routed, protocol));
    return whenDecided(access.decide(asked), (decision) => {
      const found = this.#find(routed, asked, decision);
      if ("kind" in found) {
        // The access log tells why.
        if (decision.kind === "refuse") this.#context.viewers.noteRefusal(protocol);
        this.#context.viewers.turnAway(asked, decision, "there is no such stream or track");
        return found;
      }
      return this.#begin(routed, { ...found, askedAtMs }, accept);
    });
  }

  /** The stream and what is wanted of it, or the answer that it is not to be had. */
  #find(
    { query }: RoutedRequest,
    asked: ViewerRequest["asked"],
    decision: AccessDecision,
  ): WholeResponse | Found {
    if (decision.kind === "refuse") return refusedAnswer(decision, asked.userAgent);
    const path = decision.path ?? asked.path;
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) {
      return problem(STATUS_CODE.NotFound, `The stream ${path} is not live`);
    }
    const selection = trackQuery(query);
    if ("problem" in selection) return problem(STATUS_CODE.BadRequest, selection.problem);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) return problem(STATUS_CODE.NotFound, missing);
    return { stream, selection, asked, allowed: decision };
  }

  #begin(
    routed: RoutedRequest,
    { stream, selection, asked, allowed, askedAtMs }: Found & { readonly askedAtMs: number },
    accept: string | undefined,
  ): HttpResponse {
    const { viewers, memory, counters } = this.#context;
    const { remoteAddr: from, abort } = routed.addresses;
    const { protocol } = asked;
    const refuse = (reason: string) => {
      viewers.turnAway(asked, allowed, reason);
      return this.#refuse(routed, protocol, reason);
    };
    if (routed.addresses.hasLeft()) return refuse("It has left");
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
    const onOver = (why: string | undefined) => {
      ticket.close(viewer.endReason ?? why ?? "it has left");
      view.close();
    };
    return accept === undefined
      ? { ...FLV, body: viewer.stream, onOver }
      : { kind: "websocket", accept, messages: viewer.stream, onOver };
  }

  #refuse(
    { addresses: { log } }: RoutedRequest,
    protocol: ViewerProtocol,
    reason: string,
  ): WholeResponse {
    this.#context.viewers.noteRefusal(protocol);
    log.info("{peer} cannot play: {reason}", { reason });
    return busy(reason);
  }
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

function play<Protocol extends ViewerProtocol>({ parts }: RoutedRequest, protocol: Protocol) {
  return { action: "play" as const, path: parts["path"]!, protocol };
}
