import { withoutKeys } from "../../access/stream_keys.ts";
import type { Logger } from "@logtape/logtape";
import type { ConnectEvent, SessionCounters } from "../../rtmp/session/event.ts";

/** Notes what the handshake showed of the client, for who looks into its troubles. */
export function logConnect(
  log: Logger,
  { app, flashVersion, objectEncoding, capabilities }: ConnectEvent,
  { handshakeMismatches }: SessionCounters,
): void {
  const capsEx = `capsEx ${capabilities.capsEx ?? "none"}`;
  const proof = handshakeMismatches > 0 ? "C2 matches nothing" : "C2 matches";
  log.debug(
    "{peer} connects to {app} with {flashVersion} (AMF{objectEncoding}, {capsEx}, {proof})",
    { app: withoutKeys(app), flashVersion, objectEncoding, capsEx, proof },
  );
}
