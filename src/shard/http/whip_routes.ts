import { streamPath } from "../../stream/stream_path.ts";
import { TRICKLE_FRAGMENT_TYPE } from "../../webrtc/sdp/trickle_fragment.ts";
import type { Route, RoutedRequest } from "./route_table.ts";
import { SDP_TYPE } from "./whep_offer.ts";
import type { Whip } from "./whip.ts";

/** Where publishers come to by WebRTC (RFC 9725). */
export function whipRoutes(whip: Whip): readonly Route[] {
  const endpoint = { method: "POST", access: "viewers", accepts: SDP_TYPE } as const;
  const session = { pattern: "/{path...}/whip/{session}", access: "viewers" } as const;
  return [
    // Where SRS has its endpoint, with the stream in the query.
    {
      ...endpoint,
      pattern: "/rtc/v1/whip/?",
      handler: (routed) => whip.answerEndpoint(pathInQuery(routed), routed),
    },
    {
      ...endpoint,
      pattern: "/{path...}/whip",
      handler: (routed) => whip.answerEndpoint(routed.parts["path"]!, routed),
    },
    { ...session, method: "GET", handler: (routed) => whip.answerResource("GET", routed) },
    {
      ...session,
      method: "PATCH",
      accepts: TRICKLE_FRAGMENT_TYPE,
      handler: (routed) => whip.answerResource("PATCH", routed),
    },
    { ...session, method: "DELETE", handler: (routed) => whip.answerResource("DELETE", routed) },
  ];
}

/** The stream that `?app=&stream=` names; "" if it is none. */
export function pathInQuery({ query }: RoutedRequest): string {
  const target = streamPath(query.get("app") ?? "", query.get("stream") ?? "");
  return "path" in target ? target.path : "";
}
