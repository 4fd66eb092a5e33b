import { assertEquals } from "@std/assert";
import {
  layersJson,
  qualityJson,
  SESSION_EVENTS,
  sessionEvents,
  type SessionFacts,
} from "../../../../src/shard/http/sessions/session_facts.ts";

const ALL = new Set(SESSION_EVENTS);
const FACTS: SessionFacts = {
  isLive: true,
  viewers: 3,
  layers: undefined,
  quality: undefined,
  isToReconnect: false,
};

Deno.test("a listener is told what is, and then what has changed", () => {
  const active = "event: active\ndata: {}\n\n";
  const viewers = 'event: viewercount\ndata: {"viewercount":3}\n\n';
  assertEquals(sessionEvents(undefined, FACTS, ALL), active + viewers);
  assertEquals(sessionEvents(FACTS, FACTS, ALL), undefined);
  const waiting = { ...FACTS, isLive: false };
  // The draft: nobody is told at the beginning that there is nothing.
  assertEquals(sessionEvents(undefined, waiting, ALL), viewers);
  assertEquals(sessionEvents(FACTS, waiting, ALL), "event: inactive\ndata: {}\n\n");
  assertEquals(sessionEvents(waiting, FACTS, ALL), active);
  const more = { ...FACTS, layers: '{"1":[]}', quality: '{"pictures":"all"}' };
  assertEquals(
    sessionEvents(FACTS, more, ALL),
    'event: layers\ndata: {"1":[]}\n\nevent: quality\ndata: {"pictures":"all"}\n\n',
  );
  const leaving = { ...FACTS, isToReconnect: true };
  assertEquals(sessionEvents(FACTS, leaving, ALL), "event: reconnect\ndata: {}\n\n");
  assertEquals(sessionEvents(leaving, leaving, ALL), undefined);
});

Deno.test("a listener is told of what it has asked for only", () => {
  assertEquals(sessionEvents(undefined, FACTS, new Set(["inactive"])), undefined);
  assertEquals(
    sessionEvents(FACTS, { ...FACTS, isLive: false, viewers: 9 }, new Set(["inactive"])),
    "event: inactive\ndata: {}\n\n",
  );
});

Deno.test("of many viewers, their number is told roughly", () => {
  const told = (viewers: number) => sessionEvents(undefined, { ...FACTS, viewers }, ALL);
  const count = (viewers: number) => Number(/"viewercount":(\d+)/.exec(told(viewers)!)![1]);
  assertEquals([1, 99, 101, 999, 1004, 54_321].map(count), [1, 99, 102, 1007, 1000, 54_300]);
  assertEquals(
    sessionEvents({ ...FACTS, viewers: 1003 }, { ...FACTS, viewers: 1005 }, ALL),
    undefined,
  );
});

Deno.test("layers are the tracks by their numbers, with what is sent of them, about", () => {
  const rendition = {
    isDefault: true,
    codec: "h264",
    width: 1280,
    height: 720,
    bitrateBps: 2_034_567,
    frameRate: 30,
    keyFrameDistanceMs: 2000,
  } as const;
  const unknown = { ...rendition, trackId: 7, width: null, height: null, bitrateBps: 254_321 };
  assertEquals(JSON.parse(layersJson([{ ...rendition, trackId: 0 }, unknown], 1)), {
    1: [
      { rid: "0", bitrate: 2_000_000, width: 1280, height: 720 },
      { rid: "7", bitrate: 250_000 },
    ],
  });
});

Deno.test("what is sent is told with the track, and what the link carries, about", () => {
  const sent = { pictures: "beginning", trackId: 2, availableBps: 912_345, neededBps: 2_123_456 };
  assertEquals(JSON.parse(qualityJson({ ...sent, pictures: "beginning" })), {
    pictures: "beginning",
    rid: "2",
    availableBitrate: 910_000,
    neededBitrate: 2_100_000,
  });
  const clear = { pictures: "all", trackId: 0, availableBps: null, neededBps: null } as const;
  assertEquals(JSON.parse(qualityJson(clear)), {
    pictures: "all",
    rid: "0",
    availableBitrate: null,
    neededBitrate: null,
  });
});
