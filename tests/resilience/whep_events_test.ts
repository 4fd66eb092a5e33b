/** What viewers are told by server-sent events, wherever their sessions are. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { EventReader } from "../../testing/http/event_reader.ts";
import { NUMBERS_APART, renditionTrack } from "../../testing/media/rendition_track.ts";
import { until } from "../../testing/waiting.ts";
import { checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const REL = "urn:ietf:params:whep:ext:core:server-sent-events";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** Where an answer says that events can be asked for. */
function eventsUrl(response: Response): string {
  const link = response.headers.get("link")!;
  const [, url] = new RegExp(`<([^>]*)>; rel="${REL}"; events="[a-z,]+"`).exec(link)!;
  return new URL(url!, response.url).href;
}

async function create(url: string, events?: readonly string[]): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    ...(events && { body: JSON.stringify(events) }),
  });
  assertEquals([response.status, await response.text()], [201, ""]);
  return new URL(response.headers.get("location")!, response.url).href;
}

async function status(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

/** Whether this was told last of whether the stream is live. */
function isNewest({ events }: EventReader, name: "active" | "inactive"): boolean {
  return events.findLast(({ event }) => event.endsWith("active"))?.event === name;
}

Deno.test({
  name: "a viewer is told whether its stream is live, how many watch, and that all is over",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    const path = "live/events";
    const first = await publish(gateway, { path });
    await using session = await WhepViewer.open(gateway, { path });
    const { resource } = session;
    const url = `${resource}/events`;
    // Their connections are on any shard, the session is on one.
    const streams = await Promise.all([create(url), create(url), create(url)]);
    const readers = await Promise.all(streams.map((stream) => EventReader.open(stream)));
    const all = (isSo: (reader: EventReader) => boolean) => () => readers.every(isSo);
    assertEquals(readers[0]!.headers.get("content-type"), "text/event-stream");
    await until("all are told at once", all(({ events }) => events.length >= 2));
    for (const { events } of readers) {
      const told = events.filter(({ event }) => event !== "layers" && event !== "quality");
      assertEquals(told, [
        { event: "active", data: {} },
        { event: "viewercount", data: { viewercount: 1 } },
      ]);
    }
    await t.step("of viewers that come", async () => {
      await using _viewer = await WhepViewer.open(gateway, { path });
      await until(
        "they are two",
        all((reader) => {
          return (reader.newest("viewercount") as { viewercount: number }).viewercount === 2;
        }),
      );
    });
    await t.step("of its publisher", async () => {
      await first[Symbol.asyncDispose]();
      await until("it is gone", all((reader) => isNewest(reader, "inactive")));
      const second = await publish(gateway, { path });
      await until("it is back", all((reader) => isNewest(reader, "active")));
      await second[Symbol.asyncDispose]();
    });
    await t.step("one ends one's events", async () => {
      assertEquals(await status(streams[0]!, { method: "DELETE" }), 200);
      await until("they have ended", () => readers[0]!.hasEnded);
      assertEquals(await status(streams[0]!), 404);
      assertEquals(await status(streams[0]!, { method: "DELETE" }), 404);
      assert(!readers[1]!.hasEnded);
    });
    await t.step("they end with the session", async () => {
      assertEquals(await status(resource, { method: "DELETE" }), 200);
      await until("all have ended", all(({ hasEnded }) => hasEnded));
      assertEquals(await status(streams[1]!), 404);
      assertEquals(await status(url, { method: "POST" }), 404);
    });
    for (const reader of readers) await reader[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "a viewer is told of the qualities of its stream",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    const path = "live/several";
    const tracks = [renditionTrack(1, { size: 1500, groupFrames: 25 })];
    const publisher = await publish(gateway, { path, bitrateBps: 2_000_000, tracks });
    const { response } = await postOffer(gateway, { path });
    const stream = await create(eventsUrl(response), ["layers"]);
    await using reader = await EventReader.open(stream);
    const layers = await until("both are listed", () => {
      const told = reader.newest("layers") as Record<string, { rid: string; bitrate: number }[]>;
      return told?.["1"]?.length === 2 ? told["1"] : undefined;
    });
    assertEquals(layers.map(({ rid }) => rid), ["0", "1"]);
    assert(layers.every(({ bitrate }) => bitrate > 100_000));
    assert(reader.events.every(({ event }) => event === "layers"));
    await publisher[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "a viewer chooses a layer of those that there are",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    const path = "live/several";
    const tracks = [1, 5].map((id) => renditionTrack(id, { size: 600, groupFrames: 25 }));
    await using _publisher = await publish(gateway, { path, tracks });
    await using viewer = await WhepViewer.open(gateway, { path });
    const url = `${viewer.resource}/layer`;
    const choose = async (body: unknown) => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      return [response.status, (await response.text()).trim()];
    };
    await t.step("it is announced", async () => {
      const { response } = await postOffer(gateway, { path });
      assertMatch(response.headers.get("link")!, /<[^>]*\/layer>; rel="urn:[^"]*:core:layer"$/);
      assertMatch(response.headers.get("access-control-expose-headers")!, /\blink\b/);
    });
    await t.step("its number", async () => {
      await until("the tracks are known", async () => {
        return (await choose({ mediaId: "1", rid: "5" }))[0] === 200;
      });
      assertEquals(await choose({ rid: "1" }), [200, ""]);
      assertEquals(await choose({}), [200, ""]);
      assertEquals(await choose({ rid: "2" }), [
        404,
        "There is no layer 2: the stream has 0, 1, 5",
      ]);
      assertEquals((await choose({ rid: 5 }))[0], 400);
    });
    await t.step("it is sent, and told, in the same session", async () => {
      const events = await create(`${viewer.resource}/events`, ["quality"]);
      await using reader = await EventReader.open(events);
      const shows = async (trackId: number) => {
        await until(`pictures of track ${trackId} are sent`, () => {
          const newest = viewer.frames().at(-1);
          return newest && Math.floor(newest.sequence / NUMBERS_APART) === trackId;
        });
        await until("it is told", () => {
          return (reader.newest("quality") as { rid: string })?.rid === `${trackId}`;
        });
      };
      for (const [choice, trackId] of [[{ rid: "5" }, 5], [{ rid: "1" }, 1], [{}, 0]] as const) {
        assertEquals(await choose(choice), [200, ""]);
        await shows(trackId);
      }
      checkNoGaps(viewer.video!);
    });
    await t.step("as often as a reader may want it", async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => choose({ rid: "5" })));
      const [refused] = answers.filter(([status]) => status === 429);
      assertMatch(`${refused?.[1]}`, /may do so 10 times at once, and then 1 time a second/);
    });
    await t.step("but not where ?vtrack= has named one", async () => {
      const endpoint = `/${path}/whep?vtrack=1`;
      await using pinned = await WhepViewer.open(gateway, { path, endpoint });
      assertEquals(await status(`${pinned.resource}/layer`, { method: "POST", body: "{}" }), 409);
      const { response } = await postOffer(gateway, { endpoint });
      assert(!response.headers.get("link")!.includes("layer>"));
    });
    await t.step("and over TCP", async () => {
      await using distant = await WhepViewer.open(gateway, { path, transport: "tcp" });
      const init = { method: "POST", body: JSON.stringify({ rid: "5" }) };
      assertEquals(await status(`${distant.resource}/layer`, init), 200);
      await until("its pictures are sent", () => {
        const newest = distant.frames().at(-1);
        return newest && Math.floor(newest.sequence / NUMBERS_APART) === 5;
      });
    });
    assertEquals(await status(url), 405);
  },
});

Deno.test({
  name: "events have limits, and whoever follows them needs what the session needs",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    const path = "live/events";
    await using _publisher = await publish(gateway, { path });
    const { response } = await postOffer(gateway, { endpoint: `/${path}/whep?token=of-mine` });
    const url = eventsUrl(response);
    assertMatch(url, /\/events\?token=of-mine$/);
    await t.step("with the session's token only", async () => {
      const bare = url.replace(/\?.*/, "");
      assertEquals(await status(bare, { method: "POST" }), 401);
      assertEquals(await status(`${bare}?token=other`, { method: "POST" }), 403);
    });
    const BODIES = ["{", "{}", '"active"', '["active","scte35"]', "[1]", '["reconnects"]'];
    for (const body of BODIES) {
      await t.step(body, async () => {
        const refused = await fetch(url, { method: "POST", body });
        assertMatch(await refused.text(), /^Cannot create an event stream: .*active, inactive/);
        assertEquals(refused.status, 400);
      });
    }
    await t.step("four of them", async () => {
      for (let count = 0; count < 4; count++) await create(url, ["active"]);
      const refused = await fetch(url, { method: "POST" });
      assertMatch(await refused.text(), /the session may have 4/);
      assertEquals(refused.status, 429);
    });
    await t.step("ids that are none", async () => {
      const bare = url.replace(/\?.*/, "");
      for (const id of ["1", "0".repeat(32), "%00", "a/b", `${"x".repeat(5000)}`]) {
        assert([400, 404].includes(await status(`${bare}/${id}`)), id);
      }
      assertEquals(await status(bare), 405);
      assertEquals(await status(gateway.httpUrl("/live/events/whep/9.x/events/1")), 404);
    });
  },
});
