import { STATUS_CODE } from "@std/http/status";
import type { WholeResponse } from "../../../http/response.ts";
import type { ViewerRenditions } from "../../live/viewer_renditions.ts";
import type { WebrtcSession } from "../../webrtc/session.ts";
import { answer, problem } from "../routing/answers.ts";
import { ChoiceRate } from "./choice_rate.ts";
import { EventStreams } from "./event_streams.ts";
import type { SessionRequest } from "../routing/forwarded_request.ts";
import { parseLayerChoice } from "./layer_choice.ts";
import { sentQuality } from "./sent_quality.ts";
import type { SessionEventName } from "./session_facts.ts";
import type { FollowedSession, SessionState } from "./session_followers.ts";

/** What a follower of a session's events is to know of it, as JSON. */
export type EventStreamFacts =
  & Pick<FollowedSession, "path" | "videoSection">
  & { readonly wanted: readonly SessionEventName[] };

/** What the extensions need of a viewer's session. */
export interface ExtendedViewer {
  /** Of its stream. */
  readonly path: string;
  /** Of its offer, in which the pictures are; `undefined` if it has none. */
  readonly videoSection: number | undefined;
  /** The number of the track that it is sent if it is sent no other. */
  readonly trackId: number;
  /** If it is sent whichever fits. */
  readonly renditions: ViewerRenditions | undefined;
}

/** What a viewer can do beside watching (draft-ietf-wish-whep's core extensions), where its session is. */
export class ViewerExtensions {
  readonly #viewer: ExtendedViewer;
  readonly #events = new EventStreams();
  readonly #choices = new ChoiceRate(performance.now());

  constructor(viewer: ExtendedViewer) {
    this.#viewer = viewer;
  }

  /** @throws {HttpError} for what is to be refused with its status */
  answer({ method, part, eventStream, body }: SessionRequest): WholeResponse {
    if (part === "layer") return this.#chooseLayer(body);
    if (part === "events") {
      const location = `events/${this.#events.create(body)}`;
      return answer(STATUS_CODE.Created, { location, "cache-control": "no-store" });
    }
    if (method === "DELETE" && this.#events.remove(eventStream)) return answer(STATUS_CODE.OK, {});
    const wanted = this.#events.wanted(eventStream);
    if (wanted === undefined) return problem(STATUS_CODE.NotFound, "There is no such event stream");
    const { path, videoSection } = this.#viewer;
    const facts: EventStreamFacts = { path, videoSection, wanted: [...wanted] };
    return answer(STATUS_CODE.OK, {}, JSON.stringify(facts));
  }

  /** How the session is, for those who follow a stream of its events; `null` if there is no such one. */
  stateFor(eventStream: string, session: WebrtcSession): SessionState {
    if (this.#events.wanted(eventStream) === undefined) return null;
    return { quality: sentQuality(session, this.#viewer.trackId) };
  }

  #chooseLayer(body: Uint8Array): WholeResponse {
    const { videoSection, renditions } = this.#viewer;
    if (videoSection === undefined || renditions === undefined) {
      const message =
        "Cannot choose a layer: the session has no pictures, or those of one ?vtrack=";
      return problem(STATUS_CODE.Conflict, message);
    }
    const wish = parseLayerChoice(body, videoSection);
    const nowMs = performance.now();
    const known = renditions.trackIds(nowMs);
    if (wish.trackId !== undefined && !known.includes(wish.trackId)) {
      const message = `There is no layer ${wish.trackId}: the stream has ${known.join(", ")}`;
      return problem(STATUS_CODE.NotFound, message);
    }
    this.#choices.take(nowMs);
    renditions.choose(wish);
    return answer(STATUS_CODE.OK, {});
  }
}
