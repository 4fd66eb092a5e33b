import type { AccessDecision, AccessRequest } from "../access/access.ts";
import type { Question } from "../access/asked_functions.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import type { ReloadOutcome, ToControl, ToShard } from "./messages.ts";
import {
  FORWARD_TIMEOUT_MS,
  type ForwardedRequest,
  type ForwardedResponse,
} from "./http/routing/forwarded_request.ts";
import type { StreamsPage } from "./http/api/stream_summary.ts";
import type { PublishDecision, StreamPublisher } from "./live/publish_decision.ts";

/** Requests that wait for other shards at the same time. */
export const MAX_FORWARDS = 256;

/** What becomes of a stream's Opus that was asked for. */
export interface OpusEvents {
  /** The log is there: it may be read until `unwantOpus` is called. */
  readonly opened: (log: SharedLog) => void;
  /**
   * The log has ended or failed, or there will be none: call `unwantOpus` once nothing here reads
   * it any more. It may be wanted again after that.
   */
  readonly closed: (reason: string) => void;
}

interface OpusWish extends OpusEvents {
  readonly requestId: number;
}

/** Sound of a stream: its default track's, or that of the track with this number. */
interface StreamSound {
  readonly streamId: number;
  readonly audioTrack: number | undefined;
}

type Answer = Extract<
  ToShard,
  {
    kind:
      | "publish-accepted"
      | "publish-refused"
      | "stream-ended"
      | "streams-reply"
      | "forward-reply"
      | "opus-opened"
      | "opus-closed"
      | "access-answer"
      | "reload-reply";
  }
>;

/** A shard's questions to control, each with a promise for the answer. */
export class ControlLink {
  readonly #post: (message: ToControl) => void;
  readonly #decisions = new Map<number, (decision: PublishDecision) => void>();
  readonly #replies = new Map<number, (page: StreamsPage) => void>();
  readonly #ends = new Map<number, (isFound: boolean) => void>();
  readonly #forwards = new Map<number, (response: ForwardedResponse | undefined) => void>();
  readonly #questions = new Map<number, PromiseWithResolvers<AccessDecision | undefined>>();
  readonly #reloads = new Map<number, (outcome: ReloadOutcome) => void>();
  readonly #opusWishes = new Map<string, OpusWish>();
  #requests = 0;

  constructor(post: (message: ToControl) => void) {
    this.#post = post;
  }

  send(message: ToControl): void {
    this.#post(message);
  }

  /**
   * Asks whether a stream may be published here, by whom. If accepted, the stream was announced before.
   *
   * @param left aborts when nobody waits for it any more; it may be accepted all the same
   */
  async requestPublish(
    path: string,
    publisher: StreamPublisher,
    left: AbortSignal,
  ): Promise<PublishDecision> {
    const requestId = ++this.#requests;
    const forget = () => this.#post({ kind: "publish-forgotten", requestId, path });
    left.addEventListener("abort", forget);
    try {
      return await new Promise((resolve) => {
        this.#decisions.set(requestId, resolve);
        this.#post({ kind: "publish", requestId, path, publisher });
      });
    } finally {
      left.removeEventListener("abort", forget);
    }
  }

  /** Has a stream ended, and its publisher; whether there is one of this path. */
  requestEnd(path: string): Promise<boolean> {
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      this.#ends.set(requestId, resolve);
      this.#post({ kind: "stream-end", requestId, path });
    });
  }

  /** Asks for a page of the list of streams. */
  requestStreams(page: number): Promise<StreamsPage> {
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      this.#replies.set(requestId, resolve);
      this.#post({ kind: "streams-request", requestId, page });
    });
  }

  /** Has the configuration changed. */
  reload(text: string): Promise<ReloadOutcome> {
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      this.#reloads.set(requestId, resolve);
      this.#post({ kind: "reload", requestId, text });
    });
  }

  /**
   * Has the function decide that the gateway was embedded with; the answer rejects if that fails.
   * Whoever asks sees to how many questions there are, and forgets each.
   */
  askFunction(request: AccessRequest): Question {
    const requestId = ++this.#requests;
    const question = Promise.withResolvers<AccessDecision | undefined>();
    this.#questions.set(requestId, question);
    this.#post({ kind: "access-question", requestId, request });
    return { answer: question.promise, forget: () => void this.#questions.delete(requestId) };
  }

  /**
   * Has another shard answer a request, of which a copy is sent.
   *
   * @returns its response; `undefined` if that shard is not there, dies over it or takes longer than
   * {@linkcode FORWARD_TIMEOUT_MS}, or if {@linkcode MAX_FORWARDS} requests wait already
   */
  forward(shard: number, request: ForwardedRequest): Promise<ForwardedResponse | undefined> {
    if (this.#forwards.size >= MAX_FORWARDS) return Promise.resolve(undefined);
    const requestId = ++this.#requests;
    return new Promise((resolve) => {
      const settle = (response: ForwardedResponse | undefined) => {
        clearTimeout(timer);
        this.#forwards.delete(requestId);
        resolve(response);
      };
      const timer = setTimeout(() => settle(undefined), FORWARD_TIMEOUT_MS);
      this.#forwards.set(requestId, settle);
      this.#post({ kind: "forward", requestId, shard, request });
    });
  }

  /**
   * Asks for a stream's sound as Opus, not again before {@linkcode unwantOpus}.
   *
   * @param audioTrack the number of another track than the default one
   */
  wantOpus(streamId: number, events: OpusEvents, audioTrack?: number): void {
    const requestId = ++this.#requests;
    this.#opusWishes.set(soundKey({ streamId, audioTrack }), { requestId, ...events });
    this.#post({ kind: "opus-wanted", streamId, audioTrack, requestId });
  }

  /** Nothing here reads that Opus any more. Its events come no more. */
  unwantOpus(streamId: number, audioTrack?: number): void {
    const isWanted = this.#opusWishes.delete(soundKey({ streamId, audioTrack }));
    if (isWanted) this.#post({ kind: "opus-unwanted", streamId, audioTrack });
  }

  /** Takes an answer from control. */
  settle(message: Answer): void {
    const { requestId } = message;
    switch (message.kind) {
      case "publish-accepted":
        this.#decisions.get(requestId)?.({
          kind: "accepted",
          streamId: message.streamId,
          sent: message.sent,
        });
        this.#decisions.delete(requestId);
        return;
      case "publish-refused":
        this.#decisions.get(requestId)?.({
          kind: "refused",
          reason: message.reason,
          isTaken: message.isTaken,
        });
        this.#decisions.delete(requestId);
        return;
      case "stream-ended":
        this.#ends.get(requestId)?.(message.isFound);
        this.#ends.delete(requestId);
        return;
      case "streams-reply":
        this.#replies.get(requestId)?.(message.page);
        this.#replies.delete(requestId);
        return;
      case "forward-reply":
        return this.#forwards.get(requestId)?.(message.response);
      case "access-answer":
        return this.#answered(message);
      case "reload-reply":
        this.#reloads.get(requestId)?.(message.outcome);
        this.#reloads.delete(requestId);
        return;
      case "opus-opened":
        return this.#opusWish(message)?.opened(message.log);
      case "opus-closed":
        return this.#opusWish(message)?.closed(message.reason);
    }
  }

  #answered({ requestId, decision, hasFailed }: Extract<Answer, { kind: "access-answer" }>): void {
    const question = this.#questions.get(requestId);
    this.#questions.delete(requestId);
    if (hasFailed) question?.reject(new Error("The function that decides has failed"));
    else question?.resolve(decision);
  }

  /** The wish that an answer is for: one to an earlier wish may have been under way. */
  #opusWish({ requestId, ...sound }: StreamSound & { readonly requestId: number }) {
    const wish = this.#opusWishes.get(soundKey(sound));
    return wish?.requestId === requestId ? wish : undefined;
  }
}

function soundKey({ streamId, audioTrack }: StreamSound): string {
  return `${streamId} ${audioTrack}`;
}
