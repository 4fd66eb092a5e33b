import type { Logger } from "@logtape/logtape";
import type { SkippedMessage } from "../../stream/track_intake.ts";
import type { Counters } from "../../metrics/counters.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { PublishEnd, SourceMessage } from "./publish_source.ts";

/**
 * Malformed messages, less those that {@linkcode GOOD_WEIGHT} makes up for, after which a publisher is
 * ended: ten seconds of sound.
 */
const MAX_MALFORMED = 500;

/**
 * So many malformed messages are made up for by one that is not: sound that is all broken is no
 * reason to end the pictures beside it, of which there are half as many.
 */
const GOOD_WEIGHT = 3;

/** Counts and logs what of a publisher's messages is skipped, and when that is too much. */
export class SkippedMessages {
  readonly #path: string;
  readonly #log: Logger;
  readonly #counters: Counters;
  readonly #repeats = new RepeatLog();
  /** Malformed messages that nothing has made up for yet. */
  #malformed = 0;

  constructor(path: string, log: Logger, counters: Counters) {
    this.#path = path;
    this.#log = log;
    this.#counters = counters;
  }

  /** A message was not skipped. */
  noteTaken(): void {
    if (this.#malformed > 0) this.#malformed -= GOOD_WEIGHT;
  }

  /** One was; why the publisher is to be ended for it, if it is. */
  note(
    kind: SourceMessage["kind"],
    skipped: SkippedMessage,
    nowMs: number,
  ): PublishEnd | undefined {
    const { reason, detail } = skipped;
    this.#counters.add("messagesSkipped");
    this.#counters.tally("skippedMessages", { kind, reason });
    if (reason !== "redundant" && reason !== "empty") this.#tell(kind, skipped, nowMs);
    if (reason !== "malformed") return undefined;
    this.#malformed = Math.max(0, this.#malformed) + 1;
    if (this.#malformed <= MAX_MALFORMED) return undefined;
    const what = `up to ${MAX_MALFORMED} messages may be malformed where few are not`;
    return {
      cause: "malformed",
      reason: `Cannot publish ${this.#path}: ${what}, got one more, ${kind}: ` +
        `${detail?.() ?? "no detail"}`,
    };
  }

  #tell(kind: string, { reason, detail }: SkippedMessage, nowMs: number): void {
    const count = this.#repeats.note(`${kind} ${reason}`, nowMs);
    if (count === undefined) return;
    this.#log.warn("{path}: {kind} skipped, {reason}{detail} ({count} so far)", {
      path: this.#path,
      kind,
      reason,
      detail: detail === undefined ? "" : `: ${detail()}`,
      count,
    });
  }
}
