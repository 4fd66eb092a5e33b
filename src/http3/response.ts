import { encodeFrame, FRAME } from "./frame.ts";
import { encodeFieldSection } from "./qpack/field_section.ts";
import type { HeaderField } from "./qpack/static_table.ts";

/** What a server that speaks draft 02 answers to who asks for it (draft-ietf-webtrans-http3-02 6). */
export const DRAFT02_ANSWER: HeaderField = ["sec-webtransport-http3-draft", "draft02"];

/**
 * A response's HEADERS frame (RFC 9114 4.1, 4.3.2), which belongs to the caller.
 *
 * @param fields names in lower case and values must be this program's own: they are not checked
 */
export function encodeResponse(
  status: number,
  fields: readonly HeaderField[] = [],
): Uint8Array<ArrayBuffer> {
  return encodeFrame(FRAME.headers, encodeFieldSection([[":status", `${status}`], ...fields]));
}
