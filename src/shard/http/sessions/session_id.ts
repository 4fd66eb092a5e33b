import type { Clients } from "../../live/clients.ts";
import type { WebrtcEndpoint } from "../../webrtc/endpoint.ts";
import { loggedSessionId } from "../../webrtc/sessions.ts";

/** The id of a new session, whose beginning, which the log and the API have, is no other client's. */
export function createSessionId(
  endpoint: Pick<WebrtcEndpoint, "createId">,
  clients: Pick<Clients, "byId">,
): string {
  for (;;) {
    const id = endpoint.createId();
    if (clients.byId(loggedSessionId(id)) === undefined) return id;
  }
}
