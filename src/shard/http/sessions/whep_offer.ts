import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { HttpRequest } from "../../../http/request_reader.ts";
import { parseSdpOffer, type SdpOffer } from "../../../webrtc/sdp/offer.ts";
import { WebrtcError } from "../../../webrtc/webrtc_error.ts";

/** Of offers and answers. */
export const SDP_TYPE = "application/sdp";

/**
 * The offer that a request has.
 *
 * @throws {HttpError} that answers what is none
 */
export function readOffer({ headers, body }: HttpRequest): SdpOffer {
  const contentType = headers.get("content-type") ?? "";
  if (mediaType(contentType) !== SDP_TYPE) {
    throw new HttpError(
      STATUS_CODE.UnsupportedMediaType,
      `Cannot take offer: Content-Type must be ${SDP_TYPE}`,
    );
  }
  try {
    return parseSdpOffer(new TextDecoder().decode(body));
  } catch (error) {
    if (error instanceof WebrtcError) throw new HttpError(STATUS_CODE.BadRequest, error.message);
    throw error;
  }
}

/** Whether an offer asks for pictures. */
export function wantsVideo({ sections }: SdpOffer): boolean {
  return sections.some(({ kind, rejected, direction }) =>
    kind === "video" && !rejected && (direction === "recvonly" || direction === "sendrecv")
  );
}

/** Of a Content-Type, without parameters. */
export function mediaType(contentType: string): string {
  return contentType.split(";")[0]!.trim().toLowerCase();
}
