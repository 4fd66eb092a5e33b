import { STATUS_CODE } from "@std/http/status";
import type { Allowed } from "../../../access/access.ts";
import { HttpError } from "../../../http/http_error.ts";
import type { HttpResponse, WholeResponse } from "../../../http/response.ts";
import { defaultTrackId, type TrackSelection } from "../../../stream/track_selection.ts";
import type { IceCandidate } from "../../../webrtc/ice/candidate.ts";
import {
  chooseMedia,
  describeMismatches,
  hasDataChannels,
  type WantedMedia,
} from "../../../webrtc/sdp/media_choice.ts";
import { bundleTag, writeSdpAnswer } from "../../../webrtc/sdp/answer.ts";
import type { SdpOffer } from "../../../webrtc/sdp/offer.ts";
import { WebrtcError } from "../../../webrtc/webrtc_error.ts";
import { holderOf } from "../../net/memory_holder.ts";
import { answer, EVENTS_HEADERS, problem } from "../routing/answers.ts";
import { type EventStreamFacts, ViewerExtensions } from "./viewer_extensions.ts";
import { RenewedSessions } from "./renewed_sessions.ts";
import { SessionFollowers, type SessionStates } from "./session_followers.ts";
import { iceServerLinks } from "./ice_links.ts";
import { shardOf, viewerLinks, viewerLocation } from "./whep_links.ts";
import { createSessionId } from "./session_id.ts";
import { answerWhereItIs } from "./session_forward.ts";
import type { ConnectionAddresses } from "../../net/connection_addresses.ts";
import { viewerCandidates } from "./whep_candidates.ts";
import { readOffer, wantsVideo } from "./whep_offer.ts";
import type { HttpContext } from "../routing/route_context.ts";
import { isOver, knownMedia } from "../../live/known_media.ts";
import type { LiveStream } from "../../live/live_stream.ts";
import type { ForwardedResponse, SessionRequest } from "../routing/forwarded_request.ts";
import { pictureRefusal } from "../../live/picture_refusal.ts";
import { callerOf, questionOf, refusedAnswer } from "../routing/questions.ts";
import { Ticket, type ViewerRequest } from "../../live/ticket.ts";
import type { RoutedRequest } from "../routing/route_table.ts";
import { trackQuery } from "../../live/track_query.ts";
import { settleMedia, viewerTracks } from "../../live/viewer_media.ts";
import { ViewerRenditions } from "../../live/viewer_renditions.ts";
import type { WebrtcEndpoint } from "../../webrtc/endpoint.ts";
import type { WebrtcSession } from "../../webrtc/session.ts";
import { loggedSessionId } from "../../webrtc/sessions.ts";
import { sessionRefusal } from "./session_access.ts";
import { type AnsweredTransport, answeredTransport, patchSession } from "./session_patch.ts";
import { refusalIfMissing } from "./missing_tracks.ts";
import { created, notLive, notNow, notToBeHad, notToldYet, noViewer } from "./whep_answers.ts";

/** The pictures and sound of a stream are made into packets once, whoever wants which of them. */
const BOTH_KINDS = { audio: true, video: true };

/** How a viewer asks to watch. */
interface WatchRequest {
  /** The path that it came to. */
  readonly endpoint: string;
  readonly offer: SdpOffer;
  readonly wanted: WantedMedia;
  readonly candidates: readonly IceCandidate[];
  readonly addresses: ConnectionAddresses;
  /** Of the session, and what was asked for it. */
  readonly id: string;
  readonly asked: ViewerRequest["asked"];
  readonly allowed: Allowed;
  /** When, by `performance.now`. */
  readonly askedAtMs: number;
}

/** What was answered to a viewer, for what comes later about it: nothing more of its offer is kept. */
interface Answered extends AnsweredTransport {
  readonly request: ViewerRequest;
  readonly extensions: ViewerExtensions;
}

/** WebRTC-HTTP egress (draft-ietf-wish-whep): viewers come by POST and go by DELETE. */
export class Whep {
  readonly #context: HttpContext;
  readonly #endpoint: WebrtcEndpoint;
  readonly #answered = new WeakMap<WebrtcSession, Answered>();
  readonly #renewed = new RenewedSessions();
  /** Those who follow the events of viewers. */
  readonly followers: SessionFollowers;

  constructor(context: HttpContext, endpoint: WebrtcEndpoint) {
    this.#context = context;
    this.#endpoint = endpoint;
    const statesOf = this.statesOf.bind(this);
    this.followers = new SessionFollowers({ ...context, statesOf });
  }

  /**
   * Answers an offer.
   *
   * @param path of the stream
   */
  async answerEndpoint(path: string, routed: RoutedRequest): Promise<WholeResponse> {
    const askedAtMs = performance.now();
    const { access, proxies, viewers } = this.#context;
    const id = createSessionId(this.#endpoint, this.#context.clients);
    const question = { action: "play", path, protocol: "whep" } as const;
    const asked = { ...questionOf(routed, proxies, question), id: loggedSessionId(id) };
    const deciding = access.decide(asked);
    const allowed = deciding instanceof Promise ? await deciding : deciding;
    if (allowed.kind === "refuse") {
      // The access log tells why.
      viewers.noteRefusal("whep");
      return refusedAnswer(allowed, asked.userAgent);
    }
    let answered: WholeResponse | undefined;
    try {
      return answered = await this.#watch(routed, { id, asked, allowed, askedAtMs });
    } finally {
      if (answered?.status !== STATUS_CODE.Created) {
        const reason = `It was answered with ${answered?.status ?? "what is wrong with its offer"}`;
        viewers.turnAway(asked, allowed, reason);
      }
    }
  }

  /** Has who is let in watch, or tells why that cannot be. */
  async #watch(
    { url: { pathname: endpoint }, query, request, addresses }: RoutedRequest,
    admission: Pick<WatchRequest, "id" | "asked" | "allowed" | "askedAtMs">,
  ): Promise<WholeResponse> {
    const { streams, settings } = this.#context;
    const path = admission.allowed.path ?? admission.asked.path;
    const stream = streams.byPath(path);
    if (stream === undefined) return notLive(path);
    const wanted = trackQuery(query);
    if ("problem" in wanted) return problem(STATUS_CODE.BadRequest, wanted.problem);
    const selection = { ...wanted, ...BOTH_KINDS };
    const full = this.#refusalIfFull(addresses);
    if (full !== undefined) return full;
    const offer = readOffer(request);
    const candidates = viewerCandidates(query, addresses, settings.webrtc);
    const watch = { ...admission, endpoint, offer, wanted, candidates, addresses };
    return await refusalIfMissing(stream, selection) ??
      await this.#openViewer(stream, selection, watch);
  }

  /** Answers a request about a viewer, wherever it is. */
  async answerResource(
    method: SessionRequest["method"],
    routed: RoutedRequest,
    part: SessionRequest["part"] = "session",
  ): Promise<WholeResponse> {
    const { parts, request: { headers, body } } = routed;
    const resource = parts["viewer"]!;
    const forwarded: SessionRequest = {
      kind: "session",
      caller: callerOf(routed, this.#context.proxies, "whep"),
      method,
      resource,
      part,
      eventStream: parts["stream"] ?? "",
      contentType: headers.get("content-type") ?? "",
      ifMatch: headers.get("if-match"),
      body,
    };
    const here = (request: SessionRequest) => this.answerForwarded(request);
    return await answerWhereItIs(this.#context, forwarded, here, noViewer);
  }

  #answerGone({ method, resource, part }: SessionRequest): WholeResponse {
    const isOver = method === "DELETE" && part === "session" && this.#endpoint.takeLeft(resource);
    return isOver ? answer(STATUS_CODE.OK, {}) : noViewer();
  }

  /** Answers a request about a viewer of this shard. */
  async answerForwarded(request: SessionRequest): Promise<ForwardedResponse> {
    const session = this.#endpoint.session(request.resource);
    if (session === undefined) return this.#answerGone(request);
    const { caller } = request;
    const answered = this.#answered.get(session)!;
    // Who has the id of a stream of events was let in when it was made.
    const refusal = request.part === "event-stream"
      ? undefined
      : await sessionRefusal(this.#context.access, answered.request, caller);
    if (refusal !== undefined) return refusedAnswer(refusal, caller.userAgent);
    // It may have ended meanwhile.
    if (this.#endpoint.session(request.resource) !== session) return this.#answerGone(request);
    try {
      if (request.part !== "session") {
        return answered.extensions.answer(request);
      }
      switch (request.method) {
        case "DELETE":
          this.#endpoint.end(session);
          return answer(STATUS_CODE.OK, {});
        case "PATCH":
          return patchSession(this.#endpoint, session, answered, request);
        default:
          return answer(STATUS_CODE.OK, {
            "content-type": "application/json",
            "cache-control": "no-store",
          }, JSON.stringify(session.describe()));
      }
    } catch (error) {
      if (error instanceof HttpError) return problem(error.status, error.message, error.headers);
      if (!(error instanceof WebrtcError)) throw error;
      return problem(STATUS_CODE.BadRequest, error.message);
    }
  }

  /** Follows the events of a viewer, wherever it is. */
  async follow(routed: RoutedRequest): Promise<HttpResponse> {
    const described = await this.answerResource("GET", routed, "event-stream");
    if (described.status !== STATUS_CODE.OK) return described;
    const { viewer, stream } = routed.parts;
    const facts: EventStreamFacts = JSON.parse(new TextDecoder().decode(described.body));
    const body = this.followers.follow({
      ...facts,
      wanted: new Set(facts.wanted),
      key: `${viewer}/${stream}`,
      shard: shardOf(viewer!)!,
    });
    return { kind: "stream", status: STATUS_CODE.OK, headers: EVENTS_HEADERS, body, onOver() {} };
  }

  /** How the viewers of this shard are whose streams of events these are. */
  statesOf(keys: readonly string[]): SessionStates {
    return keys.map((key) => {
      const slash = key.indexOf("/");
      const id = key.slice(0, slash);
      const session = this.#endpoint.session(id);
      if (session === undefined) return this.#renewed.has(id, performance.now()) ? "renewed" : null;
      return this.#answered.get(session)!.extensions.stateFor(key.slice(slash + 1), session);
    });
  }

  async #openViewer(
    stream: LiveStream,
    selection: TrackSelection,
    { endpoint, offer, wanted, candidates, addresses, id, asked, allowed, askedAtMs }: WatchRequest,
  ): Promise<WholeResponse> {
    const { remoteAddr: from, log } = addresses;
    const holder = holderOf(this.#context.memory, from.hostname);
    const rtp = stream.rtp(selection, holder);
    if (typeof rtp === "string") return this.#refuse(addresses, rtp);
    const media = await knownMedia(stream, rtp);
    if (isOver(stream, rtp)) return notLive(stream.entry.path);
    if (media === undefined) return notToldYet();
    // Others have come while it was waited for.
    const full = this.#refusalIfFull(addresses);
    if (full !== undefined) return full;
    const refusal = pictureRefusal(rtp.report(), this.#context.settings.webrtc);
    if (refusal !== undefined) return notToBeHad(refusal);
    const choice = chooseMedia(offer, media, wanted);
    if (choice.kind === "mismatch") return notToBeHad(describeMismatches(choice.mismatches));
    for (const lapse of [choice.audio?.choice.lapse, choice.video?.choice.lapse]) {
      if (lapse === undefined) continue;
      const { path } = stream.entry;
      log.info("{peer}: a viewer of {path} offers {lapse}, and gets it so", { path, lapse });
    }
    const { audio, video } = settleMedia(choice, media, this.#context.settings.webrtc);
    const request = { asked, allowed, askedAtMs, path: stream.entry.path, from };
    if (addresses.hasLeft()) return this.#refuse(addresses, "It has left");
    const ticket = this.#context.viewers.admit(request);
    if (!(ticket instanceof Ticket)) return this.#refuse(addresses, ticket.reason);
    if (audio !== undefined) rtp.wantOpus();
    const renditions = video && selection.videoTrack === undefined
      ? new ViewerRenditions(stream, rtp, holder)
      : undefined;
    const local = this.#endpoint.createCredentials();
    const cname = crypto.randomUUID();
    const session = this.#endpoint.open({
      audience: rtp.audience,
      media: {
        ...viewerTracks({ audio, video }, media),
        lacksVideo: wanted.video && media.video === undefined && wantsVideo(offer),
        cname,
      },
      renditions,
      wishKeyFrame: (trackId = selection.videoTrack) => stream.wishKeyFrame(trackId),
      local,
      remoteUfrag: offer.transport.iceUfrag,
      remotePassword: offer.transport.icePassword,
      hasDataChannels: hasDataChannels(offer),
      id,
      ticket,
      askedAtMs,
      log,
      renewed: () => this.#renewed.add(id, performance.now()),
    });
    const extensions = new ViewerExtensions({
      path: stream.entry.path,
      videoSection: choice.video && offer.sections.indexOf(choice.video.section),
      trackId: selection.videoTrack ?? defaultTrackId("video", stream.log.tracks),
      renditions,
    });
    const sections = [audio, video].filter((section) => section !== undefined);
    const answered = answeredTransport(bundleTag(offer, sections), candidates, local);
    this.#answered.set(session, { ...answered, request, extensions });
    const { fingerprint } = this.#endpoint.certificate;
    const sdp = writeSdpAnswer(offer, sections, { local, fingerprint, candidates }, {
      sessionId: `${crypto.getRandomValues(new Uint32Array(1))[0]}`,
      cname,
      streamId: "sluice",
    });
    const hasLayers = renditions !== undefined;
    return created(sdp, answered.etag, {
      location: viewerLocation(endpoint, session.id, asked.query),
      link: [
        viewerLinks(endpoint, session.id, asked.query, { hasLayers }),
        ...iceServerLinks(this.#context.settings.webrtc.iceServers),
      ].join(", "),
    });
  }

  /** The answer to a viewer beyond the limits. */
  #refusalIfFull(addresses: ConnectionAddresses): WholeResponse | undefined {
    const full = this.#context.viewers.refusal("whep", addresses.remoteAddr.hostname);
    return full && this.#refuse(addresses, full.reason);
  }

  #refuse({ log }: ConnectionAddresses, reason: string): WholeResponse {
    this.#context.viewers.noteRefusal("whep");
    log.info("{peer} cannot play: {reason}", { reason });
    return notNow(reason);
  }
}
