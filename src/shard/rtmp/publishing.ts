import { addressSource } from "../../address/address_source.ts";
import type { MediaEvent, PublishEvent, PublishType } from "../../rtmp/session/event.ts";
import { streamPath } from "../../stream/stream_path.ts";
import { type PublishEnd, PublishSession } from "../live/publish_session.ts";
import type { StreamPublisher } from "../live/publish_decision.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { RtmpLink } from "./context.ts";
import { Pace } from "./pace.ts";

/**
 * A decision is asked of control, and one that is accepted opens a stream on all shards: a connection
 * has this many at once, as some tools need, and then two a second.
 */
const PUBLISHES_AT_ONCE = 16;
const PUBLISH_INTERVAL_MS = 500;

/** What is published over a connection: each message stream is the source of a session. */
export class RtmpPublishing {
  readonly #link: RtmpLink;
  readonly #ended: (end: PublishEnd) => void;
  /** By message stream id. */
  readonly #sessions = new Map<number, PublishSession>();
  readonly #repeats = new RepeatLog();
  readonly #pace = new Pace(PUBLISHES_AT_ONCE, PUBLISH_INTERVAL_MS);
  #isClosed = false;
  #hasToldType = false;

  /** @param ended called when what was published has been ended from here */
  constructor(link: RtmpLink, ended: (end: PublishEnd) => void) {
    this.#link = link;
    this.#ended = ended;
  }

  get isActive(): boolean {
    return this.#sessions.size > 0;
  }

  /** Decides on a publisher; the session must wait for it. */
  async publish({ streamId, app, name, publishType }: PublishEvent): Promise<void> {
    const { session, log } = this.#link;
    const target = streamPath(app, name);
    if ("problem" in target) return this.#refuse(streamId, target.problem);
    const waitMs = this.#pace.waitMs(performance.now());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const opened = await PublishSession.open(this.#link, {
      path: target.path,
      publisher: this.#publisher(),
      log,
      ended: (end) => {
        this.#sessions.delete(streamId);
        this.#ended(end);
      },
    });
    if (!(opened instanceof PublishSession)) return this.#refuse(streamId, opened.reason);
    if (this.#isClosed) return opened.close(performance.now());
    this.#sessions.set(streamId, opened);
    this.#noteType(publishType, target.path);
    session.acceptPublish(streamId);
  }

  /** Counts a publisher that was refused. It may ask again and again. */
  noteRefusal(reason: string): void {
    const { counters, log } = this.#link;
    counters.add("publishesRefused");
    const count = this.#repeats.note("refused", performance.now());
    if (count === undefined) return;
    log.warn("{peer} may not publish: {reason} ({count} so far)", { reason, count });
  }

  unpublish(streamId: number): void {
    const session = this.#sessions.get(streamId);
    this.#sessions.delete(streamId);
    session?.close(performance.now());
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
  close(): void {
    this.#isClosed = true;
    for (const streamId of [...this.#sessions.keys()]) this.unpublish(streamId);
  }

  /** Whom what is published counts for: what a proxy serves is not one peer's. */
  #publisher(): StreamPublisher {
    const { proxies, from: { hostname }, holder } = this.#link;
    return {
      network: proxies.has(hostname) ? undefined : addressSource(hostname),
      owner: holder,
      id: "",
      subject: undefined,
      maxPublishers: undefined,
      isUnlisted: false,
    };
  }

  #refuse(streamId: number, reason: string): void {
    this.noteRefusal(reason);
    this.#link.session.refusePublish(streamId, "NetStream.Publish.BadName", reason);
  }

  /** Says once that nothing is kept, if that was asked for. */
  #noteType(publishType: PublishType, path: string): void {
    if (publishType === "live" || this.#hasToldType) return;
    this.#hasToldType = true;
    const message = "{peer} asks to {publishType} {path}: it is live only, nothing is recorded";
    this.#link.log.info(message, { publishType, path });
  }
}
