import type { PublishDecision, StreamsReply, ToControl, ToShard } from "./messages.ts";

/** A shard's questions to control, each with a promise for the answer. */
export class ControlLink {
  readonly #post: (message: ToControl) => void;
  readonly #decisions = new Map<number, (decision: PublishDecision) => void>();
  readonly #replies = new Map<number, (reply: StreamsReply) => void>();
  #requests = 0;

  constructor(post: (message: ToControl) => void) {
    this.#post = post;
  }

  send(message: ToControl): void {
    this.#post(message);
  }

  /** Asks whether a stream may be published here. If accepted, the stream was announced before. */
  requestPublish(path: string): Promise<PublishDecision> {
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      this.#decisions.set(requestId, resolve);
      this.#post({ kind: "publish", requestId, path });
    });
  }

  requestStreams(): Promise<StreamsReply> {
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      this.#replies.set(requestId, resolve);
      this.#post({ kind: "streams-request", requestId });
    });
  }

  /** Takes an answer from control. */
  settle(
    message: Extract<ToShard, { kind: "publish-accepted" | "publish-refused" | "streams-reply" }>,
  ): void {
    const { requestId } = message;
    switch (message.kind) {
      case "publish-accepted":
        this.#decisions.get(requestId)?.({ kind: "accepted", streamId: message.streamId });
        this.#decisions.delete(requestId);
        return;
      case "publish-refused":
        this.#decisions.get(requestId)?.({ kind: "refused", reason: message.reason });
        this.#decisions.delete(requestId);
        return;
      case "streams-reply":
        this.#replies.get(requestId)?.(message.reply);
        this.#replies.delete(requestId);
    }
  }
}
