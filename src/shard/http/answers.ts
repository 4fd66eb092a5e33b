import type { ResponseHeaders, WholeResponse } from "../../http/response.ts";

/** Anyone may watch and list from any page; who may not is for authorisation to say. */
export const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  // `*` does not cover Authorization (Fetch 2.2.2).
  "access-control-allow-headers": "*, authorization",
  "access-control-max-age": "86400",
};

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

/** A line of text, for any page to read. */
export function textAnswer(
  status: number,
  line: string,
  headers: ResponseHeaders = {},
): WholeResponse {
  const text = { "content-type": "text/plain; charset=utf-8", ...CORS_HEADERS, ...headers };
  return answer(status, text, `${line}\n`);
}

/** An answer that says in words what is wrong. */
export const problem = textAnswer;
