import { getLogger } from "@logtape/logtape";
import { granted, openMemory } from "../open_memory.ts";
import { assertEquals } from "@std/assert";
import { OPEN_ACCESS } from "../../../testing/open_access.ts";
import { FlvViewer } from "../../../src/egress/flv_viewer.ts";
import { RequestReader } from "../../../src/http/request_reader.ts";
import type { HttpResponse, WholeResponse } from "../../../src/http/response.ts";
import { ControlLink } from "../../../src/shard/control_link.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { HttpRoutes } from "../../../src/shard/http/routes.ts";
import { MAX_AUDIENCES } from "../../../src/shard/live/selected_tracks.ts";
import type { Streams } from "../../../src/shard/live/streams.ts";
import { WebrtcEndpoint } from "../../../src/shard/webrtc/endpoint.ts";
import { FLV_FORM } from "../../../src/stream/feed_form.ts";
import { LogState } from "../../../src/stream/log_layout.ts";
import { bytesOf } from "../../http/errors.ts";
import { keyFrame, openLog } from "../../stream/log_samples.ts";
import { SHARD_SETTINGS, testPlaces, testViewers } from "../shard_settings.ts";
import { testStreams } from "../test_streams.ts";

const ADDRESS = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;

/** The first answer that a server by itself, with one file and the test's streams, gives to a request. */
async function ask(
  line: string,
  host = "a",
  prepare: (streams: Streams) => void = () => {},
  isReady = true,
  memory = openMemory(),
): Promise<string> {
  const response = await respond(line, host, prepare, isReady, memory);
  return `${response.status} ${new TextDecoder().decode(response.body)}`.trim();
}

/** The same with its headers. */
async function respond(
  line: string,
  host: string,
  prepare: (streams: Streams) => void = () => {},
  isReady = true,
  memory = openMemory(),
  fields: readonly string[] = [],
): Promise<WholeResponse> {
  const settings = SHARD_SETTINGS;
  const control = new ControlLink(() => {});
  const counters = new Counters(allocateCounters(1), 0);
  const { places, proxies } = testPlaces(counters);
  await using webrtc = await WebrtcEndpoint.open({ settings, counters, shard: 0, places });
  const streams = testStreams(control, memory);
  prepare(streams);
  const routes = new HttpRoutes({
    access: OPEN_ACCESS,
    settings,
    streams,
    control,
    counters,
    memory,
    assets: [{ path: "/", contentType: "text/html", body: "console" }],
    webrtc,
    webtransport: undefined,
    readiness: { isReady },
    places,
    proxies,
    ...testViewers(counters, { places, memory }),
  });
  const reader = new RequestReader();
  reader.push(bytesOf([`${line} HTTP/1.1`, `Host: ${host}`, ...fields, "\r\n"].join("\r\n")));
  const response: HttpResponse = await routes.answer(reader.next()!, {
    localAddr: ADDRESS,
    remoteAddr: ADDRESS,
    id: "0-a",
    log: getLogger(["sluice", "http"]),
    peer: ADDRESS.hostname,
    hasLeft: () => false,
    left: () => new AbortController().signal,
    abort() {},
  });
  if (response.kind !== "whole") throw new Error(`Got a ${response.kind}`);
  return response;
}

Deno.test("HttpRoutes: a browser is led from a stream's path to the page that plays it", async () => {
  const browser = ["Accept: text/html,application/xhtml+xml,*/*;q=0.8"];
  const table = [
    ["/live/test", "/#live/test"],
    ["/live/test/", "/#live/test"],
    ["/live//test", "/#live/test"],
    ["/live/eu/one", "/#live/eu/one"],
    ["/live/gr%C3%B6%20%23", undefined],
    ["/live/gr%C3%B6%20%22", "/#live/gr%C3%B6%20%22"],
    ["/live/test?token=a%26b&x=1", "/?token=a%26b#live/test"],
    ["//host/x", "/#host/x"],
    ["/test", undefined],
    ["/assets/none.js", undefined],
    ["/api/v1/none", undefined],
    ["/rtc/v1", undefined],
  ] as const;
  for (const [path, location] of table) {
    for (const method of ["GET", "HEAD"]) {
      const line = `${method} ${path}`;
      const { status, headers } = await respond(line, "a", () => {}, true, openMemory(), browser);
      const wanted = [location === undefined ? 404 : 303, location, "accept"];
      assertEquals([status, headers["location"], headers["vary"]], wanted, line);
    }
  }
  for (const accept of ["*/*", "text/*", "image/png", "text/html;q=0", "application/json"]) {
    const fields = [`Accept: ${accept}`];
    const { status } = await respond("GET /live/test", "a", () => {}, true, openMemory(), fields);
    assertEquals(status, 404, accept);
  }
  assertEquals(await ask("GET /live/test"), "404 There is nothing at /live/test");
});

Deno.test("HttpRoutes: a target in any form leads to the same place", async () => {
  for (const host of ["a", "", "[::1]:8080", "a:"]) {
    assertEquals(await ask("GET /", host), "200 console");
    assertEquals(await ask("GET /healthz?a", host), "200 ok");
    assertEquals(await ask("GET http://b:8080/healthz", host), "200 ok");
    assertEquals(await ask("GET /live/a.flv", host), "404 The stream live/a is not live");
    assertEquals(await ask("GET http:///live/a.flv", host), "404 The stream a is not live");
    assertEquals(await ask("OPTIONS *", host), "204");
  }
});

Deno.test("HttpRoutes: what there is not, and what is not to be done", async () => {
  assertEquals(await ask("GET //healthz"), "404 There is nothing at //healthz");
  assertEquals(await ask("GET /../healthz"), "200 ok");
  assertEquals(await ask("GET *"), "404 There is nothing at /*");
  assertEquals(await ask("GET http://["), "400 Cannot read the request's target");
  assertEquals(await ask("POST /"), "405 Cannot POST here: use GET or HEAD");
  assertEquals(await ask("CONNECT a:80"), "405 Cannot CONNECT here: use GET or HEAD");
  assertEquals(
    await ask("GET /live/a.flv?audio=0&video=0"),
    "404 The stream live/a is not live",
  );
});

Deno.test("HttpRoutes: whether new clients are wanted", async () => {
  const ready = (isReady: boolean) => ask("GET /readyz", "a", () => {}, isReady);
  assertEquals(await ready(true), "200 ready");
  assertEquals(await ready(false), "503 the server is about to end");
});

Deno.test("HttpRoutes: a stream has so many audiences", async () => {
  const { shared, writer } = openLog();
  const answer = await ask("GET /live/a.flv?audio=0&vtrack=0", "a", (streams) => {
    streams.open({ streamId: 1, path: "live/a", log: shared });
    const live = streams.byPath("live/a")!;
    for (let videoTrack = 0; videoTrack < MAX_AUDIENCES; videoTrack++) {
      new FlvViewer(granted(live.audience(FLV_FORM, { audio: true, video: true, videoTrack })));
    }
  });
  assertEquals(answer, "503 Too many viewers want other tracks of the stream already");
  writer.setState(LogState.ended);
});

Deno.test("HttpRoutes: a viewer that there is no memory for is refused with the reason", async () => {
  const { shared, writer } = openLog();
  for (let at = 0; at < 50; at++) writer.append(keyFrame(at, 10_000));
  for (const bytes of [10_000, 300_000]) {
    const answer = await ask(
      "GET /live/a.flv",
      "a",
      (streams) => streams.open({ streamId: 1, path: "live/a", log: shared }),
      true,
      openMemory(bytes),
    );
    assertEquals(answer, "503 The memory for this is used up");
  }
  writer.setState(LogState.ended);
});

Deno.test("HttpRoutes: a target with what cannot be seen is refused, and says with what", async () => {
  const targets = [
    ["/live/a%E2%80%AEb.flv", "U+202E"],
    ["/live/a%00.flv", "U+0000"],
    ["/live/%C2%9B31m/whep", "U+009B"],
    ["/live/a.flv?token=%E2%80%A8", "U+2028"],
    ["/live/a.flv?%E2%80%8B=1", "U+200B"],
    ["/rtc/v1/whep/?app=live&stream=%F3%A0%80%81", "U+E0001"],
  ];
  for (const [target, character] of targets) {
    assertEquals(
      await ask(`GET ${target}`),
      `400 Cannot take the request's target: it must be text that can be seen, got ${character}`,
    );
  }
  assertEquals(await ask("GET /live/%C3%A9t%C3%A9.flv"), "404 The stream live/été is not live");
});
