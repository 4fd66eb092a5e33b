import type { EnhancedCapabilities } from "../message/enhanced_capabilities.ts";

/**
 * What a peer of a server session wants or sends.
 *
 * Payloads are borrowed: they hold until the session's next `push` or `next`. Timestamps are as the
 * peer counts them, 0 to 2^32 - 1, and wrap around. Queries come without their question mark, and
 * are what the peer sent, not decoded.
 */
export type SessionEvent =
  | ConnectEvent
  | PublishEvent
  | RefusalEvent
  | PlayEvent
  | PauseEvent
  | ReceiveEvent
  | StopEvent
  | MediaEvent
  | EndEvent
  | NothingEvent;

/** The peer connected to an application, and has been answered. */
export interface ConnectEvent {
  readonly kind: "connect";
  /** Without query and outer slashes, from `tcUrl` if `connect` names none; may be empty. */
  readonly app: string;
  /** The application's query, or that of `tcUrl`. */
  readonly query: string;
  readonly tcUrl: string;
  readonly flashVersion: string;
  /** 3 if the peer asked for AMF3, and is spoken to in its message types. */
  readonly objectEncoding: 0 | 3;
  /** What the peer says of itself in terms of Enhanced RTMP. */
  readonly capabilities: EnhancedCapabilities;
}

/** The peer asks to publish: to be answered by `acceptPublish` or `refusePublish`. */
export interface PublishEvent {
  readonly kind: "publish";
  readonly streamId: number;
  readonly app: string;
  /** Without query and outer slashes; never empty. */
  readonly name: string;
  /** The name's query, or if it has none, the connection's. */
  readonly query: string;
  readonly publishType: PublishType;
}

/** The peer asked to publish or to play what no server can accept, and has been told so. */
export interface RefusalEvent {
  readonly kind: "publish-refused" | "play-refused";
  readonly reason: string;
}

/** What the peer wants kept (RTMP 7.2.2.6); anything else it says is taken for `live`. */
export type PublishType = "live" | "record" | "append";

/** The peer asks to play: to be answered by `acceptPlay` or `refusePlay`, at once or later. */
export interface PlayEvent {
  readonly kind: "play";
  readonly streamId: number;
  readonly app: string;
  /** Without prefix (`mp4:`), query and outer slashes; never empty. */
  readonly name: string;
  /** As of {@linkcode PublishEvent}. */
  readonly query: string;
  /** What the peer wants of it, as it has told by `receiveAudio` and `receiveVideo`. */
  readonly audio: boolean;
  readonly video: boolean;
  /** Whether what is played on the message stream goes on until this begins; else it has ended. */
  readonly isTransition: boolean;
}

/** The peer pauses what it plays, or goes on, and has been answered. */
export interface PauseEvent {
  readonly kind: "pause";
  readonly streamId: number;
  readonly isPaused: boolean;
}

/** The peer wants other tracks of what it plays than before, and has been answered. */
export interface ReceiveEvent {
  readonly kind: "receive";
  readonly streamId: number;
  readonly audio: boolean;
  readonly video: boolean;
}

/** The peer plays no more, or withdrew it before it was decided on. */
export interface StopEvent {
  readonly kind: "stop";
  readonly streamId: number;
}

/**
 * A message of a stream that is being published.
 *
 * `audio` and `video` payloads are FLV tag bodies. Of `metadata` it is the AMF0 name `onMetaData`
 * and its value, without `@setDataFrame`: an FLV script tag body, as that of `data` is, which
 * carries any other name (`onTextData`, `onCuePoint`).
 */
export interface MediaEvent {
  readonly kind: "audio" | "video" | "metadata" | "data";
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** The peer ended a publication, or withdrew it before it was decided on. */
export interface EndEvent {
  readonly kind: "unpublish";
  readonly streamId: number;
}

/**
 * Messages were taken, and nothing came of them: told again and again among many of them, so that
 * whoever works them off can see to others.
 */
export interface NothingEvent {
  readonly kind: "nothing";
}

/** What a session has passed over without ending the connection; the numbers only grow. */
export interface SessionCounters {
  /** Audio, video and data on streams that are not being published, and data that is not AMF. */
  ignoredMedia: number;
  /** Commands out of turn: before `connect`, or a second `connect`; and empty ones. */
  ignoredCommands: number;
  /** Messages, user control events and parts of aggregates that are not known or say nothing. */
  unknownMessages: number;
  /** Shared object messages: those that ask for something are refused. */
  sharedObjects: number;
  /** 1 if the handshake's C2 was neither S1's echo nor signed. */
  handshakeMismatches: number;
}
