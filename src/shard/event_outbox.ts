import { type ApiEvent, apiEvent } from "./api_event.ts";

/** How long events wait for others: many viewers come at once, and control is told once. */
const BATCH_MS = 100;

/** Events of one batch; those beyond it are only counted. */
const MAX_BATCH = 500;

/** What a shard has to tell of who comes and goes, on its way to control. */
export class EventOutbox {
  readonly #send: (events: readonly ApiEvent[]) => void;
  #events: ApiEvent[] = [];
  #skipped = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (events: readonly ApiEvent[]) => void) {
    this.#send = send;
  }

  /** @param make is only called if there is room */
  add(make: () => ApiEvent): void {
    this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
    if (this.#events.length < MAX_BATCH) this.#events.push(make());
    else this.#skipped++;
  }

  /** Tells what there is at once. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#skipped > 0) {
      this.#events.push(apiEvent("skipped", Date.now(), { count: this.#skipped }));
    }
    if (this.#events.length > 0) this.#send(this.#events);
    this.#events = [];
    this.#skipped = 0;
  }
}
