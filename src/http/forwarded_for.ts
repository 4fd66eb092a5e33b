import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "./http_error.ts";

/** Proxies that a request may have come through. */
const MAX_PROXIES = 16;

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV4_WITH_PORT = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/;
/** In brackets, with or without a port. */
const IPV6_IN_BRACKETS = /^\[([0-9a-fA-F:.]{2,45})\](?::\d{1,5})?$/;
const IPV6 = /^(?=.*:.*:)[0-9a-fA-F:.]{2,45}$/;

/**
 * The address of a request's client, as trusted proxies tell it: each of them adds whom it serves at
 * the end of X-Forwarded-For, and what stands before that anybody can have written. So it is the
 * last address there that is no trusted proxy's; or the first one, if all are.
 *
 * @param peer the address that the connection comes from, which is a trusted proxy's
 * @throws {HttpError} with status 400 if a trusted proxy has written what is no address, or more than
 * {@linkcode MAX_PROXIES} of them stand there
 */
export function forwardedClient(
  forwardedFor: string | undefined,
  peer: string,
  isTrusted: (address: string) => boolean,
): string {
  if (forwardedFor === undefined) return peer;
  let client = peer;
  let end = forwardedFor.length;
  for (let count = 0; end >= 0; count++) {
    if (count === MAX_PROXIES) {
      throw new HttpError(
        STATUS_CODE.BadRequest,
        `Cannot use X-Forwarded-For: must name up to ${MAX_PROXIES} trusted proxies`,
      );
    }
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(",", end - 1);
    client = addressOf(forwardedFor.slice(comma + 1, end).trim());
    if (!isTrusted(client)) return client;
    end = comma;
  }
  return client;
}

function addressOf(text: string): string {
  if (IPV4.test(text) || IPV6.test(text)) return text;
  const address = IPV4_WITH_PORT.exec(text)?.[1] ?? IPV6_IN_BRACKETS.exec(text)?.[1];
  if (address !== undefined) return address;
  throw new HttpError(
    STATUS_CODE.BadRequest,
    `Cannot use X-Forwarded-For: must be IP addresses, got ${JSON.stringify(text.slice(0, 64))}`,
  );
}
