import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { WholeResponse } from "../../../http/response.ts";
import type { IceCandidate } from "../../../webrtc/ice/candidate.ts";
import { bundleTag, writeSdpAnswer } from "../../../webrtc/sdp/answer.ts";
import { hasDataChannels } from "../../../webrtc/sdp/media_choice.ts";
import type { SdpOffer } from "../../../webrtc/sdp/offer.ts";
import { chooseReceived, type ReceivedSection } from "../../../webrtc/sdp/received_section.ts";
import {
  describeRefusal as describeMemory,
  MemoryHolding,
} from "../../../stream/memory_holding.ts";
import { WebrtcError } from "../../../webrtc/webrtc_error.ts";
import { addressSource } from "../../../address/address_source.ts";
import { PublishSession } from "../../live/publish_session.ts";
import type { PublishEnd, PublishRefusal, PublishSource } from "../../live/publish_source.ts";
import { receivedMediaOptions } from "../../live/received_tracks.ts";
import { holderOf } from "../../net/memory_holder.ts";
import { Place } from "../../net/places.ts";
import type { WebrtcEndpoint } from "../../webrtc/endpoint.ts";
import type { WebrtcPublisher } from "../../webrtc/publisher_session.ts";
import { loggedSessionId } from "../../webrtc/sessions.ts";
import { answer, busy, problem } from "../routing/answers.ts";
import type { ForwardedResponse, PublisherRequest } from "../routing/forwarded_request.ts";
import { iceServerLinks } from "./ice_links.ts";
import { callerOf, clientAddress, questionOf, refusedAnswer } from "../routing/questions.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { RoutedRequest } from "../routing/route_table.ts";
import { sessionRefusal } from "./session_access.ts";
import { answerWhereItIs } from "./session_forward.ts";
import { createSessionId } from "./session_id.ts";
import { type AnsweredTransport, answeredTransport, patchSession } from "./session_patch.ts";
import { viewerCandidates } from "./whep_candidates.ts";
import { publisherLocation } from "./whip_location.ts";
import { created } from "./whep_answers.ts";
import { readOffer } from "./whep_offer.ts";

/** Bytes of pictures of one publisher that wait for packets which were lost. */
const MAX_HELD_BYTES = 2 * 1024 * 1024;
/** What a publisher takes that connects: it can send no media yet. */
const CONNECTING_BYTES = 512 * 1024;
/** What one takes that has connected: its pictures, sound of half a megabyte, and its connection. */
const PUBLISHER_BYTES = MAX_HELD_BYTES + 1024 * 1024;

/** What a browser is told at most of the bitrate that it may send, where nothing else limits it. */
const MAX_BITRATE_BPS = 10_000_000;

/** An offer that can be taken, and what of it. */
interface TakenOffer {
  readonly offer: SdpOffer;
  readonly candidates: readonly IceCandidate[];
  readonly sections: readonly ReceivedSection[];
}

/** WebRTC-HTTP ingest (RFC 9725): publishers come by POST and go by DELETE. */
export class Whip {
  readonly #context: HttpContext;
  readonly #endpoint: WebrtcEndpoint;
  readonly #answered = new WeakMap<WebrtcPublisher, AnsweredTransport>();

  constructor(context: HttpContext, endpoint: WebrtcEndpoint) {
    this.#context = context;
    this.#endpoint = endpoint;
  }

  /**
   * Answers an offer.
   *
   * @param path of the stream, or what stands for it
   */
  async answerEndpoint(path: string, routed: RoutedRequest): Promise<WholeResponse> {
    const { addresses: { remoteAddr: from } } = routed;
    const { places, memory } = this.#context;
    const full = places.whipNewcomers.refusal(from.hostname);
    if (full !== undefined) return this.#turnAway(routed, full.reason);
    const held = new MemoryHolding(memory, "sessions", holderOf(memory, from.hostname));
    let answered: WholeResponse | undefined;
    try {
      const lack = held.resize(CONNECTING_BYTES);
      if (lack !== undefined) return this.#turnAway(routed, describeMemory(lack));
      const taken = await this.#takeOffer(path, routed);
      if ("status" in taken) return taken;
      return answered = await this.#publish(path, routed, taken, held);
    } finally {
      if (answered?.status !== STATUS_CODE.Created) held.close();
    }
  }

  #turnAway(routed: RoutedRequest, reason: string): WholeResponse {
    this.#noteRefusal(routed, reason);
    return busy(reason);
  }

  #noteRefusal({ addresses: { log } }: RoutedRequest, reason: string): void {
    this.#context.counters.add("publishesRefused");
    log.info("{peer} cannot publish: {reason}", { reason });
  }

  /**
   * What of an offer is taken, or why its sender may not publish.
   *
   * @throws {HttpError} that answers what is no offer, or none that can be taken
   */
  async #takeOffer(path: string, routed: RoutedRequest): Promise<TakenOffer | WholeResponse> {
    const { request, query, addresses } = routed;
    try {
      const offer = readOffer(request);
      const candidates = viewerCandidates(query, addresses, this.#context.settings.webrtc);
      const choice = chooseReceived(offer);
      if (choice.kind === "match") return { offer, candidates, sections: choice.sections };
      throw new HttpError(STATUS_CODE.UnprocessableEntity, choice.reason);
    } catch (error) {
      // Who may not publish is told of nothing else.
      const refusal = await this.#refusalOf(path, routed);
      if (refusal !== undefined) return refusal;
      if (error instanceof HttpError && error.status === STATUS_CODE.UnprocessableEntity) {
        this.#noteRefusal(routed, error.message);
      }
      throw error;
    }
  }

  /** What is answered to whoever may not publish; `undefined` to others, of whom nothing comes. */
  async #refusalOf(path: string, routed: RoutedRequest): Promise<WholeResponse | undefined> {
    const { access, counters, clients } = this.#context;
    const asked = this.#questionOf(path, routed, createSessionId(this.#endpoint, clients));
    const decision = await access.decide(asked);
    if (decision.kind === "refuse") {
      counters.add("publishesRefused");
      return refusedAnswer(decision, asked.userAgent);
    }
    const reason = "Its offer cannot be taken";
    access.ended?.({ request: asked, decision, durationMs: 0, bytes: 0, reason });
    return undefined;
  }

  #questionOf(path: string, routed: RoutedRequest, id: string): PublishSource["asked"] {
    const question = { action: "publish", path, protocol: "whip" } as const;
    return { ...questionOf(routed, this.#context.proxies, question), id: loggedSessionId(id) };
  }

  async #publish(
    path: string,
    routed: RoutedRequest,
    taken: TakenOffer,
    held: MemoryHolding,
  ): Promise<WholeResponse> {
    const { left, remoteAddr: from } = routed.addresses;
    const id = createSessionId(this.#endpoint, this.#context.clients);
    const opened: { session?: WebrtcPublisher; end?: PublishEnd } = {};
    const source = this.#sourceOf(path, routed, id, {
      ended: (why) => {
        opened.end = why;
        opened.session?.end(why.reason);
      },
      measures: () => opened.session?.measures(),
    });
    const publish = await PublishSession.open(this.#context, source);
    if (!(publish instanceof PublishSession)) return this.#refuse(publish, source);
    if (left().aborted || opened.end !== undefined) {
      publish.close("it has left");
      return problem(STATUS_CODE.Conflict, opened.end?.reason ?? "The client has left");
    }
    // Not before it may: to take a place may cost another one his.
    const place = this.#context.places.whipNewcomers.take(from.hostname);
    if (!(place instanceof Place)) {
      publish.close(place.reason);
      return this.#turnAway(routed, place.reason);
    }
    const local = this.#endpoint.createCredentials();
    const cname = crypto.randomUUID();
    const session = this.#endpoint.openPublisher({
      id,
      publish,
      media: {
        ...receivedMediaOptions(taken.sections),
        ssrc: crypto.getRandomValues(new Uint32Array(1))[0]!,
        cname,
        maxBitrateBps: () => publish.admission.allowed.limits?.maxBitrateBps ?? MAX_BITRATE_BPS,
        maxHeldBytes: MAX_HELD_BYTES,
      },
      local,
      offer: taken.offer.transport,
      hasDataChannels: hasDataChannels(taken.offer),
      place,
      settle: () => {
        const lack = held.resize(PUBLISHER_BYTES);
        return lack && describeMemory(lack);
      },
      over: () => held.close(),
    });
    opened.session = session;
    return this.#created(routed, taken, session, local, cname);
  }

  #created(
    { url: { pathname }, query, request }: RoutedRequest,
    { offer, candidates, sections }: TakenOffer,
    session: WebrtcPublisher,
    local: ReturnType<WebrtcEndpoint["createCredentials"]>,
    cname: string,
  ): WholeResponse {
    const links = iceServerLinks(this.#context.settings.webrtc.iceServers);
    const answered = answeredTransport(bundleTag(offer, sections), candidates, local);
    this.#answered.set(session, answered);
    const { fingerprint } = this.#endpoint.certificate;
    const sdp = writeSdpAnswer(offer, sections, { local, fingerprint, candidates }, {
      sessionId: `${crypto.getRandomValues(new Uint32Array(1))[0]!}`,
      cname,
      streamId: "sluice",
    });
    return created(sdp, answered.etag, {
      location: publisherLocation(
        pathname,
        session.id,
        query,
        request.headers.get("x-forwarded-prefix"),
      ),
      ...(links.length > 0 && { link: links.join(", ") }),
    });
  }

  #sourceOf(
    path: string,
    routed: RoutedRequest,
    id: string,
    { ended, measures }: Pick<PublishSource, "ended" | "measures">,
  ): PublishSource {
    const { proxies, memory } = this.#context;
    const { remoteAddr: from, log, left } = routed.addresses;
    const address = clientAddress(routed, proxies);
    return {
      asked: this.#questionOf(path, routed, id),
      from,
      owner: {
        // What a proxy serves is not one peer's.
        network: address === undefined ? undefined : addressSource(address),
        owner: holderOf(memory, from.hostname),
      },
      left: left(),
      log,
      ended,
      measures,
    };
  }

  #refuse(refusal: PublishRefusal, { asked, log }: PublishSource): WholeResponse {
    const { reason, isTaken, refused } = refusal;
    this.#context.counters.add("publishesRefused");
    // The access log tells why.
    if (refused !== undefined) return refusedAnswer(refused, asked.userAgent);
    log.info("{peer} may not publish: {reason}", { reason });
    return isTaken ? problem(STATUS_CODE.Conflict, reason) : busy(reason);
  }

  /** Answers a request about a publisher, wherever it is. */
  async answerResource(
    method: PublisherRequest["method"],
    routed: RoutedRequest,
  ): Promise<WholeResponse> {
    const { parts, request: { headers, body } } = routed;
    const resource = parts["session"]!;
    const forwarded: PublisherRequest = {
      kind: "publisher",
      method,
      resource,
      contentType: headers.get("content-type") ?? "",
      ifMatch: headers.get("if-match"),
      body,
      caller: callerOf(routed, this.#context.proxies, "whip"),
    };
    const here = (request: PublisherRequest) => this.answerForwarded(request);
    return await answerWhereItIs(this.#context, forwarded, here, noPublisher);
  }

  #answerGone({ method, resource }: PublisherRequest): WholeResponse {
    const isOver = method === "DELETE" && this.#endpoint.takeLeft(resource);
    return isOver ? answer(STATUS_CODE.OK, {}) : noPublisher();
  }

  /** Answers a request about a publisher of this shard. */
  async answerForwarded(request: PublisherRequest): Promise<ForwardedResponse> {
    const session = this.#endpoint.publisher(request.resource);
    if (session === undefined) return this.#answerGone(request);
    const { caller } = request;
    const { admission } = session.publish;
    const refusal = await sessionRefusal(this.#context.access, admission, caller);
    if (refusal !== undefined) return refusedAnswer(refusal, caller.userAgent);
    // It may have ended meanwhile.
    if (this.#endpoint.publisher(request.resource) !== session) return this.#answerGone(request);
    try {
      switch (request.method) {
        case "DELETE":
          this.#endpoint.end(session);
          return answer(STATUS_CODE.OK, {});
        case "PATCH":
          // RFC 9725 4.3.1: a client has to name the credentials that it means.
          return request.ifMatch === undefined
            ? problem(STATUS_CODE.PreconditionRequired, "If-Match must name the session's ETag")
            : patchSession(this.#endpoint, session, this.#answered.get(session)!, request);
        case "GET":
          return answer(STATUS_CODE.OK, {
            "content-type": "application/json",
            "cache-control": "no-store",
          }, JSON.stringify(session.describe()));
      }
    } catch (error) {
      if (!(error instanceof WebrtcError)) throw error;
      return problem(STATUS_CODE.BadRequest, error.message);
    }
  }
}

function noPublisher(): WholeResponse {
  return problem(STATUS_CODE.NotFound, "There is no such publisher");
}
