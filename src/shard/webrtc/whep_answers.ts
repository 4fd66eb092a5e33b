/** Answers that WHEP has beside those that open a session. */
import { STATUS_CODE } from "@std/http/status";
import type { WholeResponse } from "../../http/response.ts";
import { CORS_HEADERS, problem } from "../http/answers.ts";

/** Seconds after which a refused viewer may come again. */
export const RETRY_AFTER_S = "2";

/** `*` would not do for Authorization (Fetch 2.2.2). */
export const WHEP_HEADERS = {
  ...CORS_HEADERS,
  "access-control-allow-methods": "POST, GET, PATCH, DELETE, OPTIONS",
  "access-control-allow-headers": "authorization, content-type, if-match",
  "access-control-expose-headers": "location, etag, accept-patch, retry-after",
};

/** An answer that says in words what is wrong. */
export function whepProblem(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): WholeResponse {
  return problem(status, message, { ...WHEP_HEADERS, ...headers });
}

/** Nobody publishes the stream, or does so no longer: a viewer may try again. */
export function notLive(path: string): WholeResponse {
  return whepProblem(STATUS_CODE.NotFound, `The stream ${path} is not live`, {
    "retry-after": RETRY_AFTER_S,
  });
}

/** The stream is there, and cannot be watched at this moment. */
export function notNow(message: string): WholeResponse {
  return whepProblem(STATUS_CODE.ServiceUnavailable, message, { "retry-after": RETRY_AFTER_S });
}

/** The stream has begun, and is not known yet. */
export function notToldYet(): WholeResponse {
  return notNow("The stream has not told yet what it carries");
}

/**
 * What the stream has does not fit what was offered, or what the settings say. 406 would be a
 * counter-offer (draft-ietf-wish-whep-04).
 */
export function notToBeHad(message: string): WholeResponse {
  return whepProblem(STATUS_CODE.UnprocessableEntity, message);
}

/** Nobody watches under this address. */
export function noViewer(): WholeResponse {
  return whepProblem(STATUS_CODE.NotFound, "There is no such viewer");
}
