import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../http/http_error.ts";
import type { HttpRequest } from "../http/request_reader.ts";
import type { WholeResponse } from "../http/response.ts";
import type { TrackSelection } from "../stream/feed.ts";
import { LogState } from "../stream/log_layout.ts";
import { escapePath } from "../stream/stream_path.ts";
import { DEFAULT_TRACKS } from "../stream/track_selection.ts";
import { hostCandidates, type IceCandidate } from "../webrtc/candidate.ts";
import { chooseMedia, describeMismatches } from "../webrtc/media_choice.ts";
import {
  type AnsweredSection,
  settleSection,
  writeRestartFragment,
  writeSdpAnswer,
} from "../webrtc/sdp_answer.ts";
import { parseSdpOffer, type SdpOffer } from "../webrtc/sdp_offer.ts";
import { parseIpAddress, type TransportAddress } from "../webrtc/transport_address.ts";
import { parseTrickleFragment, TRICKLE_FRAGMENT_TYPE } from "../webrtc/trickle_fragment.ts";
import { WebrtcError } from "../webrtc/webrtc_error.ts";
import { describeRefusal, MemoryHolding } from "../stream/memory_holding.ts";
import { holderOf } from "./memory_holder.ts";
import { answer, CORS_HEADERS, problem } from "./http_answers.ts";
import type { ConnectionAddresses } from "./http_connection.ts";
import type { HttpContext } from "./http_routes.ts";
import { areTracksSettled, isOver, knownMedia } from "./known_media.ts";
import type { LiveStream } from "./live_stream.ts";
import {
  B_FRAMES_REMEDY,
  type ForwardedRequest,
  type ForwardedResponse,
  type PictureReport,
  type ReachedFamilies,
} from "./messages.ts";
import { missingTrack, namedTracks } from "./track_query.ts";
import { answerWishes, viewerTrack } from "./viewer_media.ts";
import type { WebrtcEndpoint } from "./webrtc_endpoint.ts";
import type { WebrtcSession } from "./webrtc_session.ts";

/** What the path of a stream ends with in the URL of its WHEP endpoint. */
export const WHEP_SUFFIX = "/whep";

const SDP_TYPE = "application/sdp";

/** Addresses that a request may name by `eip`. */
const MAX_EXTERNAL_ADDRESSES = 4;

/** What a viewer takes: its session, DTLS and what is kept of its offer. Measured. */
const SESSION_BYTES = 160 * 1024;

/** Seconds after which a refused viewer may come again. */
const RETRY_AFTER_S = "2";

const WHEP_HEADERS = {
  ...CORS_HEADERS,
  "access-control-allow-methods": "POST, GET, PATCH, DELETE, OPTIONS",
  "access-control-expose-headers": "location, etag, accept-patch",
};

/** What was answered to a viewer, for what comes later about it. */
interface Answered {
  readonly offer: SdpOffer;
  readonly sections: readonly AnsweredSection[];
  readonly candidates: readonly IceCandidate[];
  etag: string;
}

/** WebRTC-HTTP egress (draft-ietf-wish-whep): viewers come by POST and go by DELETE. */
export class Whep {
  readonly #context: HttpContext;
  readonly #endpoint: WebrtcEndpoint;
  readonly #answered = new WeakMap<WebrtcSession, Answered>();

  constructor(context: HttpContext, endpoint: WebrtcEndpoint) {
    this.#context = context;
    this.#endpoint = endpoint;
  }

  /** Answers a request for a stream's endpoint. */
  async answerEndpoint(
    path: string,
    query: URLSearchParams,
    request: HttpRequest,
    addresses: ConnectionAddresses,
  ): Promise<WholeResponse> {
    if (request.method === "OPTIONS") {
      return answer(STATUS_CODE.NoContent, { ...WHEP_HEADERS, "accept-post": SDP_TYPE });
    }
    if (request.method !== "POST") {
      return whepProblem(STATUS_CODE.MethodNotAllowed, "Send an SDP offer here by POST", {
        allow: "POST, OPTIONS",
      });
    }
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) return notLive(path);
    // Which kinds are wanted, the offer says.
    const selection = namedTracks(query, DEFAULT_TRACKS);
    if ("problem" in selection) return whepProblem(STATUS_CODE.BadRequest, selection.problem);
    const from = addresses.remoteAddr.hostname;
    const full = this.#refusalIfFull(from);
    if (full !== undefined) return full;
    const offer = readOffer(request);
    const candidates = this.#candidates(query, addresses);
    return await refusalIfMissing(stream, selection) ??
      await this.#openViewer(stream, selection, offer, candidates, from);
  }

  /** Answers a request about a viewer, wherever it is. */
  async answerResource(resource: string, request: HttpRequest): Promise<WholeResponse> {
    const { method, headers, body } = request;
    if (method === "OPTIONS") {
      return answer(STATUS_CODE.NoContent, {
        ...WHEP_HEADERS,
        "accept-patch": TRICKLE_FRAGMENT_TYPE,
      });
    }
    const forwarded: ForwardedRequest = {
      method,
      resource,
      contentType: headers.get("content-type") ?? "",
      ifMatch: headers.get("if-match"),
      body,
    };
    const shard = Number(/^(\d{1,3})\./.exec(resource)?.[1] ?? NaN);
    if (Number.isNaN(shard)) return noViewer();
    if (shard === this.#context.shard) return asWhole(this.answerForwarded(forwarded));
    const response = await this.#context.control.forward(shard, forwarded);
    return response === undefined ? noViewer() : asWhole(response);
  }

  /** Answers a request about a viewer of this shard. */
  answerForwarded(request: ForwardedRequest): ForwardedResponse {
    const session = this.#endpoint.session(request.resource);
    if (session === undefined) return noViewer();
    try {
      switch (request.method) {
        case "DELETE":
          session.end("it has left");
          return answer(STATUS_CODE.OK, WHEP_HEADERS);
        case "PATCH":
          return this.#patch(session, request);
        case "GET":
          return answer(STATUS_CODE.OK, {
            ...WHEP_HEADERS,
            "content-type": "application/json",
            "cache-control": "no-store",
          }, JSON.stringify(session.describe()));
        default:
          return whepProblem(STATUS_CODE.MethodNotAllowed, "Use GET, PATCH or DELETE here", {
            allow: "GET, PATCH, DELETE, OPTIONS",
          });
      }
    } catch (error) {
      if (!(error instanceof WebrtcError)) throw error;
      return whepProblem(STATUS_CODE.BadRequest, error.message);
    }
  }

  /** Why a stream with such pictures is not shown, by what the settings say. */
  refusalOf(pictures: PictureReport | undefined): string | undefined {
    const { bFrames, inexact } = this.#context.settings.webrtc;
    if (pictures?.bFrames && (bFrames === "refuse" || !pictures.areDropped)) {
      return `The stream has B-frames, which WebRTC cannot show. ${B_FRAMES_REMEDY}`;
    }
    if (pictures?.exact === false && inexact === "refuse") {
      return `Without its B-frames, the stream cannot be shown as it is. ${B_FRAMES_REMEDY}`;
    }
    return undefined;
  }

  async #openViewer(
    stream: LiveStream,
    selection: TrackSelection,
    offer: SdpOffer,
    candidates: readonly IceCandidate[],
    from: string,
  ): Promise<WholeResponse> {
    const holder = holderOf(this.#context.memory, from);
    const rtp = stream.rtp(selection, holder);
    if (typeof rtp === "string") return this.#refuse(rtp);
    const media = await knownMedia(stream, rtp);
    if (isOver(stream, rtp)) return notLive(stream.entry.path);
    if (media === undefined) return notToldYet();
    // Others have come while it was waited for.
    const full = this.#refusalIfFull(from);
    if (full !== undefined) return full;
    const refusal = this.refusalOf(rtp.report());
    if (refusal !== undefined) return whepProblem(STATUS_CODE.NotAcceptable, refusal);
    const choice = chooseMedia(offer, media);
    if (choice.kind === "mismatch") {
      return whepProblem(STATUS_CODE.NotAcceptable, describeMismatches(choice.mismatches));
    }
    const [audioSsrc, videoSsrc, rtxSsrc] = randomNumbers();
    const chosen = [choice.audio, choice.video].filter((section) => section !== undefined);
    const wishes = answerWishes(chosen, this.#context.settings.webrtc);
    const channels = media.audio?.channels ?? 2;
    const audio = choice.audio &&
      settleSection(choice.audio, { ssrc: audioSsrc }, { wishes, channels });
    const video = choice.video &&
      settleSection(choice.video, { ssrc: videoSsrc, rtxSsrc }, { wishes });
    const held = new MemoryHolding(this.#context.memory, "sessions", holder);
    const lack = held.resize(SESSION_BYTES);
    if (lack !== undefined) return this.#refuse(describeRefusal(lack));
    if (audio !== undefined) rtp.wantOpus();
    const local = this.#endpoint.createCredentials();
    const cname = crypto.randomUUID();
    const session = this.#endpoint.open({
      audience: rtp.audience,
      media: { audio: audio && viewerTrack(audio), video: video && viewerTrack(video), cname },
      local,
      remoteUfrag: offer.transport.iceUfrag,
      from,
      held,
      path: stream.entry.path,
    });
    const sections = [audio, video].filter((section) => section !== undefined);
    const etag = `"${local.ufrag}"`;
    this.#answered.set(session, { offer, sections, candidates, etag });
    const { fingerprint } = this.#endpoint.certificate;
    const sdp = writeSdpAnswer(offer, sections, { local, fingerprint, candidates }, {
      sessionId: `${randomNumbers()[0]}`,
      cname,
      streamId: "sluice",
    });
    return answer(STATUS_CODE.Created, {
      ...WHEP_HEADERS,
      "content-type": SDP_TYPE,
      "cache-control": "no-store",
      "accept-patch": TRICKLE_FRAGMENT_TYPE,
      location: `/${escapePath(stream.entry.path)}${WHEP_SUFFIX}/${session.id}`,
      etag,
    }, sdp);
  }

  /** The answer to a viewer that there is no memory for. */
  #refuse(reason: string): WholeResponse {
    this.#context.counters.add("webrtcViewersRefused");
    return notNow(reason);
  }

  /** The answer to a viewer beyond the limits. */
  #refusalIfFull(from: string): WholeResponse | undefined {
    const { counters, settings: { maxViewers, webrtc } } = this.#context;
    const isFull = counters.total("webrtcViewers") >= webrtc.maxViewers ||
      counters.total("viewers") >= maxViewers;
    const isAddressFull = this.#endpoint.viewersFrom(from) >= webrtc.maxViewersPerAddress;
    if (!isFull && !isAddressFull) return undefined;
    counters.add("webrtcViewersRefused");
    const message = isFull
      ? "There are too many viewers already"
      : "There are too many viewers from your address already";
    return whepProblem(STATUS_CODE.ServiceUnavailable, message, { "retry-after": RETRY_AFTER_S });
  }

  #patch(session: WebrtcSession, request: ForwardedRequest): ForwardedResponse {
    if (mediaType(request.contentType) !== TRICKLE_FRAGMENT_TYPE) {
      return whepProblem(
        STATUS_CODE.UnsupportedMediaType,
        `Content-Type must be ${TRICKLE_FRAGMENT_TYPE}`,
      );
    }
    const answered = this.#answered.get(session)!;
    const fragment = parseTrickleFragment(new TextDecoder().decode(request.body));
    const isRestart = session.peer.remoteUfrag !== undefined &&
      fragment.ufrag !== session.peer.remoteUfrag;
    const { ifMatch } = request;
    if (!isRestart) {
      if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== answered.etag) {
        return whepProblem(STATUS_CODE.PreconditionFailed, "The session has been restarted since");
      }
      // ICE-lite: checks come from the viewer, which has our candidates.
      return answer(STATUS_CODE.NoContent, WHEP_HEADERS);
    }
    const local = this.#endpoint.restart(session, fragment.ufrag);
    answered.etag = `"${local.ufrag}"`;
    const { offer, sections, candidates } = answered;
    const body = writeRestartFragment(offer, sections, { local, candidates });
    return answer(STATUS_CODE.OK, {
      ...WHEP_HEADERS,
      "content-type": TRICKLE_FRAGMENT_TYPE,
      etag: answered.etag,
    }, body);
  }

  /** Where viewers reach this shard: what the request names, else the settings, else its own. */
  #candidates(query: URLSearchParams, { localAddr }: ConnectionAddresses): IceCandidate[] {
    const { publicIps, udpPort, udpFamilies, tcpPort, tcpFamilies } = this.#context.settings.webrtc;
    const named = query.getAll("eip").flatMap((value) => value.split(","))
      .slice(0, MAX_EXTERNAL_ADDRESSES);
    for (const address of named) {
      const isIp = parseIpAddress(address) !== undefined;
      if (isIp && isOf(tcpFamilies, address)) continue;
      const wanted = !isIp
        ? "an IP address"
        : `an ${tcpFamilies.ipv4 ? "IPv4" : "IPv6"} address, as the server listens on no other`;
      throw new HttpError(
        STATUS_CODE.BadRequest,
        `Cannot use eip: must be ${wanted}, got ${JSON.stringify(address.slice(0, 64))}`,
      );
    }
    const hosts = named.length > 0
      ? named
      : publicIps.length > 0
      ? publicIps
      : [unmapped(localAddr.hostname)];
    const addresses: TransportAddress[] = [];
    for (const hostname of hosts) {
      if (udpPort === undefined || !isOf(udpFamilies, hostname)) continue;
      addresses.push({ transport: "udp", hostname, port: udpPort });
    }
    for (const hostname of hosts) addresses.push({ transport: "tcp", hostname, port: tcpPort });
    return hostCandidates(addresses);
  }
}

/** The answer to who names a track that is not there: nothing is made of one that may not be. */
async function refusalIfMissing(
  stream: LiveStream,
  selection: TrackSelection,
): Promise<WholeResponse | undefined> {
  const { log } = stream;
  if (selection.audioTrack === undefined && selection.videoTrack === undefined) return undefined;
  const isSettled = await areTracksSettled(stream);
  if (log.state === LogState.ended) return notLive(stream.entry.path);
  if (!isSettled) return notToldYet();
  const missing = missingTrack(selection, log);
  return missing === undefined ? undefined : whepProblem(STATUS_CODE.NotFound, missing);
}

function readOffer({ headers, body }: HttpRequest): SdpOffer {
  const contentType = headers.get("content-type") ?? "";
  if (mediaType(contentType) !== SDP_TYPE) {
    throw new HttpError(
      STATUS_CODE.UnsupportedMediaType,
      `Cannot take offer: Content-Type must be ${SDP_TYPE}`,
    );
  }
  try {
    return parseSdpOffer(new TextDecoder().decode(body));
  } catch (error) {
    if (error instanceof WebrtcError) throw new HttpError(STATUS_CODE.BadRequest, error.message);
    throw error;
  }
}

/** Three different numbers of 32 bits, none of them 0. */
function randomNumbers(): [number, number, number] {
  for (;;) {
    const numbers = new Set(crypto.getRandomValues(new Uint32Array(3)));
    if (numbers.size === 3 && !numbers.has(0)) return [...numbers] as [number, number, number];
  }
}

function isOf(families: ReachedFamilies, address: string): boolean {
  return address.includes(":") ? families.ipv6 : families.ipv4;
}

/** A socket for both families shows IPv4 addresses in the form of IPv6. */
function unmapped(hostname: string): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/i, "");
}

function mediaType(contentType: string): string {
  return contentType.split(";")[0]!.trim().toLowerCase();
}

function whepProblem(status: number, message: string, headers: Record<string, string> = {}) {
  return problem(status, message, { ...WHEP_HEADERS, ...headers });
}

function notLive(path: string) {
  return whepProblem(STATUS_CODE.NotFound, `The stream ${path} is not live`);
}

function notToldYet() {
  return notNow("The stream has not told yet what it carries");
}

function notNow(message: string) {
  return whepProblem(STATUS_CODE.ServiceUnavailable, message, { "retry-after": RETRY_AFTER_S });
}

function noViewer() {
  return whepProblem(STATUS_CODE.NotFound, "There is no such viewer");
}

function asWhole({ status, headers, body }: ForwardedResponse): WholeResponse {
  return { kind: "whole", status, headers, body: new Uint8Array(body) };
}
