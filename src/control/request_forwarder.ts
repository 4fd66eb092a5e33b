import type { ToShard } from "../shard/messages.ts";
import {
  FORWARD_TIMEOUT_MS,
  type ForwardedRequest,
  type ForwardedResponse,
} from "../shard/http/routing/forwarded_request.ts";

interface Forward {
  /** Who asked, and its number for the request. */
  readonly from: number;
  readonly requestId: number;
  /** Who is to answer. */
  readonly shard: number;
  readonly startedAtMs: number;
}

/** Carries requests from the shard that they came to to the one that can answer them. */
export class RequestForwarder {
  /** Sends a message to a shard; tells whether it is there. */
  readonly #send: (shard: number, message: ToShard) => boolean;
  /** By control's own number: a shard that was started again counts from one again. */
  readonly #forwards = new Map<number, Forward>();
  #lastId = 0;

  /** @param send returns whether there is such a shard */
  constructor(send: (shard: number, message: ToShard) => boolean) {
    this.#send = send;
  }

  /** Requests that wait for their answer. */
  get size(): number {
    return this.#forwards.size;
  }

  /** Passes a request on; a shard that is not there answers at once, with nothing. */
  forward(
    from: number,
    { requestId, shard, request }: {
      readonly requestId: number;
      readonly shard: number;
      readonly request: ForwardedRequest;
    },
    nowMs: number,
  ): void {
    this.#dropOld(nowMs);
    const id = ++this.#lastId;
    if (!this.#send(shard, { kind: "forwarded-request", requestId: id, from, request })) {
      this.#send(from, { kind: "forward-reply", requestId, response: undefined });
      return;
    }
    this.#forwards.set(id, { from, requestId, shard, startedAtMs: nowMs });
  }

  /** Takes an answer back to who asked; one that nobody waits for is dropped. */
  respond(shard: number, id: number, response: ForwardedResponse): void {
    const forward = this.#forwards.get(id);
    if (forward?.shard !== shard) return;
    this.#forwards.delete(id);
    const { from, requestId } = forward;
    this.#send(from, { kind: "forward-reply", requestId, response });
  }

  /** A shard has died: it answers no more, and waits for nothing. */
  shardLost(lost: number): void {
    for (const [id, { from, requestId, shard }] of this.#forwards) {
      if (from !== lost && shard !== lost) continue;
      this.#forwards.delete(id);
      if (from !== lost) {
        this.#send(from, { kind: "forward-reply", requestId, response: undefined });
      }
    }
  }

  /** Oldest first, as a map keeps them. */
  #dropOld(nowMs: number): void {
    for (const [id, { startedAtMs }] of this.#forwards) {
      if (nowMs - startedAtMs < FORWARD_TIMEOUT_MS) return;
      this.#forwards.delete(id);
    }
  }
}
