import type { WholeResponse } from "../../../http/response.ts";
import type {
  ForwardedResponse,
  PublisherRequest,
  SessionRequest,
} from "../routing/forwarded_request.ts";
import type { HttpContext } from "../routing/route_context.ts";
import { shardOf } from "./whep_links.ts";

/**
 * Has the shard answer that has the session.
 *
 * @param here answers if it is this shard
 * @param missing answers if there is no such session
 */
export async function answerWhereItIs<Request extends SessionRequest | PublisherRequest>(
  { shard: own, control }: Pick<HttpContext, "shard" | "control">,
  request: Request,
  here: (request: Request) => Promise<ForwardedResponse>,
  missing: () => WholeResponse,
): Promise<WholeResponse> {
  const shard = shardOf(request.resource);
  if (shard === undefined) return missing();
  const response = shard === own ? await here(request) : await control.forward(shard, request);
  if (response === undefined) return missing();
  const { status, headers, body } = response;
  return { kind: "whole", status, headers, body: new Uint8Array(body) };
}
