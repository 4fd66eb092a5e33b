/** Nothing that anybody shows who they are with is in the log, the metrics or an answer. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { signUrl } from "../../src/access/signed_url.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { clientAnswer, clientHello, ClientMessages } from "../../testing/rtmp/client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { until } from "../../testing/waiting.ts";
import { startHttpServer } from "../access/http_server.ts";
import { signJwt } from "../program/access_ways.ts";

const text = (what: string) => `${what}-${crypto.randomUUID()}`;

const ADMIN = text("admin");
const METRICS = text("metrics");
const JWT_SECRET = text("jwt");
const HOOK_SECRET = text("hook");
const SIGNER = { id: "a", secret: text("signer") };
const camera = makeKey("camera");

/** Those that the configuration has. */
const CONFIGURED = [ADMIN, METRICS, JWT_SECRET, HOOK_SECRET, SIGNER.secret, camera.hash];

/** Those that are sent, right ones and wrong ones. */
async function sentSecrets(): Promise<readonly string[]> {
  const grant = { action: "play", path: "live/camera", expiresAtMs: Date.now() + 60_000 } as const;
  return [
    camera.key,
    makeKey("camera").key,
    makeKey("nobody").key,
    signUrl(SIGNER, grant),
    signUrl(SIGNER, { ...grant, action: "publish" }),
    signUrl(SIGNER, { ...grant, expiresAtMs: Date.now() - 1000 }),
    signUrl({ ...SIGNER, secret: text("other") }, grant),
    await signJwt(JWT_SECRET, { play: "*", publish: "*", api: true, sub: "alice" }),
    await signJwt(JWT_SECRET, { play: "*" }, -60),
    await signJwt(text("other"), { play: "*" }),
    ADMIN,
    text("wrong-admin"),
    METRICS,
    text("wrong-metrics"),
  ];
}

/** How much of a secret is too much. */
const PIECE_LENGTH = 12;

/** Pieces of a secret, in all forms in which it is sent; what they have in common with names is none. */
function piecesOf(secret: string): readonly string[] {
  const bare = secret.startsWith("camera.") || secret.startsWith("nobody.")
    ? secret.slice("camera.".length)
    : secret;
  const basic = btoa(`camera:${bare}`);
  return [bare.slice(0, PIECE_LENGTH), bare.slice(-PIECE_LENGTH), basic.slice(-PIECE_LENGTH)];
}

/** Which secrets, by the place in their list, are in a text. */
function leaksIn(what: string, printed: string, secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) => {
    const piece = piecesOf(secret).find((piece) => printed.includes(piece));
    if (piece === undefined) return [];
    const line = printed.split("\n").find((line) => line.includes(piece))!;
    return [`${what}: ${line.slice(0, 300)}`];
  });
}

Deno.test("no secret is in the log, the metrics or an answer, whatever it was sent by", async (t) => {
  await using hooks = startHttpServer(() => new Response("1"));
  await using gateway = await startGateway({
    args: ["--shards", "2", "--log-level", "debug"],
    config: {
      adminToken: ADMIN,
      metrics: { token: METRICS },
      access: {
        keys: [{ id: "camera", hash: camera.hash, paths: ["live/camera"] }],
        signedUrls: { secrets: [SIGNER] },
        jwt: { secret: JWT_SECRET },
        hooks: [
          { id: "shop", url: hooks.url, secret: HOOK_SECRET },
          { id: "down", url: "http://127.0.0.1:9/", decides: false },
        ],
      },
    },
  });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  const headers = { authorization: `Bearer ${ADMIN}` };
  await until("it is published", async () => {
    const response = await fetch(gateway.httpUrl("/api/v1/streams/live/camera"), { headers });
    await response.body?.cancel();
    return response.ok;
  });
  const sent = await sentSecrets();
  const secrets = [...CONFIGURED, ...sent];
  await using watching = new AsyncDisposableStack();
  await t.step("answers to those who bring them", async () => {
    for (const secret of sent) await bring(gateway, secret, watching);
  });
  await t.step("answers of the API, and metrics", async () => {
    const list = await (await fetch(gateway.httpUrl("/api/v1/clients"), { headers })).json();
    const ids = list.clients.map(({ id }: { readonly id: string }) => `clients/${id}`);
    const pages = ["server", "shards", "summaries", "streams", "clients", "live", "openapi.json"];
    for (const page of [...pages, "streams/live/camera", ...ids]) {
      const response = await fetch(gateway.httpUrl(`/api/v1/${page}`), { headers });
      assertEquals(leaksIn(page, await response.text(), secrets), []);
      assertEquals(response.status, 200, page);
    }
    // All that has happened since the start, too.
    const fromStart = { ...headers, "last-event-id": `${list.service}.0` };
    for (const page of ["live/events", "events"]) {
      const response = await fetch(gateway.httpUrl(`/api/v1/${page}`), { headers: fromStart });
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      assertEquals(leaksIn(page, new TextDecoder().decode(value), secrets), []);
    }
    const metrics = await fetch(gateway.httpUrl("/metrics"), { headers });
    assertEquals(metrics.status, 200);
    assertEquals(leaksIn("metrics", await metrics.text(), secrets), []);
  });
  await t.step("answers to configurations that are wrong", async () => {
    for (
      const body of [
        `{"adminToken":"${ADMIN}","httpPort":1}`,
        `{"adminToken":["${ADMIN}"]}`,
        `{"adminToken":"${ADMIN}"`,
        `{"access":{"signedUrls":{"secrets":[{"id":"${SIGNER.secret} ","secret":"short"}]}}}`,
        `{"access":{"jwt":{"secret":"${JWT_SECRET}","publicKeys":["${JWT_SECRET}"]}}}`,
        `{"access":{"keys":[{"id":"x","hash":"${camera.key}","paths":["a/b"]}]}}`,
        `"${ADMIN}"`,
      ]
    ) {
      const url = gateway.httpUrl("/api/v1/config");
      const response = await fetch(url, { method: "PUT", headers, body });
      assertEquals(response.status, 400, body);
      assertEquals(leaksIn("config", await response.text(), secrets), []);
    }
  });
  await watching.disposeAsync();
  await publisher[Symbol.asyncDispose]();
  await gateway.stop();
  await t.step("the log", () => {
    assertStringIncludes(gateway.output(), "publishes live/camera over rtmp (key camera");
    assertStringIncludes(gateway.output(), "may not publish");
    assertEquals(leaksIn("log", gateway.output(), secrets), []);
  });
  // The search itself finds them.
  for (const secret of secrets) assertEquals(leaksIn("all", `a=${secret}&b`, [secret]).length, 1);
});

/** Brings a secret by all protocols, in all places that it can have; the answers have nothing of it. */
async function bring(
  gateway: GatewayProcess,
  secret: string,
  watching: AsyncDisposableStack,
): Promise<void> {
  const basic = { authorization: `Basic ${btoa(`camera:${secret.replace("camera.", "")}`)}` };
  const places = [
    { query: `?token=${secret}` },
    { headers: { authorization: `Bearer ${secret}` } },
    { headers: basic },
    { headers: { authorization: `Digest ${secret}` } },
    { headers: { authorization: secret } },
  ];
  const offer = { method: "POST", body: OFFERS.chromium };
  // In place of a stream's name there may be a key, and nothing else.
  const asName = /^(camera|nobody)\./.test(secret) ? secret : "other";
  const requests = [
    [`/live/${asName}.flv`, {}],
    [`/live/${asName}/whep`, offer],
    ["/live/camera.flv", {}],
    ["/live/camera.flv", { method: "HEAD" }],
    ["/live/camera/whep", offer],
    ["/rtc/v1/whep/?app=live&stream=camera", offer],
    ["/live/camera/whep/none", { method: "DELETE" }],
    ["/api/v1/live", {}],
    ["/api/v1/server", {}],
    ["/api/v1/config", { method: "PUT", body: "{}" }],
    ["/metrics", {}],
    ["/nothing", {}],
  ] as const;
  for (const { query = "", headers = {} } of places) {
    for (const [target, init] of requests) {
      const url = gateway.httpUrl(
        target.includes("?") ? target + query.replace("?", "&") : target + query,
      );
      await ask(
        url,
        { ...init, headers: { ...headers, "content-type": typeOf(target) } },
        watching,
      );
    }
    if (query !== "") await openWebSocket(gateway.httpUrl(`/live/camera.flv${query}`));
  }
  for (const request of wrongRequests(secret)) await sendRaw(gateway, request);
  const [user, password] = ["camera", secret.replace("camera.", "")];
  const { rtmpPort: port } = gateway;
  for (
    const [app, name, tcUrl] of [
      ["live", `camera?token=${secret}`, undefined],
      ["live", asName, undefined],
      [`live?token=${secret}`, "camera", undefined],
      ["live", "camera", `rtmp://127.0.0.1:${port}/live?token=${secret}`],
      ["live", "camera", `rtmp://${user}:${password}@127.0.0.1:${port}/live`],
      ["live", "camera", `rtmp://${secret}@127.0.0.1:${port}/live`],
    ] as const
  ) {
    for (const command of ["publish", "play"]) await sayByRtmp(port, { app, name, tcUrl, command });
  }
}

/** Requests that cannot be read, each in another part. */
function wrongRequests(secret: string): readonly string[] {
  const target = `/live/camera.flv?token=${secret}`;
  const get = `GET ${target} HTTP/1.1\r\nHost: a\r\n`;
  return [
    `GET ${target} HTTP/9.9\r\nHost: a\r\n\r\n`,
    `GET ${target}%0a HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET http://camera:${secret}@a:b:c/live/camera.flv HTTP/1.1\r\nHost: a\r\n\r\n`,
    `${get}Authorization Bearer ${secret}\r\n\r\n`,
    `${get}Authorization: Bearer ${secret}\x00\r\n\r\n`,
    `${get}Authorization : Bearer ${secret}\r\n\r\n`,
    `${get}Transfer-Encoding: chunked\r\n\r\n${secret}\r\n`,
    `${get}Content-Length: 4\r\nContent-Length: 5\r\n\r\n${secret}`,
    `Bearer ${secret}\r\n\r\n`,
  ];
}

/** Sends a request, and waits for an answer or the end. */
async function sendRaw({ httpPort: port }: GatewayProcess, request: string): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(request));
  await conn.read(new Uint8Array(1024));
}

function typeOf(target: string): string {
  return target.includes("whep") ? "application/sdp" : "application/json";
}

/** Asks, and looks at the answer; one that goes on does so until the end. */
async function ask(url: string, init: RequestInit, watching: AsyncDisposableStack): Promise<void> {
  const response = await fetch(url, init);
  if (response.headers.get("content-type") === "video/x-flv" && init.method !== "HEAD") {
    watching.defer(async () => await response.body?.cancel());
    return;
  }
  const { pathname } = new URL(url);
  // The address of a session has the token of its endpoint, as it is to be asked for with it.
  assertEquals(leaksIn(pathname, await response.text(), CONFIGURED), []);
}

async function openWebSocket(url: string): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"));
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = (event) => {
      event.preventDefault();
      resolve(false);
    };
  });
  if (!isOpen) return;
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
}

interface RtmpSaying {
  readonly app: string;
  readonly name: string;
  readonly tcUrl: string | undefined;
  readonly command: string;
}

/** Says all that a client does up to publishing or playing, and waits for some answer. */
async function sayByRtmp(port: number, { app, name, tcUrl, command }: RtmpSaying): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const messages = new ClientMessages().connect(app, tcUrl);
  if (command === "publish") messages.publish(name);
  else messages.command(0, "createStream", 2, null).command(1, "play", 3, null, name);
  for (const bytes of [clientHello(), clientAnswer(), messages.take()]) await conn.write(bytes);
  const buffer = new Uint8Array(4096);
  let received = "";
  while (!received.includes("onStatus")) {
    const length = await conn.read(buffer).catch(() => null);
    if (length === null) return;
    received += new TextDecoder("latin1").decode(buffer.subarray(0, length));
  }
}
