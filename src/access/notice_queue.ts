import { AccessError } from "./access_error.ts";
import { FairShare } from "./fair_share.ts";

/** Notices that wait, are under way, or wait for another try. */
const MAX_NOTICES = 1000;

/** Of what anybody may cause again and again, so many: the rest is for what is rarer, and matters more. */
const MAX_MINOR_NOTICES = 750;

/** Those that are under way at a time. */
const MAX_SENDING = 16;

/** After this many, a notice is given up. */
const MAX_TRIES = 5;

/** Whose notice it is. */
export interface NoticeCause {
  /** IP address of who has caused it; `undefined` if it cannot be known. */
  readonly address: string | undefined;
  /** Whether it may be caused by anybody, again and again. */
  readonly isMinor: boolean;
}

interface KeptNotice<Notice> {
  readonly notice: Notice;
  readonly tries: number;
  /** Leaves its place to another. */
  readonly leave: () => void;
}

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
  /** No address keeps others' from being told. */
  readonly #share = new FairShare(MAX_NOTICES);
  readonly #waiting: KeptNotice<Notice>[] = [];
  readonly #retries = new Map<ReturnType<typeof setTimeout>, KeptNotice<Notice>>();
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
    return this.#share.total;
  }

  add(notice: Notice, { address, isMinor }: NoticeCause): void {
    const limit = isMinor ? MAX_MINOR_NOTICES : MAX_NOTICES;
    const leave = this.#share.take(address, limit);
    if (leave === undefined) {
      return this.#events.lost(`its address has too many that wait, of ${limit} that may`);
    }
    this.#waiting.push({ notice, tries: 0, leave });
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
    for (const timer of this.#retries.keys()) clearTimeout(timer);
    const left = [...this.#waiting.splice(0), ...this.#retries.values()];
    this.#retries.clear();
    for (const kept of left) this.#lose(kept, "the gateway ends");
  }

  #lose({ leave }: KeptNotice<Notice>, reason: string): void {
    leave();
    this.#events.lost(reason);
  }

  #sendNext(): void {
    while (this.#sending < MAX_SENDING) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      void this.#send({ ...next, tries: next.tries + 1 });
    }
  }

  async #send(kept: KeptNotice<Notice>): Promise<void> {
    this.#sending++;
    try {
      await this.#events.send(kept.notice);
      kept.leave();
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      if (kept.tries === MAX_TRIES || this.#isOver) this.#lose(kept, error.message);
      else this.#tryLater(kept);
    } finally {
      this.#sending--;
      this.#sendNext();
      if (this.size === 0) this.#emptied?.();
    }
  }

  #tryLater(kept: KeptNotice<Notice>): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#waiting.push(kept);
      this.#sendNext();
    }, this.#firstRetryMs * 2 ** (kept.tries - 1));
    this.#retries.set(timer, kept);
  }
}
