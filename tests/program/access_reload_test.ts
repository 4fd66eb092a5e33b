/** Who came under settings that count no more: a reload is to find him, wherever he is just then. */
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { until } from "../../testing/waiting.ts";
import { startHttpServer } from "../access/http_server.ts";
import { api, signJwt, WAYS_TO_PLAY } from "./access_ways.ts";

const ADMIN = "the-token-of-the-operator";
const camera = makeKey("camera");
const guest = makeKey("guest");
const CAMERA = { id: "camera", hash: camera.hash, paths: ["live/a"] };
const GUEST = { id: "guest", hash: guest.hash, paths: ["live/a"], actions: ["play"] };

Deno.test("a player that waits for its stream is revoked as well", async () => {
  await using gateway = await startGateway({
    config: {
      adminToken: ADMIN,
      access: { keys: [CAMERA, GUEST] },
      timeouts: { playWaitMs: 60_000 },
    },
  });
  using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
  await player.command(1, "play", `a?token=${guest.key}`);
  await player.flush();
  const body = { access: { keys: [CAMERA] }, revoke: ["guest"] };
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  await player.ends();
  assertEquals(publisher.end, undefined);
});

Deno.test("who is let in by a hook that a reload overtakes is asked again", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using slow = startHttpServer(async () => {
    asked.resolve();
    await answered.promise;
    return new Response("0");
  });
  await using gateway = await startGateway({
    config: { adminToken: ADMIN, access: { hooks: [{ id: "slow", url: slow.url }] } },
  });
  const connecting = SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  await asked.promise;
  const body = { access: { keys: [CAMERA] }, recheck: true };
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  answered.resolve();
  await using publisher = await connecting;
  publisher.run();
  await until("it is ended", () => publisher.end === "by the server");
});

Deno.test("a token with a long id is revoked, and no other whose id begins so", async () => {
  const secret = "a-secret-of-both-sides-that-is-long-enough";
  const id = `https://tokens.example/${"x".repeat(80)}/`;
  await using gateway = await startGateway({
    config: { adminToken: ADMIN, access: { jwt: { secret } } },
  });
  const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;
  const [first, second] = await Promise.all(
    [1, 2].map((at) => signJwt(secret, { play: "live/a", jti: `${id}${at}` })),
  );
  const body = { revoke: [`token ${id}1`] };
  assertEquals(await flv(gateway, "live/a", first), "404");
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  await until("it is revoked", async () => await flv(gateway, "live/a", first) === "403", {
    timeoutMs: 5000,
  });
  assertEquals(await flv(gateway, "live/a", second), "404");
});

Deno.test("a user that is revoked stays out, and comes back with a token that was issued after it", async () => {
  const secret = "a-secret-of-both-sides-that-is-long-enough";
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN, access: { jwt: { secret, clockSkewMs: 0 }, keys: [CAMERA] } },
  });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  const issuedS = Math.floor(Date.now() / 1000) - 10;
  const claims = { play: "live/a", sub: "ann" };
  const [plain, named, other] = await Promise.all([
    signJwt(secret, claims),
    signJwt(secret, { ...claims, jti: "ticket-1", iat: issuedS }),
    signJwt(secret, { ...claims, sub: "bob" }),
  ]);
  const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;
  await until("it is there", async () => await flv(gateway, "live/a", plain) === "200");
  const watch = async (token: string) => {
    const url = gateway.httpUrl(`/live/a.flv?token=${token}`);
    return (await fetch(url)).body!.pipeTo(new WritableStream()).then(() => "ended");
  };
  const watching = [watch(plain), watch(named)];
  const staying = watch(other);
  const body = { revoke: ["ann"] };
  assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
  await Promise.all(watching);
  for (let round = 0; round < 4; round++) {
    assertEquals(await flv(gateway, "live/a", plain), "403");
    assertEquals(await flv(gateway, "live/a", named), "403");
  }
  assertEquals(await flv(gateway, "live/a", other), "200");
  // Also after other reloads.
  const empty = { logLevel: "info" };
  assertEquals(
    (await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body: empty })).status,
    200,
  );
  assertEquals(await flv(gateway, "live/a", plain), "403");
  const fresh = await signJwt(secret, { ...claims, iat: Math.floor(Date.now() / 1000) + 1 });
  assertEquals(await flv(gateway, "live/a", fresh), "200");
  await publisher[Symbol.asyncDispose]();
  await gateway.stop();
  await staying.catch(() => {});
});

/** Reloads, and says for each name who was found, ended, and is waited for. */
async function revoke(gateway: GatewayProcess, body: unknown) {
  const answer = await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body });
  assertEquals(answer.status, 200, answer.text);
  const { revoked } = v.parse(SCHEMAS.ConfigAnswer, JSON.parse(answer.text));
  return revoked.map(({ name, found, ended, waiting }) => [name, found, ended, waiting]);
}

/** So many viewers, whom the kernel spreads over the shards. */
function watchAll(gateway: GatewayProcess, count: number, query: string): Promise<string>[] {
  return Array.from({ length: count }, async () => {
    const response = await fetch(gateway.httpUrl(`/live/a.flv${query}`));
    assertEquals(response.status, 200);
    return response.body!.pipeTo(new WritableStream()).then(() => "ended", () => "cut off");
  });
}

async function untilClients(gateway: GatewayProcess, count: number): Promise<void> {
  await until(`${count} are there`, async () => {
    const { text } = await api(gateway, "GET", "/api/v1/clients", { token: ADMIN });
    return JSON.parse(text).total === count;
  });
}

Deno.test("a reload tells how many each name was for, on all shards, so that a wrong one is seen", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN, access: { keys: [CAMERA, GUEST] } },
  });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  await untilClients(gateway, 1);
  const watching = watchAll(gateway, 12, `?token=${guest.key}`);
  await untilClients(gateway, 13);
  assertEquals(await revoke(gateway, { logLevel: "info" }), []);
  // They may go on: their keys are what they were.
  assertEquals(await revoke(gateway, { revoke: ["gest", "camera", "key guest"] }), [
    ["gest", 0, 0, 0],
    ["camera", 1, 0, 0],
    ["key guest", 12, 0, 0],
  ]);
  // Who is let in by something else from now on has come with the key all the same.
  const access = { keys: [CAMERA], rules: [{ decision: "refuse", actions: ["play"] }] };
  assertEquals(await revoke(gateway, { access, revoke: ["guest", "key guest", "camera"] }), [
    ["guest", 12, 12, 0],
    ["key guest", 12, 12, 0],
    ["camera", 1, 0, 0],
  ]);
  await Promise.all(watching);
  assertEquals(publisher.end, undefined);
});

Deno.test("a reload does not wait for a hook, and tells for how many it was asked", async () => {
  let isSlow = false;
  const answered = Promise.withResolvers<void>();
  await using slow = startHttpServer(async () => {
    if (isSlow) await answered.promise;
    return new Response("0");
  });
  const hooks = [{ id: "slow", url: slow.url, events: ["on_play"], timeoutMs: 20_000 }];
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN, access: { keys: [CAMERA], hooks } },
  });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  await untilClients(gateway, 1);
  const watching = watchAll(gateway, 4, "");
  await untilClients(gateway, 5);
  isSlow = true;
  const [counted] = await revoke(gateway, { revoke: ["hook slow"] });
  assertEquals(counted, ["hook slow", 4, 0, 4]);
  answered.resolve();
  await gateway.stop();
  await Promise.all(watching);
});
