import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import { encodePage, type ListedPage } from "./listed_page.ts";

/** Entries of one answer: SRS's tools ask for all that there are, in one. */
export const MAX_RANGE = 1000;

const DEFAULT_COUNT = 100;

const NUMBER = /^\d{1,9}$/;

/** A part of a list, as SRS's tools ask for it: `?start=0&count=50`. */
export interface ListRange {
  readonly start: number;
  /** {@linkcode MAX_RANGE} at most. */
  readonly count: number;
}

/** A list in pages. */
export interface PagedList {
  readonly pages: number;
  readonly perPage: number;
  readonly member: "streams" | "clients";
  /** @param number from 1 on */
  readonly page: (number: number) => Promise<ListedPage>;
}

/**
 * The part of a list that a query asks for; `undefined` if it asks for a page.
 *
 * @throws {HttpError} with status 400
 */
export function rangeOf(query: URLSearchParams): ListRange | undefined {
  if (!query.has("start") && !query.has("count")) return undefined;
  const count = numberOf(query, "count", DEFAULT_COUNT);
  return { start: numberOf(query, "start", 0), count: Math.min(count, MAX_RANGE) };
}

/** That part, made of the pages that have it. */
export async function rangedPage(
  { start, count }: ListRange,
  { pages, perPage, member, page }: PagedList,
): Promise<ListedPage> {
  const first = Math.min(pages, Math.floor(start / perPage) + 1);
  const last = Math.max(first, Math.min(pages, Math.ceil((start + count) / perPage)));
  const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const asked = await Promise.all(numbers.map(page));
  const begin = start - (first - 1) * perPage;
  const entries = asked.flatMap(({ entries }) => [...entries]).slice(begin, begin + count);
  return encodePage({ head: asked[0]!.head, entries }, member);
}

function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (NUMBER.test(text)) return Number(text);
  throw new HttpError(
    STATUS_CODE.BadRequest,
    `Cannot list: ${name} must be a whole number from 0 on, got ${
      JSON.stringify(text.slice(0, 16))
    }`,
  );
}
