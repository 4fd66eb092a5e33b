import { assertEquals } from "@std/assert";
import type { Access, AccessRequest } from "../../../../src/access/access.ts";
import { LiveListing } from "../../../../src/shard/http/api/live_listing.ts";
import type { StreamListing, WholePage } from "../../../../src/shard/http/api/stream_listing.ts";
import type { Streams } from "../../../../src/shard/live/streams.ts";

const MAX_AGE_MS = 500;

const CALLER: AccessRequest = {
  action: "play",
  path: "",
  protocol: "http",
  address: "192.0.2.1",
  credentials: {},
  query: "",
  userAgent: undefined,
  id: "0-1",
};

/** A list of streams of which a caller may see all but what its query names. */
class Setup {
  paths: readonly string[];
  /** Questions that were asked of whoever decides. */
  asked = 0;
  /** Those of all streams, as long as they are given out. */
  readonly pages = new Map<number, WholePage>();
  readonly listing: LiveListing;

  constructor(count: number) {
    this.paths = Array.from({ length: count }, (_, at) => `live/${String(at).padStart(4, "0")}`);
    const access: Access = {
      decide: ({ path, query }) => {
        this.asked++;
        return query.includes(`hide=${path}`)
          ? { kind: "refuse", status: "forbidden", reason: "no", cause: "test", decidedBy: "test" }
          : { kind: "allow", decidedBy: "test" };
      },
    };
    const page = (number: number) => {
      const known = this.pages.get(number) ?? {
        live: new Map(
          this.paths.slice(100 * (number - 1), 100 * number).map((path) => [path, "{}"]),
        ),
      } as unknown as WholePage;
      this.pages.set(number, known);
      return Promise.resolve(known);
    };
    const streams = { byPath: () => ({ entry: {} }) } as unknown as Streams;
    Object.defineProperty(streams, "paths", { get: () => this.paths });
    this.listing = new LiveListing({
      access,
      streams,
      listing: { page } as unknown as StreamListing,
      gateway: () => ({}),
      maxAgeMs: MAX_AGE_MS,
    });
  }

  /** What a caller sees of a page: how many streams in all and on it. */
  async see(query: string, page: number, nowMs: number, address = CALLER.address) {
    const seen = await this.listing.page({ ...CALLER, query, address }, page, nowMs);
    return [Number(/"total":(\d+)/.exec(seen.head)![1]), seen.entries.size];
  }
}

Deno.test("LiveListing: a caller is asked about once for all pages within the time of an answer", async () => {
  const setup = new Setup(250);
  assertEquals(await setup.see("page=1", 1, 0), [250, 100]);
  assertEquals(await setup.see("page=3", 3, 1), [250, 50]);
  assertEquals(await setup.see("", 1, MAX_AGE_MS - 1), [250, 100]);
  assertEquals(setup.asked, 250);
  assertEquals(await setup.see("", 1, MAX_AGE_MS), [250, 100]);
  assertEquals(setup.asked, 500);
});

Deno.test("LiveListing: another address, another query and other streams are asked about anew", async () => {
  const setup = new Setup(250);
  await setup.see("", 1, 0);
  assertEquals(await setup.see("", 1, 0, "192.0.2.2"), [250, 100]);
  assertEquals(setup.asked, 500);
  assertEquals(await setup.see("page=3&hide=live/0007", 3, 0), [249, 49]);
  assertEquals(await setup.see("page=1&hide=live/0007", 1, 0), [249, 100]);
  assertEquals(setup.asked, 750);
  setup.paths = setup.paths.slice(0, 200);
  setup.pages.clear();
  assertEquals(await setup.see("", 1, 0), [200, 100]);
  assertEquals(setup.asked, 950);
});

Deno.test("LiveListing: beyond the last page there is nothing", async () => {
  const setup = new Setup(0);
  assertEquals(await setup.see("", 1, 0), [0, 0]);
  assertEquals(await new Setup(250).see("", 4, 0), [250, 0]);
});

Deno.test("LiveListing: whoever asks differently each time pushes out the oldest only", async () => {
  const setup = new Setup(10);
  for (let at = 0; at < 200; at++) await setup.see(`at=${at}`, 1, 0);
  const { asked } = setup;
  await setup.see("at=199", 1, 0);
  assertEquals(setup.asked, asked);
  await setup.see("at=0", 1, 0);
  assertEquals(setup.asked, asked + 10);
});
