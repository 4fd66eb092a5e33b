import { STATUS_CODE } from "@std/http/status";
import type { HttpResponse, WholeResponse } from "../../http/response.ts";
import { acceptWebSocket, asksForWebSocket } from "../../http/websocket.ts";
import { type FlvRefusal, FlvViews } from "../live/flv_views.ts";
import type { ViewerProtocol } from "../live/ticket.ts";
import { busy, problem } from "./routing/answers.ts";
import { questionOf, refusedAnswer, whenDecided } from "./routing/questions.ts";
import type { HttpContext } from "./routing/route_context.ts";
import type { RoutedRequest } from "./routing/route_table.ts";

const FLV_HEADERS = {
  "content-type": "video/x-flv",
  "cache-control": "no-store",
  // nginx, for one, would hold back a live response to fill its buffers.
  "x-accel-buffering": "no",
};

const FLV = { kind: "stream", status: STATUS_CODE.OK, headers: FLV_HEADERS } as const;

/** HTTP-FLV and WebSocket-FLV: the stream that a request's `path` names. */
export class Flv {
  readonly #context: HttpContext;
  readonly #views: FlvViews;

  constructor(context: HttpContext) {
    this.#context = context;
    this.#views = new FlvViews(context);
  }

  /** What a viewer would be answered, who does not come. */
  describe(routed: RoutedRequest): HttpResponse | Promise<HttpResponse> {
    const { access, proxies, viewers } = this.#context;
    const asked = questionOf(routed, proxies, play(routed, "http-flv"));
    return whenDecided(access.decide(asked), (decision) => {
      viewers.turnAway(asked, decision, "it has only asked");
      if (decision.kind === "refuse") return refusedAnswer(decision, asked.userAgent);
      const found = this.#views.find(routed.query, asked, decision);
      if (found.kind === "refusal") return answerOf(found);
      return { ...FLV, body: new ReadableStream(), onOver() {} };
    });
  }

  /** Sends the stream as long as it is there. */
  watch(routed: RoutedRequest): HttpResponse | Promise<HttpResponse> {
    const askedAtMs = performance.now();
    const { access, proxies, viewers } = this.#context;
    const { request, addresses: { remoteAddr: from, abort, hasLeft, log } } = routed;
    const accept = asksForWebSocket(request) ? acceptWebSocket(request) : undefined;
    const protocol = accept === undefined ? "http-flv" : "ws-flv";
    const asked = questionOf(routed, proxies, play(routed, protocol));
    return whenDecided(access.decide(asked), (decision) => {
      if (decision.kind === "refuse") {
        // The access log tells why.
        viewers.noteRefusal(protocol);
        return refusedAnswer(decision, asked.userAgent);
      }
      const client = { from, askedAtMs, hasLeft, abort };
      const session = this.#views.open(routed.query, asked, decision, client);
      if (session.kind === "refusal") {
        if (session.status === STATUS_CODE.ServiceUnavailable) {
          log.info("{peer} cannot play: {reason}", { reason: session.reason });
        }
        return answerOf(session);
      }
      const { stream, over: onOver } = session;
      return accept === undefined
        ? { ...FLV, body: stream, onOver }
        : { kind: "websocket", accept, messages: stream, onOver };
    });
  }
}

function answerOf({ status, reason }: FlvRefusal): WholeResponse {
  return status === STATUS_CODE.ServiceUnavailable ? busy(reason) : problem(status, reason);
}

function play<Protocol extends ViewerProtocol>({ parts }: RoutedRequest, protocol: Protocol) {
  return { action: "play" as const, path: parts["path"]!, protocol };
}
