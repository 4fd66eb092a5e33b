import { STATUS_CODE } from "@std/http/status";
import type { WholeResponse } from "../../../http/response.ts";
import { streamPath } from "../../../stream/stream_path.ts";
import { TRICKLE_FRAGMENT_TYPE } from "../../../webrtc/sdp/trickle_fragment.ts";
import { answer, problem } from "../routing/answers.ts";
import type { Route, RoutedRequest } from "../routing/route_table.ts";
import { SDP_TYPE } from "./whep_offer.ts";
import type { Whip } from "./whip.ts";

const ENDPOINT = "/{path...}/whip";
const SRS_ENDPOINT = "/rtc/v1/whip/?";

const NOTHING = answer(STATUS_CODE.NoContent, {});

/** Where publishers come to by WebRTC (RFC 9725). */
export function whipRoutes(
  whip: Pick<Whip, "answerEndpoint" | "answerResource">,
): readonly Route[] {
  const endpoint = { method: "POST", access: "viewers", accepts: SDP_TYPE } as const;
  const session = { pattern: "/{path...}/whip/{session}", access: "viewers" } as const;
  // RFC 9725 4.1: whoever asks whether there is one gets 2xx, and no content.
  const isThere = { method: "GET", access: "viewers", handler: () => NOTHING } as const;
  return [
    { ...isThere, pattern: SRS_ENDPOINT },
    { ...isThere, pattern: ENDPOINT },
    // Where SRS has its endpoint, with the stream in the query.
    {
      ...endpoint,
      pattern: SRS_ENDPOINT,
      handler: (routed) => answerNamed(whip, streamInQuery(routed), routed),
    },
    {
      ...endpoint,
      pattern: ENDPOINT,
      handler: (routed) => answerNamed(whip, streamPath("", routed.parts["path"]!), routed),
    },
    { ...session, method: "GET", handler: (routed) => answerNothing(whip, routed) },
    {
      ...session,
      method: "PATCH",
      accepts: TRICKLE_FRAGMENT_TYPE,
      handler: (routed) => whip.answerResource("PATCH", routed),
    },
    { ...session, method: "DELETE", handler: (routed) => whip.answerResource("DELETE", routed) },
    {
      ...session,
      pattern: `${session.pattern}/statistics`,
      method: "GET",
      handler: (routed) => whip.answerResource("GET", routed),
    },
  ];
}

/** Whether there is such a session, for whoever may know. */
async function answerNothing(
  whip: Pick<Whip, "answerResource">,
  routed: RoutedRequest,
): Promise<WholeResponse> {
  const described = await whip.answerResource("GET", routed);
  return described.status === STATUS_CODE.OK ? NOTHING : described;
}

/**
 * Answers an offer for a stream by the path that it is known by, whatever slashes the request has
 * beside: who may publish is asked about no other.
 */
async function answerNamed(
  whip: Pick<Whip, "answerEndpoint">,
  target: ReturnType<typeof streamPath>,
  routed: RoutedRequest,
): Promise<WholeResponse> {
  if ("problem" in target) return problem(STATUS_CODE.BadRequest, target.problem);
  if (target.path === "") return problem(STATUS_CODE.BadRequest, "The request must name a stream");
  return await whip.answerEndpoint(target.path, routed);
}

function streamInQuery({ query }: RoutedRequest): ReturnType<typeof streamPath> {
  return streamPath(query.get("app") ?? "", query.get("stream") ?? "");
}

/** The stream that `?app=&stream=` names; "" if it is none. */
export function pathInQuery(routed: RoutedRequest): string {
  const target = streamInQuery(routed);
  return "path" in target ? target.path : "";
}
