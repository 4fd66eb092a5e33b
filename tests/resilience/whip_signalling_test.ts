import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { until } from "../../testing/waiting.ts";
import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";

const PATH = "/live/camera/whip";
const TRICKLE = "application/trickle-ice-sdpfrag";

interface PostOptions {
  readonly path?: string;
  readonly offer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function post(
  gateway: GatewayProcess,
  { path = PATH, offer = PUBLISH_OFFERS.chromium, headers = {} }: PostOptions = {},
) {
  const response = await fetch(gateway.httpUrl(path), {
    method: "POST",
    headers: { "content-type": "application/sdp", ...headers },
    body: offer,
  });
  return { response, status: response.status, body: await response.text() };
}

function resourceOf(gateway: GatewayProcess, response: Response): string {
  const location = response.headers.get("location")!;
  return new URL(location, gateway.httpUrl(PATH)).href;
}

async function send(method: string, url: string, init: RequestInit = {}) {
  const response = await fetch(url, { method, ...init });
  return { response, status: response.status, body: await response.text() };
}

const fragment = (ufrag: string) => `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${"p".repeat(24)}\r\n`;

const patch = (url: string, ufrag: string, headers: Record<string, string> = {}) =>
  send("PATCH", url, { headers: { "content-type": TRICKLE, ...headers }, body: fragment(ufrag) });

async function newcomers(gateway: GatewayProcess): Promise<number | undefined> {
  const text = await (await fetch(gateway.httpUrl("/metrics"))).text();
  const match = /^sluice_newcomers\{[^}]*protocol="whip"[^}]*\} (\d+)$/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}

Deno.test("WHIP: offers, and what comes of them", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await t.step("an offer is answered with 201, and its session goes by DELETE", async () => {
    for (
      const path of [PATH, "/rtc/v1/whip/?app=live&stream=camera", "/rtc/v1/whip?app=a&stream=b"]
    ) {
      const { response, status, body } = await post(gateway, { path });
      assertEquals(status, 201, body);
      assertEquals(response.headers.get("content-type"), "application/sdp");
      assertEquals(response.headers.get("accept-patch"), TRICKLE);
      assertMatch(response.headers.get("etag")!, /^"[^"]+"$/);
      assertMatch(body, /a=recvonly/);
      assertMatch(body, /a=candidate:/);
      // OBS takes all of it for a path.
      assertMatch(response.headers.get("location")!, /^\/[^?]*whip\/\d+\.[0-9a-f]{32}$/);
      const resource = resourceOf(gateway, response);
      for (const url of [resource, gateway.httpUrl(path)]) {
        const { status, body } = await send("GET", url);
        assertEquals([status, body], [204, ""], url);
      }
      const described = await send("GET", `${resource}/statistics`);
      assertEquals(described.status, 200);
      assertEquals(JSON.parse(described.body).transport, null);
      assertEquals((await send("DELETE", resource)).status, 200);
      assertEquals((await send("DELETE", resource)).status, 404);
      for (const url of [resource, `${resource}/statistics`]) {
        assertEquals((await send("GET", url)).status, 404, url);
      }
    }
    await until("no place is taken", async () => await newcomers(gateway) === 0);
  });
  await t.step("every maker's offer is answered", async () => {
    for (const [name, offer] of Object.entries(PUBLISH_OFFERS)) {
      const { status, body, response } = await post(gateway, { offer, path: `/live/${name}/whip` });
      assertEquals(status, 201, body);
      assertEquals((await send("DELETE", resourceOf(gateway, response))).status, 200);
    }
  });
  await t.step("OPTIONS tells what may be sent, to pages elsewhere too", async () => {
    const endpoint = await send("OPTIONS", gateway.httpUrl(PATH), {
      headers: { origin: "https://example.org", "access-control-request-method": "POST" },
    });
    assertEquals(endpoint.status, 204);
    assertEquals(endpoint.response.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
    assertEquals(endpoint.response.headers.get("accept-post"), "application/sdp");
    assertEquals(endpoint.response.headers.get("access-control-allow-origin"), "*");
    const session = await send("OPTIONS", gateway.httpUrl(`${PATH}/0.1234`));
    assertEquals(session.response.headers.get("accept-patch"), TRICKLE);
    assertEquals(session.response.headers.get("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  });
  await t.step("what cannot be taken is refused with its status and reason", async () => {
    const { obs } = PUBLISH_OFFERS;
    const cases: readonly (readonly [status: number, reason: RegExp, PostOptions])[] = [
      [415, /must be application\/sdp/, { headers: { "content-type": "text/plain" } }],
      [400, /must begin by "v=0"/, { offer: "hello" }],
      [400, /must offer rtcp-mux/, { offer: obs.replaceAll("a=rtcp-mux\r\n", "") }],
      [400, /fingerprint/, { offer: obs.replace(/a=fingerprint.*\r\n/, "") }],
      [413, /20480/, { offer: obs + "a=x:".padEnd(30_000, "y") }],
      [422, /must have H264, VP8.* and has THEORA/, { offer: obs.replaceAll("H264/", "THEORA/") }],
      [422, /must have opus, and has PCMU/, { offer: obs.replaceAll("opus/48000/2", "PCMU/8000") }],
      [422, /has no section that sends/, { offer: obs.replaceAll("a=sendonly", "a=recvonly") }],
      [400, /eip/, { path: `${PATH}?eip=nowhere` }],
      [400, /must name a stream/, { path: "/rtc/v1/whip/" }],
    ];
    for (const [status, reason, options] of cases) {
      const refused = await post(gateway, options);
      assertEquals(refused.status, status, refused.body);
      assertMatch(refused.body, reason);
    }
    assertEquals((await send("PUT", gateway.httpUrl(PATH))).status, 405);
    await until("no place is taken", async () => await newcomers(gateway) === 0);
    // Nothing of all that has taken the name.
    const { status, response } = await post(gateway);
    assertEquals(status, 201);
    assertEquals((await send("DELETE", resourceOf(gateway, response))).status, 200);
  });
  await t.step("a name that is taken is refused with 409", async () => {
    await using healthy = await HealthyStream.start(gateway);
    const taken = await post(gateway, { path: "/live/healthy/whip" });
    assertEquals(taken.status, 409, taken.body);
    assertMatch(taken.body, /live\/healthy is being published already/);
    await healthy.check();
  });
  await t.step("candidates are taken, and ICE is restarted, by the session's ETag", async () => {
    const { response } = await post(gateway, { path: "/live/restarted/whip" });
    const resource = resourceOf(gateway, response);
    const etag = response.headers.get("etag")!;
    const ufrag = /a=ice-ufrag:(\S+)/.exec(PUBLISH_OFFERS.chromium)![1]!;
    assertEquals((await patch(resource, ufrag, { "if-match": etag })).status, 204);
    assertEquals((await patch(resource, ufrag, { "if-match": '"other"' })).status, 412);
    assertEquals((await patch(resource, ufrag)).status, 428);
    const other = { method: "PATCH", headers: { "if-match": etag }, body: "a=x" };
    assertEquals((await send("PATCH", resource, other)).status, 415);
    const restarted = await patch(resource, "another", { "if-match": "*" });
    assertEquals(restarted.status, 200, restarted.body);
    assertMatch(restarted.body, /a=ice-ufrag:/);
    const fresh = restarted.response.headers.get("etag")!;
    assert(fresh !== "" && fresh !== etag);
    assertEquals((await patch(resource, "another", { "if-match": etag })).status, 412);
    assertEquals((await patch(resource, "another", { "if-match": fresh })).status, 204);
  });
  await t.step("who changes a session all the time has to wait", async () => {
    const { response } = await post(gateway, { path: "/live/restless/whip" });
    const resource = resourceOf(gateway, response);
    const answers = [];
    for (let at = 0; at < 200; at++) {
      answers.push(await patch(resource, `ufrag${at}`, { "if-match": '"*"' }));
    }
    const refused = answers.filter(({ status }) => status === 429);
    assertEquals(answers.slice(0, 100).map(({ status }) => status >= 400), Array(100).fill(false));
    assert(refused.length > 0);
    assertEquals(refused[0]!.response.headers.get("retry-after"), "1");
    assertEquals((await send("DELETE", resource)).status, 200);
  });
  await t.step("behind a proxy with a path of its own, that is in its address", async () => {
    const headers = { "x-forwarded-prefix": "/media" };
    const { response } = await post(gateway, { path: "/live/behind/whip", headers });
    assertMatch(response.headers.get("location")!, /^\/media\/live\/behind\/whip\//);
  });
});

Deno.test("WHIP: a rule of a stream holds, however its address is spelt", async () => {
  const refused = { id: "vip", actions: ["publish"], paths: ["vip/*"], decision: "refuse" };
  const allowed = { id: "all", actions: ["publish"], paths: ["*"], decision: "allow" };
  const config = { access: { rules: [refused, allowed] } };
  await using gateway = await startGateway({ config });
  const paths = ["/vip/a/whip", "//vip/a/whip", "/vip//a/whip", "/rtc/v1/whip/?app=/vip&stream=a"];
  for (const path of paths) assertEquals((await post(gateway, { path })).status, 403, path);
  assertEquals((await post(gateway, { path: "/live//a/whip" })).status, 201);
});

Deno.test("WHIP: what settings say of servers, places and times", async (t) => {
  const turn = { url: "turn:192.0.2.1:3478?transport=udp", username: "u", credential: 'a"b' };
  await using gateway = await startGateway({
    config: {
      iceServers: [{ url: "stun:stun.example.org" }, turn],
      limits: { whipNewcomersPerAddress: 3 },
      timeouts: { iceMs: 1500 },
    },
  });
  await t.step("STUN and TURN servers are told by Link", async () => {
    const { response } = await post(gateway);
    assertEquals(
      response.headers.get("link"),
      '<stun:stun.example.org>; rel="ice-server", ' +
        '<turn:192.0.2.1:3478?transport=udp>; rel="ice-server"; username="u"; ' +
        'credential="a\\"b"; credential-type="password"',
    );
    assertEquals((await send("DELETE", resourceOf(gateway, response))).status, 200);
  });
  await t.step(
    "who never connects gives its place to newer ones, up to an address' share",
    async () => {
      for (let at = 0; at < 3; at++) {
        assertEquals((await post(gateway, { path: `/live/camera${at}/whip` })).status, 201);
      }
      assertEquals(await newcomers(gateway), 3);
      const refused = await post(gateway, { path: "/live/camera4/whip" });
      assertEquals(refused.status, 503);
      assertMatch(refused.body, /one address may have up to 3 new publishers/);
      assertMatch(refused.response.headers.get("retry-after")!, /^\d+$/);
    },
  );
  await t.step("who does not connect in time loses the name", async () => {
    await until(
      "the name is free",
      async () => (await gateway.stream("live/camera0")) === undefined,
    );
    assertEquals((await post(gateway)).status, 201);
  });
});
