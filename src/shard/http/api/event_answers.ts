import { STATUS_CODE } from "@std/http/status";
import type { HttpResponse } from "../../../http/response.ts";
import { Place } from "../../net/places.ts";
import { busy, EVENTS_HEADERS } from "../routing/answers.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { RoutedRequest } from "../routing/route_table.ts";

/**
 * Seconds without an event after which followers are sent {@linkcode ALIVE}: proxies end silent
 * connections, and a page wants to know whether its own is alive.
 */
export const QUIET_TICKS = 5;

/** Tells a follower that its connection is. */
export const ALIVE: Uint8Array<ArrayBuffer> = new TextEncoder().encode("event: alive\ndata\n\n");

/** After this, a refused follower may come again. */
const RETRY_AFTER_SECONDS = 30;

const EVENTS = { kind: "stream", status: STATUS_CODE.OK, headers: EVENTS_HEADERS } as const;

/** What is followed, each with places of its own; and what counts those who find none. */
const KINDS = {
  listListeners: { what: "list", refused: "listListenersRefused" },
  eventFollowers: { what: "events", refused: "eventFollowersRefused" },
} as const;

/**
 * Server-sent events, if there is room for one more who follows them.
 *
 * @param open begins to follow
 * @param left called when it does not follow, or no more
 */
export async function eventsAnswer(
  { places, counters }: Pick<HttpContext, "places" | "counters">,
  { addresses }: RoutedRequest,
  kind: keyof typeof KINDS,
  open: () =>
    | ReadableStream<Uint8Array<ArrayBuffer>>
    | Promise<ReadableStream<Uint8Array<ArrayBuffer>>>,
  left: () => void = () => {},
): Promise<HttpResponse> {
  const place = places[kind].take(addresses.remoteAddr.hostname);
  if (!(place instanceof Place)) {
    left();
    const { what, refused } = KINDS[kind];
    counters.add(refused);
    return busy(`Cannot follow the ${what}: ${place.reason}`, RETRY_AFTER_SECONDS);
  }
  const onOver = () => {
    place.leave();
    left();
  };
  try {
    return { ...EVENTS, body: await open(), onOver };
  } catch (error) {
    onOver();
    throw error;
  }
}

/** What who follows would be answered, who does not. */
export function noEvents(): HttpResponse {
  return { ...EVENTS, body: new ReadableStream(), onOver() {} };
}
