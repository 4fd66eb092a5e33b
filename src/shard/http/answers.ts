import { STATUS_CODE } from "@std/http/status";
import type { ResponseHeaders, WholeResponse } from "../../http/response.ts";

/** Any page may read an answer that has these headers. */
export const ANY_PAGE = { "access-control-allow-origin": "*" } as const;

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

/** Seconds after which a refused client may come again. */
const RETRY_AFTER_S = "5";

/** The answer to a proxy's client that has as many connections as it may have. */
export function noPlace(reason: string): WholeResponse {
  return problem(STATUS_CODE.ServiceUnavailable, `Cannot answer: ${reason}`, {
    "retry-after": RETRY_AFTER_S,
  });
}
