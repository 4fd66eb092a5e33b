import { STATUS_CODE } from "@std/http/status";
import type { RequestHead } from "../../../http/request_head.ts";
import { MAX_BODY_LENGTH } from "../../../http/request_reader.ts";
import type { WholeResponse } from "../../../http/response.ts";
import type { ControlLink } from "../../control_link.ts";
import { jsonAnswer, problem } from "../routing/answers.ts";
import type { RunIdentity } from "../../shard_settings.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { Route } from "../routing/route_table.ts";

const PATH = "/api/v1/config";

/** Bytes of a configuration: 10,000 keys, each with some paths. */
const MAX_CONFIG_LENGTH = 4 * 1024 * 1024;

/** Bytes that the body of a request may have. */
export function bodyLimitOf({ method, target }: Pick<RequestHead, "method" | "target">): number {
  const isConfig = method === "PUT" && (target === PATH || target.startsWith(`${PATH}?`));
  return isConfig ? MAX_CONFIG_LENGTH : MAX_BODY_LENGTH;
}

/** Changes the configuration while everybody goes on. */
export function reloadRoute(
  { control, settings }: Pick<HttpContext, "control" | "settings">,
): Route {
  return {
    method: "PUT",
    pattern: PATH,
    access: "admin",
    accepts: "application/json",
    handler: ({ request }) => reload(control, request.body, settings.identity),
  };
}

async function reload(
  control: ControlLink,
  body: Uint8Array,
  identity: RunIdentity,
): Promise<WholeResponse> {
  const outcome = await control.reload(new TextDecoder().decode(body));
  if (outcome.kind === "wrong") return problem(STATUS_CODE.BadRequest, outcome.reason);
  const { revoked } = outcome;
  return jsonAnswer({ code: 0, ...identity, revoked });
}
