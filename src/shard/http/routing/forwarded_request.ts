import type { AccessRequest } from "../../../access/access.ts";

/** How long another shard may take: who asks gives up then, and the main thread forgets it. */
export const FORWARD_TIMEOUT_MS = 5000;

/** A request that another shard can answer, as it has whom it is about. */
export type ForwardedRequest =
  | SessionRequest
  | PublisherRequest
  | SessionStatesRequest
  | ClientRequest
  | ClientsRequest;

/** About a WebRTC session, or something that it has. */
export interface SessionRequest {
  readonly kind: "session";
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The session's name in the URL. */
  readonly resource: string;
  readonly part: "session" | "events" | "event-stream" | "layer";
  /** The id of a stream of its events; "" if it is about none. */
  readonly eventStream: string;
  readonly contentType: string;
  readonly ifMatch: string | undefined;
  readonly body: Uint8Array;
  /** Who asks, and what it brings: who has the session decides. */
  readonly caller: SessionCaller;
}

/** About a WebRTC publisher's session. */
export interface PublisherRequest
  extends Pick<SessionRequest, "resource" | "contentType" | "ifMatch" | "body" | "caller"> {
  readonly kind: "publisher";
  readonly method: "GET" | "PATCH" | "DELETE";
}

/** Who asks about a session, of which it is not known yet whether it may. */
export type SessionCaller = Omit<AccessRequest, "action" | "path">;

/** How sessions are whose streams of events these are. Answered with status 200 and JSON. */
export interface SessionStatesRequest {
  readonly kind: "session-states";
  readonly keys: readonly string[];
}

/**
 * Describes a client, or ends it. Answered with status 200 and JSON of the `ClientDescription`, or 404
 * if there is none of that id.
 */
export interface ClientRequest {
  readonly kind: "client" | "kick";
  readonly id: string;
}

/** Answered with JSON of so many `ClientDescription`s, from the one at `begin` on. */
export interface ClientsRequest {
  readonly kind: "clients";
  readonly begin: number;
  readonly count: number;
}

/** What the other shard answers. */
export interface ForwardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
