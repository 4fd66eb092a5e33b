import { assert, assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { signUrl } from "../../src/access/signed_url.ts";
import { connect } from "node:tls";
import { currentCertificate } from "../../testing/certificates.ts";
import { type GatewayProcess, runProgram, startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { requestFrom } from "../../testing/network/addressed_client.ts";
import { until } from "../../testing/waiting.ts";
import { api, publishRtmp, type Reached, signJwt, type Way, WAYS_TO_PLAY } from "./access_ways.ts";

const ADMIN = "the-token-of-the-operator";
const JWT_SECRET = "a-secret-of-both-sides-that-is-long-enough";
const SIGNER = { id: "a", secret: "what-signs-urls-of-this-server" };
const camera = makeKey("camera");
const guest = makeKey("guest");
const stranger = makeKey("camera");

const CAMERA = { id: "camera", hash: camera.hash, paths: ["live/a"] };
const GUEST = { id: "guest", hash: guest.hash, paths: ["live/a", "live/b"], actions: ["play"] };
const ACCESS = {
  keys: [CAMERA, GUEST],
  signedUrls: { secrets: [SIGNER] },
  jwt: { secret: JWT_SECRET },
};

/** What is sent, by what is wrong with it; "right" lets in to `live/a`. */
type Tokens = Readonly<Record<string, string | undefined>>;

async function tokensFor(action: "publish" | "play"): Promise<readonly Tokens[]> {
  const other = action === "play" ? "publish" : "play";
  const grant = { action, path: "live/a", expiresAtMs: Date.now() + 60_000 };
  const jwt = (claims: Record<string, unknown>, seconds?: number) =>
    signJwt(JWT_SECRET, claims, seconds);
  return [
    {
      "right": action === "publish" ? camera.key : guest.key,
      "none": undefined,
      "wrong": stranger.key,
      "of another action": action === "publish" ? guest.key : camera.key,
      "rubbish": "x".repeat(500),
    },
    {
      "right": signUrl(SIGNER, grant),
      "wrong": signUrl({ ...SIGNER, secret: "what-signs-urls-of-another-one" }, grant),
      "expired": signUrl(SIGNER, { ...grant, expiresAtMs: Date.now() - 1000 }),
      "of another stream": signUrl(SIGNER, { ...grant, path: "live/b" }),
      "of another action": signUrl(SIGNER, { ...grant, action: other }),
    },
    {
      "right": await jwt({ [action]: "live/a", jti: `${action}-1` }),
      "wrong": await signJwt("another-secret-that-is-long-enough-too", { [action]: "live/a" }),
      "expired": await jwt({ [action]: "live/a" }, -60),
      "of another stream": await jwt({ [action]: "live/b" }),
      "of another action": await jwt({ [other]: "live/a" }),
    },
  ];
}

const OUT = /^(401|403|NetStream\.\w+\.(Unauthorized|Failed|BadName)\b.*)$/;

/** Tries all tokens by one way, and finds each that is taken wrongly. */
async function check(
  gateway: Reached,
  { name, way, isIn }: { readonly name: string; readonly way: Way; readonly isIn: RegExp },
  action: "publish" | "play",
): Promise<string[]> {
  const faults: string[] = [];
  for (const tokens of await tokensFor(action)) {
    for (const [kind, token] of Object.entries(tokens)) {
      const told = await way(gateway, "live/a", token);
      const expected = kind === "right" ? isIn : OUT;
      if (!expected.test(told)) faults.push(`${name}, ${kind} (${token?.slice(0, 12)}): ${told}`);
    }
  }
  return faults;
}

const PUBLISH = { name: "RTMP", way: publishRtmp, isIn: /^NetStream\.Publish\.Start$/ };

Deno.test("only the right credentials publish", async () => {
  const config = { access: ACCESS, adminToken: ADMIN, logLevel: "debug" };
  await using gateway = await startGateway({ config });
  assertEquals(await check(gateway, PUBLISH, "publish"), []);
  // As the name, and by nobody as such.
  assertEquals(await publishRtmp(gateway, `live/${camera.key}`), "NetStream.Publish.Start");
  assertMatch(await publishRtmp(gateway, `live/${stranger.key}`), OUT);
  assertNoSecret(gateway.output());
});

function assertNoSecret(output: string): void {
  for (const { key } of [camera, guest, stranger]) {
    assert(!output.includes(key.split(".")[1]!), output);
  }
  // But for what is printed at start.
  assert(!/token=(?!TOKEN\b)/.test(output), output);
}

Deno.test("a key that is sent where no key belongs is not in the log either", async () => {
  const access = { keys: [CAMERA], otherwise: { play: "allow" } };
  const timeouts = { playWaitMs: 0 };
  await using gateway = await startGateway({ config: { access, timeouts, logLevel: "debug" } });
  const [play, flv] = ["RTMP", "HTTP-FLV"].map((name) => WAYS_TO_PLAY[name]!.way) as [Way, Way];
  assertMatch(await play(gateway, `live/${camera.key}`), /StreamNotFound/);
  assertEquals(await flv(gateway, `live/${camera.key}`), "404");
  // In the application, as some encoders have only one field.
  await publishRtmp(gateway, `${camera.key}/a`);
  assertMatch(gateway.output(), /camera\.\*\*\*/);
  assertNoSecret(gateway.output());
});

/** A gateway with `live/a` at it, published by the key in place of the name. */
async function gatewayWithStream(): Promise<
  GatewayProcess & { readonly publisher: SyntheticPublisher }
> {
  const config = { access: ACCESS, adminToken: ADMIN, logLevel: "debug" };
  const gateway = await startGateway({ config, args: ["--shards", "2"] });
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  await until("the stream is there", async () => {
    const { text } = await api(gateway, "GET", "/api/v1/streams", { token: ADMIN });
    return JSON.parse(text).streams[0]?.name === "a";
  });
  return Object.assign(gateway, { publisher });
}

Deno.test("only the right credentials watch, by every way; and no secret is in the log", async () => {
  const gateway = await gatewayWithStream();
  await using _ = gateway;
  await using _publisher = gateway.publisher;
  for (const [name, { way, isIn }] of Object.entries(WAYS_TO_PLAY)) {
    assertEquals(await check(gateway, { name, way, isIn }, "play"), []);
    // What is there is not told to whom it is not for.
    const token = undefined;
    assertEquals(await way(gateway, "live/a", token), await way(gateway, "live/none", token), name);
  }
  assertNoSecret(gateway.output());
});

/** A viewer that goes on until it is ended, or told to stop. */
async function watch(gateway: GatewayProcess, token = "") {
  const { status, body } = await fetch(gateway.httpUrl(`/live/a.flv?token=${token}`));
  const reader = body!.getReader();
  let endedAtMs: number | undefined;
  let bytes = 0;
  const reading = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
  })().catch(() => {}).finally(() => endedAtMs = performance.now());
  return {
    status,
    get bytes() {
      return bytes;
    },
    get end() {
      return endedAtMs;
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel().catch(() => {});
      await reading;
    },
  };
}

Deno.test("a reload revokes, and ends nobody else", async () => {
  const gateway = await gatewayWithStream();
  await using _ = gateway;
  await using publisher = gateway.publisher;
  const token = await signJwt(JWT_SECRET, { play: "live/a", jti: "ticket-7" });
  const [byKey, byToken, other] = await Promise.all([
    watch(gateway, guest.key),
    watch(gateway, token),
    watch(gateway, await signJwt(JWT_SECRET, { play: "live/a", jti: "ticket-8" })),
  ]);
  assertEquals([byKey.status, byToken.status, other.status], [200, 200, 200]);
  const reload = (body: unknown, token = ADMIN) =>
    api(gateway, "PUT", "/api/v1/config", { token, body });

  // Nothing is changed by whom it is not for, nor by what is wrong.
  assertEquals((await reload({ access: {} }, "not-the-token-of-the-operator")).status, 401);
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { body: {} })).status, 401);
  const wrong = await reload({ access: { ...ACCESS, keys: [] }, httpPort: 1 });
  assertEquals(wrong.status, 400);
  assert(wrong.text.includes("httpPort cannot change"), wrong.text);
  assertEquals(await WAYS_TO_PLAY["HTTP-FLV"]!.way(gateway, "live/a", guest.key), "200");

  const beganMs = performance.now();
  const done = await reload({
    access: { ...ACCESS, keys: [CAMERA] },
    revoke: ["guest", "token ticket-7"],
  });
  assertEquals(done.status, 200);
  assertEquals(v.parse(SCHEMAS.ConfigAnswer, JSON.parse(done.text)).revoked, [
    { name: "guest", found: 1, ended: 1, waiting: 0 },
    { name: "token ticket-7", found: 1, ended: 1, waiting: 0 },
  ]);
  const ends = await until("they end", () => byKey.end && byToken.end && [byKey.end, byToken.end]);
  for (const end of ends as number[]) assert(end - beganMs < 2000, `${end - beganMs} ms`);
  assertEquals(await WAYS_TO_PLAY["HTTP-FLV"]!.way(gateway, "live/a", guest.key), "403");
  assertEquals(await WAYS_TO_PLAY["WS-FLV"]!.way(gateway, "live/a", token), "403");
  assertEquals(other.end, undefined);
  assertEquals(publisher.end, undefined);

  // All are asked again, and those who may go on.
  assertEquals((await reload({ recheck: true })).status, 200);
  assertEquals((await reload({ access: { keys: [] }, revoke: ["camera"] })).status, 200);
  await until("the publisher ends", () => publisher.end === "by the server");
  for (const viewer of [byKey, byToken, other]) await viewer[Symbol.asyncDispose]();
});

Deno.test("reloads may come at the same time", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN },
  });
  const bodies = Array.from({ length: 20 }, (_, at) => ({ limits: { viewers: at } }));
  const answers = await Promise.all(
    bodies.map((body) => api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })),
  );
  assertEquals(answers.map(({ status }) => status), bodies.map(() => 200));
  assertEquals(gateway.output().includes("Error"), false, gateway.output());
  assertEquals((await fetch(gateway.httpUrl("/healthz"))).status, 200);
});

Deno.test("limits and the log's level change without ending anyone", async () => {
  await using gateway = await startGateway({ config: { adminToken: ADMIN } });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  const path = "live/a";
  const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;
  await until("it can be watched", async () => await flv(gateway, path) === "200");
  await using viewer = await watch(gateway);
  const body = { limits: { viewers: 0 }, logLevel: "debug" };
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  await until("there is no more room", async () => await flv(gateway, path) === "503");
  assertEquals([viewer.end, publisher.end], [undefined, undefined]);
});

Deno.test("a reload loses none of 500 viewers, though all are asked again", async () => {
  const config = {
    adminToken: ADMIN,
    access: { keys: [CAMERA, GUEST] },
    limits: { httpConnectionsPerAddress: 2000 },
  };
  await using gateway = await startGateway({ config, args: ["--shards", "2"] });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
    bitrateBps: 50_000,
    frameRate: 10,
  });
  publisher.run();
  const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;
  await until("it is there", async () => await flv(gateway, "live/a", guest.key) === "200");
  const viewers = await Promise.all(Array.from({ length: 500 }, () => watch(gateway, guest.key)));
  assertEquals(viewers.filter(({ status }) => status !== 200).length, 0);
  const before = viewers.map(({ bytes }) => bytes);
  const body = { access: { keys: [CAMERA, GUEST], otherwise: { play: "refuse" } }, recheck: true };
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  await until(
    "all are sent more",
    () => viewers.every(({ bytes }, at) => bytes > before[at]! + 5000),
  );
  assertEquals(viewers.filter(({ end }) => end !== undefined).length, 0);
  await Promise.all(viewers.map((viewer) => viewer[Symbol.asyncDispose]()));
});

/** The fingerprint of the certificate that new connections are shown. */
function fingerprintAt(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

Deno.test("a new certificate is shown without ending anyone", async () => {
  const [first, second] = [currentCertificate("localhost"), currentCertificate("localhost")];
  const config = { adminToken: ADMIN, tls: first };
  await using gateway = await startGateway({ config, args: ["--shards", "2"] });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  const before = await fingerprintAt(gateway.httpsPort!);
  const reload = (tls: unknown) =>
    api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body: { tls } });
  assertEquals((await reload({ certificate: first.certificate, key: second.key })).status, 400);
  assertEquals(await fingerprintAt(gateway.httpsPort!), before);
  assertEquals((await reload(second)).status, 200);
  for (const port of [gateway.httpsPort!, gateway.rtmpsPort!]) {
    await until("it is shown", async () => await fingerprintAt(port) !== before);
  }
  assertEquals(publisher.end, undefined);
  assert(!gateway.output().includes(second.key.slice(60, 100)));
});

Deno.test("a gateway that is open says so at its start, and one that is not does not", async () => {
  await using open = await startGateway();
  assertMatch(open.output(), /!! OPEN: whoever reaches the ports may publish and watch; /);
  await using closed = await startGateway({ config: { access: ACCESS } });
  assert(!closed.output().includes("OPEN"), closed.output());
});

Deno.test("a hook by name that the profile does not grant ends the start with what grants it", async () => {
  const config = { access: { hooks: [{ id: "shop", url: "https://shop.example/hook" }] } };
  const { code, stderr } = await runProgram(["--config", "-"], { stdin: JSON.stringify(config) });
  assertEquals(code, 1);
  assertMatch(stderr, /Not permitted to reach shop\.example:443 for access hook shop: .*start:net/);
});

Deno.test("a rule for this machine lets in who sits at it, and nobody who has a browser or a proxy on it", async () => {
  const rules = [{ decision: "allow", addresses: ["127.0.0.0/8"] }];
  await using gateway = await startGateway({ config: { access: { rules } } });
  const statusOf = async (target: string, headers: string, host: string) => {
    using answer = await requestFrom("127.0.0.1", gateway.httpPort, target, headers, { host });
    return answer.status;
  };
  for (const host of ["localhost:8080", "127.0.0.1", "camera-server"]) {
    assertEquals(await statusOf("/live/none.flv", "", host), 404, host);
  }
  const others = [
    ["", "rebound.example"],
    ["Origin: http://elsewhere.example\r\n", "localhost"],
    ["Sec-Fetch-Site: cross-site\r\n", "localhost"],
    ["X-Forwarded-For: 127.0.0.1\r\n", "localhost"],
  ] as const;
  for (const [headers, host] of others) {
    assertEquals(await statusOf("/live/none.flv", headers, host), 401, `${host} ${headers}`);
  }
});
