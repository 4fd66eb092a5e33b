import { type ApiEvent, apiEvent } from "../../api_event.ts";
import type { ClientChange } from "../../live/clients.ts";
import { summariseClient } from "./client_summary.ts";

/** Characters of what a client says of itself: events are kept. */
const MAX_USER_AGENT_LENGTH = 200;

/** Tells that somebody has come, or gone. */
export function clientEvent(
  { client, why }: ClientChange,
  streamIdOf: (path: string) => number | undefined,
): ApiEvent {
  const nowMs = Date.now();
  const described = client.describe();
  const userAgent = described.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null;
  const summary = summariseClient(
    { ...described, userAgent },
    streamIdOf(described.path),
    nowMs,
  );
  return why === undefined
    ? apiEvent("client-came", nowMs, { client: summary })
    : apiEvent("client-left", nowMs, { client: summary, why });
}
