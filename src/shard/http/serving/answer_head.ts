import { STATUS_CODE } from "@std/http/status";
import {
  encodeResponseHead,
  type HttpResponse,
  type ResponseFraming,
} from "../../../http/response.ts";
import type { Counters } from "../../../metrics/counters.ts";

/** The head of an answer that is sent now, which is counted by its status. */
export function answerHead(
  response: HttpResponse,
  framing: ResponseFraming,
  keepsAlive: boolean,
  counters: Counters,
): Uint8Array<ArrayBuffer> {
  const status = response.kind === "websocket" ? STATUS_CODE.SwitchingProtocols : response.status;
  counters.tally("httpResponses", { status: `${status}` });
  return encodeResponseHead(response, { framing, keepsAlive, date: new Date() });
}
