import type { Logger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { FlvViewer } from "../../egress/flv_viewer.ts";
import type { HttpResponse, WholeResponse } from "../../http/response.ts";
import { acceptWebSocket, asksForWebSocket } from "../../http/websocket.ts";
import type { TrackSelection } from "../../stream/track_selection.ts";
import { FLV_FORM } from "../../stream/feed_form.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import type { LiveStream } from "../live/live_stream.ts";
import { holderOf } from "../net/memory_holder.ts";
import { problem } from "./answers.ts";
import type { HttpContext } from "./route_context.ts";
import type { RoutedRequest } from "./route_table.ts";
import { missingTrack, trackQuery } from "./track_query.ts";

const FLV_HEADERS = {
  "content-type": "video/x-flv",
  "cache-control": "no-store",
  // nginx, for one, would hold back a live response to fill its buffers.
  "x-accel-buffering": "no",
};

const FLV = { kind: "stream", status: STATUS_CODE.OK, headers: FLV_HEADERS } as const;

/** What a viewer takes beside its connection: measured. */
const VIEWER_BYTES = 48 * 1024;

/** Seconds after which a refused viewer may come again. */
const RETRY_AFTER_S = "5";

/** HTTP-FLV and WebSocket-FLV: the stream that a request's `path` names. */
export class Flv {
  readonly #context: HttpContext;

  constructor(context: HttpContext) {
    this.#context = context;
  }

  /** What a viewer would be answered, who does not come. */
  describe(routed: RoutedRequest): HttpResponse {
    const found = this.#find(routed);
    return "kind" in found ? found : { ...FLV, body: new ReadableStream(), onOver() {} };
  }

  /** Sends the stream as long as it is there. */
  watch(routed: RoutedRequest): HttpResponse {
    const found = this.#find(routed);
    if ("kind" in found) return found;
    const { stream, selection } = found;
    const { request, addresses: { log, remoteAddr } } = routed;
    const accept = asksForWebSocket(request) ? acceptWebSocket(request) : undefined;
    const { counters, memory, settings } = this.#context;
    const holder = holderOf(memory, remoteAddr.hostname);
    const held = new MemoryHolding(memory, "sessions", holder);
    const lack = held.resize(VIEWER_BYTES);
    const audience = counters.total("viewers") >= settings.maxViewers
      ? `There are ${settings.maxViewers} viewers already`
      : lack !== undefined
      ? describeRefusal(lack)
      : stream.audience(FLV_FORM, selection, holder);
    if (typeof audience === "string") {
      held.close();
      counters.add("viewersRefused");
      return problem(STATUS_CODE.ServiceUnavailable, audience, { "retry-after": RETRY_AFTER_S });
    }
    counters.add("viewersAccepted");
    const protocol = accept === undefined ? "HTTP-FLV" : "WS-FLV";
    const gone = this.#noteViewer(stream.entry.path, protocol, log);
    const onOver = (sentBytes: number) => {
      held.close();
      gone(sentBytes);
    };
    const pieces = new FlvViewer(audience).stream;
    return accept === undefined
      ? { ...FLV, body: pieces, onOver }
      : { kind: "websocket", accept, messages: pieces, onOver };
  }

  /** The stream and what is wanted of it, or the answer that it is not to be had. */
  #find({ parts, query }: RoutedRequest):
    | WholeResponse
    | { readonly stream: LiveStream; readonly selection: TrackSelection } {
    const path = parts["path"]!;
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) {
      return problem(STATUS_CODE.NotFound, `The stream ${path} is not live`);
    }
    const selection = trackQuery(query);
    if ("problem" in selection) return problem(STATUS_CODE.BadRequest, selection.problem);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) return problem(STATUS_CODE.NotFound, missing);
    return { stream, selection };
  }

  /** Counts a viewer, and returns what is to be called when it is gone. */
  #noteViewer(path: string, protocol: string, log: Logger): (sentBytes: number) => void {
    const { counters } = this.#context;
    const sinceMs = performance.now();
    counters.add("viewers");
    log.debug("{peer} watches {path} over {protocol}", { path, protocol });
    return (sentBytes) => {
      counters.add("viewers", -1);
      const seconds = Math.round((performance.now() - sinceMs) / 100) / 10;
      log.debug("{peer} has watched {path} for {seconds} s, {sentBytes} bytes", {
        path,
        seconds,
        sentBytes,
      });
    };
  }
}
