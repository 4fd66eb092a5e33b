import { AccessError } from "./access_error.ts";

/** Notices that wait, are under way, or wait for another try. */
const MAX_NOTICES = 1000;

/** Of what anybody may cause again and again, so many: the rest is for what is rarer, and matters more. */
const MAX_MINOR_NOTICES = 750;

/** Those that are under way at a time. */
const MAX_SENDING = 16;

/** After this many, a notice is given up. */
const MAX_TRIES = 5;

/** What the sender of notices tells of itself. */
export interface NoticeEvents<Notice> {
  /** @throws {AccessError} if it did not come to its receiver */
  readonly send: (notice: Notice) => Promise<void>;
  /** One is given up: there are too many, it was tried for long enough, or the time is over. */
  readonly lost: (reason: string) => void;
}

/** Tells another server what has happened, again if it does not take it, within bounds. */
export class NoticeQueue<Notice> {
  readonly #events: NoticeEvents<Notice>;
  readonly #firstRetryMs: number;
  readonly #waiting: { readonly notice: Notice; readonly tries: number }[] = [];
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  #sending = 0;
  /** Since those that are left were given up. */
  #isOver = false;
  #emptied: (() => void) | undefined;

  /** @param firstRetryMs the wait before the second try; each further one is twice as long */
  constructor(events: NoticeEvents<Notice>, firstRetryMs: number) {
    this.#events = events;
    this.#firstRetryMs = firstRetryMs;
  }

  get size(): number {
    return this.#waiting.length + this.#sending + this.#retries.size;
  }

  /** @param isMinor whether it may be caused by anybody, again and again */
  add(notice: Notice, { isMinor = false } = {}): void {
    const limit = isMinor ? MAX_MINOR_NOTICES : MAX_NOTICES;
    if (this.size >= limit) return this.#events.lost(`${limit} notices wait already`);
    this.#waiting.push({ notice, tries: 0 });
    this.#sendNext();
  }

  /** Resolves when all have been taken or given up, or after that time: then the rest is. */
  async close(graceMs: number): Promise<void> {
    if (this.size === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
    if (this.size > 0) this.#giveUp();
  }

  /** Those that are under way may still come to their receiver. */
  #giveUp(): void {
    this.#isOver = true;
    const left = this.#waiting.length + this.#retries.size;
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
    this.#waiting.length = 0;
    for (let at = 0; at < left; at++) this.#events.lost("the gateway ends");
  }

  #sendNext(): void {
    while (this.#sending < MAX_SENDING) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      void this.#send(next.notice, next.tries + 1);
    }
  }

  async #send(notice: Notice, tries: number): Promise<void> {
    this.#sending++;
    try {
      await this.#events.send(notice);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      if (tries === MAX_TRIES || this.#isOver) this.#events.lost(error.message);
      else this.#tryLater(notice, tries);
    } finally {
      this.#sending--;
      this.#sendNext();
      if (this.size === 0) this.#emptied?.();
    }
  }

  #tryLater(notice: Notice, tries: number): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#waiting.push({ notice, tries });
      this.#sendNext();
    }, this.#firstRetryMs * 2 ** (tries - 1));
    this.#retries.add(timer);
  }
}
