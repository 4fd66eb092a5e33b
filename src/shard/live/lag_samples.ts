import type { Counters } from "../counters.ts";
import type { Ticket } from "./ticket.ts";

/** Viewers that are asked each second how far they are behind, one after the other: it costs little. */
const SAMPLES = 50;

/** Asks viewers in turn how far they are behind their streams. */
export class LagSamples {
  readonly #counters: Counters;
  readonly #tickets = new Set<Ticket>();
  /** Those that are yet to be asked. */
  #turn: Iterator<Ticket> | undefined;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  add(ticket: Ticket): void {
    this.#tickets.add(ticket);
  }

  remove(ticket: Ticket): void {
    this.#tickets.delete(ticket);
  }

  /** Asks the next ones; nobody twice. To be called every second. */
  take(): void {
    const count = Math.min(SAMPLES, this.#tickets.size);
    for (let taken = 0; taken < count; taken++) {
      this.#turn ??= this.#tickets.values();
      const { value: ticket, done } = this.#turn.next();
      // Those that have come meanwhile are at the end of the turn.
      if (done) this.#turn = undefined;
      else this.#note(ticket);
    }
  }

  #note({ lagMs, request: { asked: { protocol } } }: Ticket): void {
    if (lagMs !== null) this.#counters.observe("viewerLag", { protocol }, lagMs / 1000);
  }
}
