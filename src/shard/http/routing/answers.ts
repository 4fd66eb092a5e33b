import { STATUS_CODE } from "@std/http/status";
import type { ResponseHeaders, WholeResponse } from "../../../http/response.ts";

/** Any page may read an answer that has these headers. */
export const ANY_PAGE = { "access-control-allow-origin": "*" } as const;

/** Of server-sent events. */
export const EVENTS_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx, for one, would hold back events to fill its buffers.
  "x-accel-buffering": "no",
} as const;

const encoder = new TextEncoder();

/** A response with a text or bytes, or with nothing. */
export function answer(
  status: number,
  headers: ResponseHeaders,
  body: string | Uint8Array<ArrayBuffer> = "",
): WholeResponse {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  return { kind: "whole", status, headers, body: bytes };
}

/** JSON of this moment. */
export function jsonAnswer(value: unknown): WholeResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return answer(STATUS_CODE.OK, headers, JSON.stringify(value));
}

/** A line of text. */
export function textAnswer(
  status: number,
  line: string,
  headers: ResponseHeaders = {},
): WholeResponse {
  const text = { "content-type": "text/plain; charset=utf-8", ...headers };
  return answer(status, text, `${line}\n`);
}

/** An answer that says in words what is wrong. */
export const problem = textAnswer;

/** After this, a client that was refused for now may come again, where nothing else is known. */
export const RETRY_AFTER_SECONDS = 5;

/** The answer to who is refused for now, and may come again. */
export function busy(
  reason: string,
  retryAfterSeconds: number = RETRY_AFTER_SECONDS,
): WholeResponse {
  const headers = { "retry-after": `${retryAfterSeconds}` };
  return problem(STATUS_CODE.ServiceUnavailable, reason, headers);
}

/** The answer to a proxy's client that has as many connections as it may have. */
export function noPlace(reason: string): WholeResponse {
  return busy(`Cannot answer: ${reason}`);
}
