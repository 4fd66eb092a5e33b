import { createHash } from "node:crypto";
import type { StreamsPage } from "./stream_summary.ts";

/** A page of the list of streams, ready to be sent. */
export interface ListedPage {
  /** JSON of all that is told beside the streams. */
  readonly head: string;
  /** JSON of each stream, by its path. */
  readonly streams: ReadonlyMap<string, string>;
  /** What is worth telling of each: the same as long as only time has passed. */
  readonly marks: ReadonlyMap<string, string>;
  /** The whole as JSON. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** RFC 9110 8.8.3: weak, as it stays while nothing changes but times and counters. */
  readonly etag: string;
}

/** A page of all streams, with what whoever may watch them is told. */
export interface WholePage extends ListedPage {
  /** JSON of each stream, by its path. */
  readonly live: ReadonlyMap<string, string>;
}

interface AskedPage {
  readonly page: Promise<WholePage>;
  /** Until when it is given out; `undefined` while it is waited for. */
  untilMs: number | undefined;
}

/**
 * The list of streams as this shard answers with it: asked for and encoded once for all who ask within
 * its time.
 */
export class StreamListing {
  readonly #request: (page: number) => Promise<StreamsPage>;
  readonly #maxAgeMs: number;
  readonly #pages = new Map<number, AskedPage>();

  /**
   * @param request asks control for a page
   * @param maxAgeMs how old a page may be that is given out
   */
  constructor(request: (page: number) => Promise<StreamsPage>, maxAgeMs: number) {
    this.#request = request;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @param page from 1 on, and not beyond the last one: it is kept for whoever comes next */
  page(page: number, nowMs: number): Promise<WholePage> {
    const isOver = ({ untilMs }: AskedPage) => untilMs !== undefined && nowMs >= untilMs;
    for (const [number, asked] of this.#pages) if (isOver(asked)) this.#pages.delete(number);
    const known = this.#pages.get(page);
    if (known !== undefined) return known.page;
    const asked: AskedPage = {
      page: this.#request(page).then((reply) => {
        asked.untilMs = nowMs + this.#maxAgeMs - reply.ageMs;
        const live = new Map(reply.paths.map((path, at) => [path, reply.live[at]!]));
        return { ...encodePage(reply), live };
      }),
      untilMs: undefined,
    };
    this.#pages.set(page, asked);
    return asked.page;
  }
}

/**
 * Makes a page ready to be sent.
 *
 * @param member the name of what is listed
 */
export function encodePage(
  { head, paths, streams }: Pick<StreamsPage, "head" | "paths" | "streams">,
  member: "streams" | "clients" = "streams",
): ListedPage {
  const marks = streams.map(changeMark);
  const hash = createHash("sha256").update(`${streams.length} ${totalsOf(head)} ${marks.join()}`);
  return {
    head,
    streams: new Map(paths.map((path, at) => [path, streams[at]!])),
    marks: new Map(paths.map((path, at) => [path, marks[at]!])),
    body: new TextEncoder().encode(`${head.slice(0, -1)},"${member}":[${streams.join()}]}`),
    etag: `W/"${hash.digest("base64url").slice(0, 22)}"`,
  };
}

/** What changes all the time. */
const PASSING: ReadonlySet<string> = new Set([
  ...["uptimeMs", "bytes", "lagMs", "roundTripMs"],
  ...["alive", "frames", "send_bytes", "recv_bytes"],
]);

/** How many streams and pages there are, without what changes all the time. */
export function totalsOf(head: string): string {
  return /"total":\d+,"page":\d+,"pages":\d+/.exec(head)?.[0] ?? "";
}

/**
 * What is worth telling of a stream's JSON: times are passed over, rates count by two digits. Names
 * cannot be taken for a field: in them, quotation marks are escaped.
 */
export function changeMark(stream: string): string {
  return stream.replace(
    /"(uptimeMs|bytes|lagMs|roundTripMs|alive|frames|send_bytes|recv_bytes|bitrateBps|frameRate|keyFrameDistanceMs|recv_30s|send_30s)":(\d+(?:\.\d+)?)/g,
    (_, name, value) => PASSING.has(name) ? "" : `${name} ${Number(value).toPrecision(2)}`,
  );
}
