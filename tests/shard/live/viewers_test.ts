import { assertEquals } from "@std/assert";
import type { Access, Allowed, EndedSession } from "../../../src/access/access.ts";
import { refuse } from "../../../src/access/source.ts";
import { clearAddressCounts } from "../../../src/shard/net/address_counts.ts";
import { recheckClients } from "../../../src/shard/live/recheck.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { Ticket, type ViewerProtocol } from "../../../src/shard/live/ticket.ts";
import { granted, openMemory } from "../open_memory.ts";
import { placeLimits, testAddressCounts, testPlaces, testViewers } from "../shard_settings.ts";

const OPEN: Allowed = { kind: "allow", decidedBy: "open" };

interface SetupOptions {
  readonly maxViewers?: number;
  readonly max?: number;
  readonly memoryBytes?: number;
  readonly access?: Access;
  readonly shard?: number;
  readonly addressCounts?: SharedArrayBuffer;
}

function setUp(
  {
    maxViewers = 10,
    max = 10,
    memoryBytes,
    access,
    shard = 0,
    addressCounts = testAddressCounts(shard + 1),
  }: SetupOptions = {},
) {
  const counters = new Counters(allocateCounters(1), 0);
  const { places } = testPlaces(counters, {
    limits: placeLimits({ max, maxPerAddress: 100 }),
    addressCounts,
  });
  const { viewers, clients } = testViewers(counters, {
    places,
    maxViewers,
    addressCounts,
    shard,
    ...(memoryBytes !== undefined && { memory: openMemory(memoryBytes) }),
    ...(access !== undefined && { access }),
  });
  const ended: string[] = [];
  let ids = 0;
  const admit = (
    protocol: ViewerProtocol,
    path = "live/a",
    allowed: Allowed = OPEN,
    askedAtMs = performance.now(),
  ) => {
    const id = `0-${++ids}`;
    const ticket = viewers.admit({
      asked: {
        action: "play",
        path,
        protocol,
        address: "192.0.2.1",
        credentials: {},
        query: "",
        userAgent: undefined,
        id,
      },
      allowed,
      askedAtMs,
      path: allowed.path ?? path,
      from: { hostname: "192.0.2.1", port: 5000 },
    });
    if (!(ticket instanceof Ticket)) return ticket.reason;
    ticket.begin({
      bytes: 7,
      measures: () => ({
        bytes: 7,
        lagMs: 0,
        jumps: 0,
        roundTripMs: null,
        lossFraction: null,
        packetsLost: null,
        quality: null,
        estimatedBps: null,
      }),
      end: (reason) => {
        ended.push(`${id}: ${reason}`);
        ticket.close("never told, as it was ended from here");
      },
    });
    return ticket;
  };
  return { viewers, clients, counters, admit, ended };
}

Deno.test("Viewers: all protocols share a limit, and leave nothing behind", () => {
  const { admit, counters, clients } = setUp({ maxViewers: 4 });
  const protocols = ["http-flv", "ws-flv", "rtmp", "whep"] as const;
  const tickets = protocols.map((protocol) => granted(admit(protocol)));
  assertEquals(admit("rtmps"), "There may be up to 4 viewers");
  const { viewers, httpFlvViewers, wsFlvViewers, rtmpViewers, webrtcViewers, webrtcNewcomers } =
    counters.totals();
  assertEquals([viewers, httpFlvViewers, wsFlvViewers, rtmpViewers], [4, 1, 1, 1]);
  assertEquals([webrtcViewers, webrtcNewcomers, clients.some(0, 9).length], [1, 1, 4]);
  tickets[3]!.settle();
  assertEquals(counters.total("webrtcNewcomers"), 0);
  for (const ticket of tickets) {
    ticket.close("it has left");
    ticket.close("it has left again");
  }
  const { viewersAccepted, playsAccepted, webrtcViewersAccepted, ...after } = counters.totals();
  assertEquals([viewersAccepted, playsAccepted, webrtcViewersAccepted], [2, 1, 1]);
  assertEquals(Object.values(after).every((count) => count === 0), true, JSON.stringify(after));
});

Deno.test("Viewers: what is not had is given back, whatever was taken before it", () => {
  const { admit, counters } = setUp({ max: 1 });
  const first = granted(admit("whep"));
  first.settle();
  // There is a newcomer's place, and no viewer's.
  assertEquals(admit("whep"), "There may be up to 1 viewer");
  assertEquals(counters.total("webrtcNewcomers"), 0);
  first.close("it has left");
  const poor = setUp({ memoryBytes: 1000 });
  assertEquals(poor.admit("http-flv"), "The memory for this is used up");
  assertEquals(poor.counters.total("viewers"), 0);
});

Deno.test("Viewers: a newcomer gives way, one that is connected does not", () => {
  const { admit, ended } = setUp({ max: 2 });
  granted(admit("whep")).settle();
  granted(admit("whep"));
  granted(admit("whep"));
  assertEquals(ended, ["0-2: it gave way to another, as it is not connected"]);
});

Deno.test("Viewers: a decision limits the viewers of its stream, whatever they speak", () => {
  const { admit } = setUp();
  const two = { ...OPEN, limits: { maxViewers: 2 } };
  const first = granted(admit("http-flv", "live/a", two));
  granted(admit("whep", "live/a"));
  assertEquals(admit("rtmp", "live/a", two), "The stream may have up to 2 viewers");
  granted(admit("rtmp", "live/b", two));
  // Who is sent there under another name counts as well.
  assertEquals(
    admit("rtmp", "live/c", { ...two, path: "live/a" }),
    "The stream may have up to 2 viewers",
  );
  first.close("it has left");
  granted(admit("rtmp", "live/a", two));
});

Deno.test("Viewers: the viewers of a stream are counted over all shards", () => {
  const addressCounts = testAddressCounts(2);
  const [first, second] = [0, 1].map((shard) => setUp({ addressCounts, shard }));
  const two = { ...OPEN, limits: { maxViewers: 2 } };
  // What looks like an address is a name all the same: networks count as one.
  for (const path of ["live/a", "live/b", "2001:db8::1", "2001:db8::2"]) {
    const here = granted(first!.admit("http-flv", path, two));
    granted(second!.admit("rtmp", path, two));
    const full = "The stream may have up to 2 viewers";
    assertEquals([first!.admit("whep", path, two), second!.admit("whep", path, two)], [full, full]);
    here.close("it has left");
    granted(second!.admit("whep", path, two));
  }
  // A shard that dies takes its viewers with it.
  clearAddressCounts(addressCounts, 1);
  granted(first!.admit("http-flv", "live/a", two));
});

Deno.test("Viewers: a view ends when it expires, or has lasted as long as it may", () => {
  const { admit, viewers, ended } = setUp();
  granted(admit("http-flv", "live/a", { ...OPEN, expiresAtMs: Date.now() + 5000 }));
  granted(admit("rtmp", "live/a", { ...OPEN, limits: { maxDurationMs: 3000 } }));
  granted(admit("rtmp"));
  const nowMs = performance.now();
  viewers.sweep(nowMs + 2000);
  assertEquals(ended, []);
  viewers.sweep(nowMs + 3500);
  assertEquals(ended, ["0-2: its time is over"]);
  viewers.sweep(nowMs + 9000);
  assertEquals(ended, ["0-2: its time is over", "0-1: its time is over"]);
});

Deno.test("Viewers: those of a key that is revoked are asked again, or all", async () => {
  const revoked = new Set<string>();
  const over: EndedSession[] = [];
  const access: Access = {
    decide: ({ id }) =>
      revoked.has(id)
        ? refuse("forbidden", "test", "test")
        : Promise.resolve({ ...OPEN, limits: { maxDurationMs: 1000 } }),
    ended: (session) => void over.push(session),
  };
  const { admit, clients, viewers, ended } = setUp({ access });
  granted(admit("http-flv", "live/a", { ...OPEN, subject: "key 1" }));
  granted(admit("rtmp", "live/a", { ...OPEN, subject: "key 1" }));
  granted(admit("rtmp", "live/a", { ...OPEN, subject: "key 2" }));
  revoked.add("0-2").add("0-3");
  await recheckClients(clients.change(performance.now()), access, {
    revoke: ["1"],
    recheck: false,
  });
  assertEquals(ended, ["0-2: it may not watch any more"]);
  await recheckClients(clients.change(performance.now()), access, { revoke: [], recheck: true });
  assertEquals(ended, ["0-2: it may not watch any more", "0-3: it may not watch any more"]);
  assertEquals(over.map(({ request, decision, bytes }) => [request.id, decision.subject, bytes]), [
    ["0-2", "key 1", 7],
    ["0-3", "key 2", 7],
  ]);
  // Who may go on does so under what was decided last.
  viewers.sweep(performance.now() + 2000);
  assertEquals(ended.at(-1), "0-1: its time is over");
});

Deno.test("Viewers: who was let in by settings that were gone by then is asked again", () => {
  const { admit, clients } = setUp();
  const askedAtMs = performance.now();
  const ids = () => clients.takeLate().map(({ id }) => id);
  granted(admit("http-flv"));
  assertEquals(ids(), []);
  assertEquals(clients.change(askedAtMs + 10).map(({ id }) => id), ["0-1"]);
  granted(admit("rtmp", "live/a", OPEN, askedAtMs));
  granted(admit("rtmp", "live/a", OPEN, askedAtMs + 20));
  granted(admit("rtmp", "live/a", OPEN, askedAtMs)).close("it has left");
  assertEquals(ids(), ["0-2"]);
  assertEquals(ids(), []);
  // Who is there when others may once more is asked anyway.
  granted(admit("rtmp", "live/a", OPEN, askedAtMs));
  clients.change(askedAtMs + 30);
  assertEquals(ids(), []);
});

Deno.test("where nobody can say whether viewers may go on, only those that are named end", async () => {
  const access: Access = { decide: () => refuse("unavailable", "test", "test") };
  const { admit, clients, ended } = setUp({ access });
  granted(admit("http-flv", "live/a", { ...OPEN, subject: "token 5f2a" }));
  granted(admit("rtmp"));
  await recheckClients(clients.change(performance.now()), access, { revoke: [], recheck: true });
  assertEquals(ended, []);
  await recheckClients(clients.change(performance.now()), access, {
    revoke: ["token 5f2a"],
    recheck: true,
  });
  assertEquals(ended, ["0-1: it may not watch any more"]);
});

Deno.test("whoever would come to another stream now does not go on with this one", async () => {
  const access: Access = { decide: () => ({ ...OPEN, path: "live/b" }) };
  const { admit, clients, ended } = setUp({ access });
  granted(admit("http-flv"));
  await recheckClients(clients.change(performance.now()), access, { revoke: [], recheck: true });
  assertEquals(ended, ["0-1: it may watch something else now"]);
});
