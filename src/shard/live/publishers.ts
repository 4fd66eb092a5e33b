import type { Contest } from "./publish_decision.ts";

/** Whoever publishes a stream here. */
export interface Publisher {
  /** Another one wants to publish the stream. */
  contest(how: Contest, kept: () => void): void;
  /** Ends it at once. */
  end(reason: string): void;
}

/** The publishers of a shard, by the number of their stream. */
export class Publishers {
  readonly #byStream = new Map<number, Publisher>();

  add(streamId: number, publisher: Publisher): void {
    this.#byStream.set(streamId, publisher);
  }

  remove(streamId: number, publisher: Publisher): void {
    if (this.#byStream.get(streamId) === publisher) this.#byStream.delete(streamId);
  }

  /** @param kept called if the publisher stays; else it ends, as if by itself */
  contest(streamId: number, how: Contest, kept: () => void): void {
    this.#byStream.get(streamId)?.contest(how, kept);
  }

  end(streamId: number, reason: string): void {
    this.#byStream.get(streamId)?.end(reason);
  }
}
