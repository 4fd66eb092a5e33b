import { createHash } from "node:crypto";

const encoder = new TextEncoder();

/** A page of a list of streams or clients, ready to be sent. */
export interface ListedPage {
  /** JSON of all that is told beside the entries. */
  readonly head: string;
  /** JSON of each entry: of a stream by its path, of a client by its id. */
  readonly entries: ReadonlyMap<string, string>;
  /** What is worth telling of each: the same as long as only time has passed. */
  readonly marks: ReadonlyMap<string, string>;
  /** The whole as JSON. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** RFC 9110 8.8.3: weak, as it stays while nothing changes but times and counters. */
  readonly etag: string;
}

/**
 * Makes a page ready to be sent.
 *
 * @param page the JSON of all that is told beside the entries, and of each entry, by its key
 * @param member the name of what is listed
 */
export function encodePage(
  { head, entries }: {
    readonly head: string;
    readonly entries: readonly (readonly [string, string])[];
  },
  member: "streams" | "clients" = "streams",
): ListedPage {
  const jsons = entries.map(([, json]) => json);
  const marks = entries.map(([key, json]) => [key, changeMark(json)] as const);
  const marked = marks.map(([, mark]) => mark).join();
  const hash = createHash("sha256").update(`${entries.length} ${totalsOf(head)} ${marked}`);
  return {
    head,
    entries: new Map(entries),
    marks: new Map(marks),
    body: encoder.encode(`${head.slice(0, -1)},"${member}":[${jsons.join()}]}`),
    etag: `W/"${hash.digest("base64url").slice(0, 22)}"`,
  };
}

/** Times, counters and what the newest reports say: they change all the time. */
const PASSING = [
  ...["uptimeMs", "bytes", "lagMs", "roundTripMs", "packetsLost", "lossFraction"],
  ...["alive", "frames", "send_bytes", "recv_bytes"],
];

/** Rates, which change a little all the time. */
const RATES = [
  ...["bitrateBps", "frameRate", "keyFrameDistanceMs", "estimatedBps"],
  ...["recv_30s", "send_30s"],
];

const CHANGING = new RegExp(`"(${[...PASSING, ...RATES].join("|")})":(-?\\d+(?:\\.\\d+)?)`, "g");

/** How many entries and pages there are, without what changes all the time. */
export function totalsOf(head: string): string {
  return /"total":\d+,"page":\d+,"pages":\d+/.exec(head)?.[0] ?? "";
}

/**
 * What is worth telling of an entry's JSON: times are passed over, rates count by two digits. Names
 * cannot be taken for a field: in them, quotation marks are escaped.
 */
export function changeMark(json: string): string {
  return json.replace(
    CHANGING,
    (_, name, value) => PASSING.includes(name) ? "" : `${name} ${Number(value).toPrecision(2)}`,
  );
}
