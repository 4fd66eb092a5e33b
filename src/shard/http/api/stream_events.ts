import { ALIVE, QUIET_TICKS } from "./event_answers.ts";
import { type ListedPage, totalsOf } from "./listed_page.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** Somebody who follows a page. */
interface Listener {
  /** Gives an event; one that has not taken the one before gets the whole page when it has. */
  offer(event: Bytes): void;
  end(): void;
}

/** Asks for a page. */
export type PageRequest = () => Promise<ListedPage>;

/** A page that is followed, as its listeners know it. */
interface FollowedPage {
  readonly request: PageRequest;
  known: ListedPage;
  snapshot: Bytes | undefined;
  readonly listeners: Set<Listener>;
  quietTicks: number;
}

/**
 * The list of streams for those who follow it by server-sent events: the whole page first, then what
 * has changed, at most once for each tick. Events are made once for all listeners of a page; a slow
 * one is never sent more than the newest state.
 */
export class StreamEvents {
  /** By what all who follow the same page have in common. */
  readonly #pages = new Map<string, FollowedPage>();
  #isClosed = false;

  /**
   * The events of a page, until they are cancelled.
   *
   * @param key the same for all who are to be told the same
   */
  async follow(key: string, request: PageRequest): Promise<ReadableStream<Bytes>> {
    const known = this.#pages.get(key)?.known ?? await request();
    const followed = this.#pages.get(key) ??
      { request, known, snapshot: undefined, listeners: new Set(), quietTicks: 0 };
    if (!this.#isClosed) this.#pages.set(key, followed);
    return this.#listen(key, followed);
  }

  /** Tells listeners what is new. To be called every second. */
  async tick(): Promise<void> {
    await Promise.all([...this.#pages.values()].map((followed) => this.#tell(followed)));
  }

  /** Ends all listeners. */
  close(): void {
    this.#isClosed = true;
    for (const { listeners } of this.#pages.values()) {
      for (const listener of [...listeners]) listener.end();
    }
  }

  #listen(key: string, followed: FollowedPage): ReadableStream<Bytes> {
    let waiting: ReadableStreamDefaultController<Bytes> | undefined;
    let isBehind = true;
    let isEnded = this.#isClosed;
    const snapshot = () => followed.snapshot ??= snapshotOf(followed.known);
    const leave = () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size === 0) this.#pages.delete(key);
    };
    const listener: Listener = {
      offer: (event) => {
        if (waiting === undefined) isBehind = true;
        else waiting.enqueue(event);
        waiting = undefined;
      },
      end: () => {
        isEnded = true;
        waiting?.close();
        waiting = undefined;
        leave();
      },
    };
    followed.listeners.add(listener);
    return new ReadableStream<Bytes>({
      pull: (controller) => {
        if (isEnded) return controller.close();
        if (!isBehind) {
          waiting = controller;
          return;
        }
        isBehind = false;
        controller.enqueue(snapshot());
      },
      cancel: leave,
    }, { highWaterMark: 0 });
  }

  async #tell(followed: FollowedPage): Promise<void> {
    const now = await followed.request();
    const event = changesOf(followed.known, now);
    followed.quietTicks = event === undefined ? followed.quietTicks + 1 : 0;
    if (event !== undefined) {
      followed.known = now;
      followed.snapshot = undefined;
    } else if (followed.quietTicks < QUIET_TICKS) return;
    followed.quietTicks = 0;
    for (const listener of followed.listeners) listener.offer(event ?? ALIVE);
  }
}

function snapshotOf({ body }: ListedPage): Bytes {
  return encoder.encode(`event: list\ndata: ${new TextDecoder().decode(body)}\n\n`);
}

/** `undefined` if nothing has changed that is worth telling. */
function changesOf(before: ListedPage, now: ListedPage): Bytes | undefined {
  if (before === now || before.etag === now.etag) return undefined;
  const changed = [...now.entries]
    .filter(([key]) => before.marks.get(key) !== now.marks.get(key))
    .map(([, json]) => json);
  const gone = [...before.entries.keys()].filter((key) => !now.entries.has(key));
  if (changed.length + gone.length === 0 && totalsOf(before.head) === totalsOf(now.head)) {
    return undefined;
  }
  const head = now.head.slice(0, -1);
  const data = `${head},"changed":[${changed.join()}],"gone":${JSON.stringify(gone)}}`;
  return encoder.encode(`event: changes\ndata: ${data}\n\n`);
}
