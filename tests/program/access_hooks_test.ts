import { assert, assertEquals, assertLess } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { delay, until } from "../../testing/waiting.ts";
import { startHttpServer } from "../access/http_server.ts";
import { publishRtmp, WAYS_TO_PLAY } from "./access_ways.ts";

const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;

Deno.test("a hook renames a stream, and is told of all that comes and goes", async () => {
  const told: string[] = [];
  const server = startHttpServer(async (request) => {
    const { action, app, stream, protocol } = await request.json();
    told.push(`${action} ${app}/${stream} ${protocol}`);
    return Response.json({ code: 0, ...(action === "on_publish" ? { path: "live/public" } : {}) });
  });
  await using _ = server;
  const hooks = [{ url: server.url }];
  await using gateway = await startGateway({ config: { access: { hooks } } });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/mine" });
  publisher.run();
  await until(
    "it is there by its other name",
    async () => await flv(gateway, "live/public") === "200",
  );
  assertEquals(await flv(gateway, "live/mine"), "404");
  await publisher[Symbol.asyncDispose]();
  const expected = [
    "on_publish live/mine rtmp",
    "on_play live/public http-flv",
    "on_stop live/public http-flv",
    "on_unpublish live/public rtmp",
  ];
  await until("all is told", () => expected.every((event) => told.includes(event)));
});

Deno.test("a hook sets when a publisher has to end", async () => {
  const server = startHttpServer(() => Response.json({ code: 0, expiresInMs: 1000 }));
  await using _ = server;
  const hooks = [{ url: server.url }];
  await using gateway = await startGateway({ config: { access: { hooks } } });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  const beganMs = performance.now();
  await until("it is ended", () => publisher.end === "by the server");
  assertLess(performance.now() - beganMs, 8000);
});

Deno.test("whoever a hook lets in after the settings have changed is asked again by the new ones", async () => {
  const adminToken = "the-token-of-the-operator";
  const asked = Promise.withResolvers<void>();
  const reloaded = Promise.withResolvers<void>();
  const server = startHttpServer(async (request) => {
    const { action } = await request.json();
    if (action === "on_play") {
      asked.resolve();
      await reloaded.promise;
    }
    return new Response("0");
  });
  await using _ = server;
  const hooks = [{ url: server.url }];
  const config = { adminToken, access: { hooks } };
  await using gateway = await startGateway({ args: ["--shards", "1"], config });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  await until("it is live", () => gateway.output().includes("publishes live/a over rtmp"));
  const watching = fetch(gateway.httpUrl("/live/a.flv"));
  await asked.promise;
  const access = { rules: [{ decision: "allow", actions: ["publish"] }] };
  const response = await fetch(gateway.httpUrl("/api/v1/config"), {
    method: "PUT",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ access }),
  });
  assertEquals(response.status, 200, await response.text());
  reloaded.resolve();
  const viewer = await watching;
  assertEquals(viewer.status, 200);
  const beganMs = performance.now();
  await viewer.arrayBuffer();
  assertLess(performance.now() - beganMs, 5000);
  await until("the log says why", () => gateway.output().includes("it may not watch any more"));
  assertEquals(publisher.end, undefined);
});

/** What a hook may do wrong, by the application that it is asked about. */
const FAULTS: Readonly<Record<string, () => Response | Promise<Response>>> = {
  hangs: () => new Promise(() => {}),
  halts: () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
  fails: () => new Response("0", { status: 500 }),
  rubbish: () => new Response("<html>0</html>"),
  redirect: () => new Response(null, { status: 302, headers: { location: "/allows/" } }),
  megabyte: () => new Response(`0${" ".repeat(1 << 20)}`),
  nothing: () => new Response(""),
};

Deno.test("whatever is wrong with a hook keeps out, in every way, and nobody else", async () => {
  const server = startHttpServer((request) => {
    const fault = new URL(request.url).pathname.split("/")[1]!;
    return fault === "allows" ? new Response("0") : FAULTS[fault]!();
  });
  await using _ = server;
  const hook = (app: string, url: string) => ({ url, timeoutMs: 500, paths: [`${app}/*`] });
  const hooks = [
    ...["allows", ...Object.keys(FAULTS)].map((app) => hook(app, `${server.url}${app}/`)),
    hook("down", "http://127.0.0.1:9/"),
  ];
  await using gateway = await startGateway({ config: { access: { hooks } } });
  const tryAll = async (app: string) => {
    const sinceMs = performance.now();
    const outcomes = await Promise.all([
      publishRtmp(gateway, `${app}/a`),
      ...Object.values(WAYS_TO_PLAY).map(({ way }) => way(gateway, `${app}/a`)),
    ]);
    return { outcomes, spentMs: performance.now() - sinceMs };
  };
  for (const app of [...Object.keys(FAULTS), "down"]) {
    const { outcomes, spentMs } = await tryAll(app);
    const [publish, rtmp, ...http] = outcomes;
    assertEquals([publish, ...http], ["NetStream.Publish.Failed", "503", "503", "503"], app);
    assert(rtmp?.startsWith("NetStream.Play.Failed"), rtmp);
    assertLess(spentMs, 3000, app);
  }
  assertEquals(await publishRtmp(gateway, "allows/a"), "NetStream.Publish.Start");
});

Deno.test("a thousand publishers a second whom a hook takes 200 ms for delay nobody else", async () => {
  let asked = 0;
  const server = startHttpServer(async () => {
    asked++;
    await delay(200);
    return new Response("1");
  });
  await using _ = server;
  const config = {
    access: {
      rules: [{ decision: "allow", paths: ["live/*"] }],
      hooks: [{ url: server.url, paths: ["slow/*"] }],
    },
    limits: { rtmpNewcomers: 3000, rtmpNewcomersPerAddress: 3000 },
  };
  await using gateway = await startGateway({ config });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  await until("it can be watched", async () => await flv(gateway, "live/a") === "200");
  const joinMs = async () => {
    const sinceMs = performance.now();
    assertEquals(await flv(gateway, "live/a"), "200");
    return performance.now() - sinceMs;
  };
  /** How long viewers take to come in while a thousand publishers come in a second. */
  const joinsBesides = async (app: string) => {
    const publishing: Promise<string>[] = [];
    const joins: number[] = [];
    const beganMs = performance.now();
    for (let tick = 0; tick < 50; tick++) {
      for (let at = 0; at < 20; at++) publishing.push(publishRtmp(gateway, `${app}/${tick}-${at}`));
      joins.push(await joinMs());
      await delay(Math.max(0, beganMs + 20 * (tick + 1) - performance.now()));
    }
    const answers = await Promise.all(publishing);
    assertEquals(answers.filter((answer) => answer === "NetStream.Publish.Start"), []);
    return joins.sort((a, b) => a - b)[25]!;
  };
  const withoutMs = await joinsBesides("refused");
  const withMs = await joinsBesides("slow");
  assert(asked > 500, `${asked} were asked about`);
  // The hook itself has the time of this process, and takes it from those who measure.
  assertLess(withMs, 2 * withoutMs + 50, `${Math.round(withoutMs)} ms without a hook`);
});
