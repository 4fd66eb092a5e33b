/**
 * Who may: one question for every way in and out, and one answer.
 */

/** What somebody wants to do. */
export type AccessAction = "publish" | "play" | "api";

/** How somebody came. */
export type AccessProtocol =
  | "rtmp"
  | "rtmps"
  | "http-flv"
  | "ws-flv"
  | "whep"
  | "whip"
  | "webtransport"
  | "http";

/** What somebody brings to show who they are, wherever the protocol had it. All secrets. */
export interface Credentials {
  /** Of `?token=`, `Authorization: Bearer`, or the query of an RTMP name or tcUrl. */
  readonly token?: string | undefined;
  /** Of `Authorization: Basic`, or `user:password` in the tcUrl. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** One question. */
export interface AccessRequest {
  readonly action: AccessAction;
  /** Application and name as the caller asked for them: "live/test"; "" for the API. */
  readonly path: string;
  readonly protocol: AccessProtocol;
  /** IP address of the client behind trusted proxies; `undefined` if it cannot be known. */
  readonly address: string | undefined;
  readonly credentials: Credentials;
  /** Without "?"; may hold secrets: it is to be in no log. */
  readonly query: string;
  readonly userAgent: string | undefined;
  /** Of the session that asks, as the API and the log name it. */
  readonly id: string;
  /**
   * Whether it is only to be known if a list may show the stream: nobody outside is asked then, for
   * a list has many streams.
   */
  readonly isListing?: true;
  /** Whether it was allowed before, and is asked again: nobody is told that somebody has come. */
  readonly isAgain?: true;
}

/** What an allowed session may use; what is not there has the limits of the configuration. */
export interface AccessLimits {
  /** Viewers of the stream, over all protocols and shards. */
  readonly maxViewers?: number;
  /** Streams that are published at a time with the same {@linkcode Allowed.subject}. */
  readonly maxPublishers?: number;
  readonly maxBitrateBps?: number;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly maxDurationMs?: number;
}

/** The answer that lets somebody in. */
export interface Allowed {
  readonly kind: "allow";
  /** What decided, without a secret: "open", "rule 3", "key camera-1", "token 5f2a", "hook". */
  readonly decidedBy: string;
  /** Who it is, for limits, revocation and the API: the id of a key, token or rule. */
  readonly subject?: string;
  /** For whom the token is that the subject is: by this name it may be revoked as well. */
  readonly user?: string;
  /**
   * Whether the subject is a rule, a hook or a signer, by which many come: two who have it in common
   * need not be the same.
   */
  readonly isShared?: boolean;
  /** Another path to use instead. */
  readonly path?: string;
  /** When the session has to end, in milliseconds since 1970. */
  readonly expiresAtMs?: number;
  readonly limits?: AccessLimits;
  /** Whether `GET /api/v1/live` leaves the stream out. */
  readonly isUnlisted?: boolean;
}

/**
 * The answer that keeps somebody out: "unauthorized" asks for credentials, "forbidden" has seen them
 * and says no, "unavailable" could not decide. None tells whether a stream exists.
 */
export interface Refused {
  readonly kind: "refuse";
  readonly status: "unauthorized" | "forbidden" | "unavailable";
  /** A sentence for the client. It names no secret and no source of decisions. */
  readonly reason: string;
  /** For the log and the metrics: one of few. */
  readonly cause: string;
  readonly decidedBy: string;
}

export type AccessDecision = Allowed | Refused;

/** Whether both were let in by the same key, token or user, and not only by the same rule. */
export function areSameSubject(one: SubjectOf, other: SubjectOf): boolean {
  return one.subject !== undefined && one.subject === other.subject && one.isShared !== true &&
    other.isShared !== true;
}

/** What tells whom an answer lets in. */
export interface SubjectOf {
  readonly subject?: string | undefined;
  readonly isShared?: boolean | undefined;
}

/** Somebody who was let in, whoever has decided. */
export interface BegunSession {
  readonly request: AccessRequest;
  readonly decision: Allowed;
}

/** A session that was allowed, and is over; or has come to nothing, and then it took no time. */
export interface EndedSession extends BegunSession {
  readonly durationMs: number;
  /** What a publisher has sent, or a viewer was sent. */
  readonly bytes: number;
  /** Why it is over, or why nothing came of it. */
  readonly reason: string;
}

/** All sources of decisions together. */
export interface Access {
  /** Answers at once where it can: an allowed viewer is not to wait a turn. */
  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision>;
  /** To be called once for each session that was let in; absent where nobody wants to know. */
  ended?(session: EndedSession): void;
}
