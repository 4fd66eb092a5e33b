import type { Counters } from "../../metrics/counters.ts";
import type { Ticket } from "./ticket.ts";

/** Viewers that are asked each second how far they are behind, one after the other: it costs little. */
const SAMPLES = 50;

/** Asks viewers in turn how far they are behind their streams. */
export class LagSamples {
  readonly #tickets: ReadonlySet<Ticket>;
  readonly #counters: Counters;
  /** Those that are yet to be asked. */
  #turn: Iterator<Ticket> | undefined;

  /** @param tickets of the viewers, who come and go */
  constructor(tickets: ReadonlySet<Ticket>, counters: Counters) {
    this.#tickets = tickets;
    this.#counters = counters;
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
