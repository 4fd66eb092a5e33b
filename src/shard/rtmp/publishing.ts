import { addressSource } from "../../address/address_source.ts";
import type { MediaEvent, PublishEvent, PublishType } from "../../rtmp/session/event.ts";
import { streamPath } from "../../stream/stream_path.ts";
import { PublishSession } from "../live/publish_session.ts";
import type { PublishEnd, PublishRefusal } from "../live/publish_source.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { RtmpLink } from "./context.ts";
import { Pace } from "./pace.ts";
import { questionOf } from "./question.ts";

/**
 * A decision is asked of control, and one that is accepted opens a stream on all shards: a connection
 * has this many at once, as some tools need, and then two a second.
 */
const PUBLISHES_AT_ONCE = 16;
const PUBLISH_INTERVAL_MS = 500;

/** As encoders know them of other servers. */
const REFUSAL_CODES: Readonly<Record<PublishRefusal["cause"], string>> = {
  unauthorized: "NetStream.Publish.Unauthorized",
  unavailable: "NetStream.Publish.Failed",
  busy: "NetStream.Publish.BadName",
};

/** A publisher that is ended for these is told so before its connection is ended. */
const PATIENT_ENDS: ReadonlySet<PublishEnd["cause"]> = new Set(["ended", "expired", "limit"]);

/** What a connection is told of what is published over it. */
export interface PublishingEvents {
  /** What was published has been ended, as nothing is to be made of what the peer sends. */
  readonly failed: (end: PublishEnd) => void;
  /** The peer may not publish, or no more, and has been told so. */
  readonly over: () => void;
}

/** What is published over a connection: each message stream is the source of a session. */
export class RtmpPublishing {
  readonly #link: RtmpLink;
  readonly #events: PublishingEvents;
  /** By message stream id. */
  readonly #sessions = new Map<number, PublishSession>();
  readonly #repeats = new RepeatLog();
  readonly #pace = new Pace(PUBLISHES_AT_ONCE, PUBLISH_INTERVAL_MS);
  readonly #left = new AbortController();
  #hasToldType = false;

  constructor(link: RtmpLink, events: PublishingEvents) {
    this.#link = link;
    this.#events = events;
  }

  get isActive(): boolean {
    return this.#sessions.size > 0;
  }

  /** Decides on a publisher; the session must wait for it. */
  async publish(event: PublishEvent): Promise<void> {
    const { streamId, app, name, publishType } = event;
    const { session, log, from, holder, proxies } = this.#link;
    const target = streamPath(app, name);
    if ("problem" in target) {
      return this.#refuse(streamId, {
        cause: "busy",
        reason: target.problem,
        isTaken: false,
      });
    }
    const waitMs = this.#pace.waitMs(performance.now());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const left = this.#left.signal;
    if (left.aborted) return;
    // What a proxy serves is not one peer's.
    const network = proxies.has(from.hostname) ? undefined : addressSource(from.hostname);
    const opened = await PublishSession.open(this.#link, {
      asked: questionOf(this.#link, "publish", event, target.path),
      from,
      owner: { network, owner: holder },
      left,
      log,
      ended: (end) => this.#onEnded(streamId, end),
    });
    if (!(opened instanceof PublishSession)) {
      return left.aborted ? undefined : this.#refuse(streamId, opened);
    }
    this.#sessions.set(streamId, opened);
    this.#noteType(publishType, opened.path);
    session.acceptPublish(streamId);
  }

  #onEnded(streamId: number, end: PublishEnd): void {
    this.#sessions.delete(streamId);
    const code = end.cause === "ended" ? "NetStream.Publish.Rejected" : "NetStream.Publish.Failed";
    this.#link.say((session) => session.endPublish(streamId, code, `${end.reason}.`));
    if (PATIENT_ENDS.has(end.cause)) this.#events.over();
    else this.#events.failed(end);
  }

  /** Counts a publisher that was refused. It may ask again and again. */
  noteRefusal(reason: string): void {
    const { counters, log } = this.#link;
    counters.add("publishesRefused");
    const count = this.#repeats.note("refused", performance.now());
    if (count === undefined) return;
    // What the peer was told is a sentence, and this goes on.
    const facts = { reason: reason.replace(/\.$/, ""), count };
    log.warn("{peer} may not publish: {reason} ({count} so far)", facts);
  }

  unpublish(streamId: number, why = "it has left"): void {
    const session = this.#sessions.get(streamId);
    this.#sessions.delete(streamId);
    session?.close(why);
  }

  /** Takes a message of a stream that is published. */
  take(message: MediaEvent, nowMs: number): void {
    this.#sessions.get(message.streamId)?.take(message, nowMs);
  }

  /** Has viewers sent what was taken. */
  flush(nowMs: number): void {
    for (const session of this.#sessions.values()) session.flush(nowMs);
  }

  /** Bytes of frames that wait for the rest of them. */
  get heldBytes(): number {
    return this.#sessions.values().reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** To be called every second. */
  sweep(nowMs: number): void {
    for (const session of [...this.#sessions.values()]) session.sweep(nowMs);
  }

  /** The connection is gone. */
  close(why: string): void {
    this.#left.abort();
    for (const streamId of [...this.#sessions.keys()]) this.unpublish(streamId, why);
  }

  #refuse(streamId: number, { cause, reason }: PublishRefusal): void {
    if (cause === "busy") this.noteRefusal(reason);
    // The access log tells why.
    else this.#link.counters.add("publishesRefused");
    this.#link.session.refusePublish(streamId, REFUSAL_CODES[cause], reason);
    if (cause !== "busy") this.#events.over();
  }

  /** Says once that nothing is kept, if that was asked for. */
  #noteType(publishType: PublishType, path: string): void {
    if (publishType === "live" || this.#hasToldType) return;
    this.#hasToldType = true;
    const message = "{peer} asks to {publishType} {path}: it is live only, nothing is recorded";
    this.#link.log.info(message, { publishType, path });
  }
}
