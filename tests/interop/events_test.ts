/** Everything that changes, as the real program tells it to the administrator. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { SignJWT } from "jose";
import { createSelfSigned } from "../../src/tls/self_signed.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { Encoder } from "../resilience/told_encoder.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";

const TOKEN = "0123456789abcdef-token";
const SECRET = "a-secret-of-at-least-32-characters!";

interface Told {
  readonly name: string;
  readonly id: string | undefined;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

/** Follows, and remembers all that it was told. */
class Follower implements AsyncDisposable {
  readonly told: Told[] = [];
  isEnded = false;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reading = this.#read(body).catch(() => {}).finally(() => this.isEnded = true);
  }

  static async open(
    gateway: GatewayProcess,
    { query = "", token = TOKEN, lastId }: { query?: string; token?: string; lastId?: string } = {},
  ): Promise<Follower> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastId === undefined ? {} : { "last-event-id": lastId }),
    };
    const response = await fetch(gateway.httpUrl(`/api/v1/events${query}`), { headers });
    assertEquals(response.status, 200);
    return new Follower(response.body!);
  }

  /** The first event of this name that is as wanted. */
  event(name: string, isWanted: (data: Told["data"]) => boolean = () => true): Promise<Told> {
    return until(`${name} is told`, () => {
      return this.told.find((told) => told.name === name && isWanted(told.data));
    });
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let text = "";
    const { signal } = this.#stop;
    const pieces = body.pipeThrough(new TextDecoderStream(), { signal });
    for await (const piece of pieces) {
      text += piece;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const of = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(event)?.[1];
        const data = of("data");
        this.told.push({
          name: of("event")!,
          id: of("id"),
          data: data === undefined ? undefined : JSON.parse(data),
        });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }
}

async function change(gateway: GatewayProcess, path: string, method: string, body?: unknown) {
  const response = await fetch(gateway.httpUrl(`/api/v1/${path}`), {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assertEquals(response.status, 200, text);
}

Deno.test("whoever follows is told of all that changes, on whichever shard it is", async (t) => {
  const nowMs = Date.now();
  const certificate = (notAfterMs: number) =>
    createSelfSigned({
      names: ["localhost"],
      notBeforeMs: nowMs - 1000,
      notAfterMs,
      serialNumber: new Uint8Array(16).fill(7),
    });
  await using gateway = await startGateway({
    args: ["--shards", "2", "--drain-seconds", "2"],
    config: { adminToken: TOKEN, tls: certificate(nowMs + 1e11), gracePeriodMs: 300 },
  });
  await using all = await Follower.open(gateway);
  await using clientsOnly = await Follower.open(gateway, { query: "?of=clients" });
  const { data } = await all.event("begin");
  assertEquals([data.streams, data.clients, data.isReady, data.logLevel], [0, 0, true, "info"]);
  await clientsOnly.event("begin");

  await t.step("streams and clients", async () => {
    const path = "live/a";
    const COUNT = 20;
    const publishers = [];
    // The kernel spreads them over both shards: only by chance is one left out.
    for (let at = 0; at < COUNT; at++) {
      const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
        path: `${path}${at}`,
      });
      publisher.run();
      publishers.push(publisher);
    }
    for (let at = 0; at < COUNT; at++) {
      const began = await all.event("stream-began", (data) => data.path === `${path}${at}`);
      const came = await all.event("client-came", ({ client }) => client.path === `${path}${at}`);
      assertEquals(began.data.cid, came.data.client.id);
      const { data } = await all.event("stream-changed", (data) => {
        return data.path === `${path}${at}` && data.stream.video?.width > 0;
      });
      assertEquals(data.stream.video.codec, "H264");
    }
    const shards = all.told.filter(({ name }) => name === "client-came")
      .map(({ data }) => data.client.shard);
    assertEquals(new Set(shards).size, 2, `all on one shard: ${shards}`);
    const watching = await fetch(gateway.httpUrl("/live/a0.flv"));
    const viewer = await clientsOnly.event("client-came", ({ client }) => {
      return client.type === "flv-play";
    });
    await watching.body!.cancel();
    const left = await all.event("client-left", ({ client }) => {
      return client.id === viewer.data.client.id;
    });
    assertEquals(left.data.why, "it has left");
    for (const publisher of publishers) await publisher[Symbol.asyncDispose]();
    const isEnded = (data: Told["data"]) => data.path === "live/a0";
    await all.event("stream-changed", (data) => isEnded(data) && data.stream.state === "waiting");
    const ended = await all.event("stream-ended", isEnded);
    assertEquals(ended.data.why, "its publisher did not come back");
  });

  await t.step("whom the administrator ends", async () => {
    using _one = await Encoder.publish(gateway, { name: "kicked" });
    const { data: { client } } = await all.event("client-came", ({ client }) => {
      return client.name === "kicked";
    });
    await change(gateway, `clients/${client.id}`, "DELETE");
    await all.event("kicked", ({ id }) => id === client.id);
    const left = await all.event("client-left", (data) => data.client.id === client.id);
    assertEquals(left.data.why, "it was ended by an administrator");
    using _other = await Encoder.publish(gateway, { name: "ended" });
    await all.event("stream-began", ({ path }) => path === "live/ended");
    await change(gateway, "streams/live/ended", "DELETE");
    await all.event("kicked", ({ path }) => path === "live/ended");
    const ended = await all.event("stream-ended", ({ path }) => path === "live/ended");
    assertEquals(ended.data.why, "it was ended by an administrator");
  });

  await t.step("settings, the log level and the certificate", async () => {
    const tls = certificate(nowMs + 5 * 24 * 3_600_000);
    await change(gateway, "config", "PUT", { logLevel: "debug", tls, revoke: ["key x"] });
    const { data } = await all.event("reloaded");
    assertEquals([data.changed, data.revoked, data.recheck], [["logLevel", "tls"], 1, false]);
    assertEquals((await all.event("log-level")).data.logLevel, "debug");
    const { warning } = (await all.event("certificate")).data;
    assertMatch(warning, /^The certificate expires in [45] days, on /);
    await until("it is logged", () => gateway.output().includes("The certificate expires in"));
    assert(!JSON.stringify(all.told).includes("PRIVATE KEY"));
  });

  await t.step("who comes back is told what it has missed", async () => {
    const { id } = await all.event("kicked");
    await using back = await Follower.open(gateway, { lastId: id! });
    await back.event("log-level");
    const known = all.told.findIndex((told) => told.id === id);
    const missed = all.told.slice(known + 1).map(({ id }) => id);
    assertEquals(back.told.slice(0, missed.length).map(({ id }) => id), missed);
  });

  await t.step("only what was asked for, in order", () => {
    const names = new Set(clientsOnly.told.map(({ name }) => name));
    assertEquals([...names].filter((name) => name !== "alive").sort(), [
      ...["begin", "client-came", "client-left"],
    ]);
    const numbers = all.told.flatMap(({ id }) =>
      id === undefined ? [] : [Number(id.split(".")[1])]
    );
    assertEquals(numbers, numbers.map((_, at) => numbers[0]! + at));
  });

  await t.step("what cannot be followed", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(gateway.httpUrl("/api/v1/events?of=x"), { headers });
    assertEquals(response.status, 400);
    assertMatch(await response.text(), /of must name some of streams, clients, server, got "x"/);
  });

  await t.step("that it is about to end", async () => {
    await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/z" });
    publisher.run();
    const watching = await until("it is live on all shards", async () => {
      const response = await fetch(gateway.httpUrl("/live/z.flv"));
      if (response.status === 200) return response;
      await response.body?.cancel();
      return undefined;
    });
    const stopped = gateway.stop("SIGTERM");
    assert((await all.event("draining")).data.limitMs > 0);
    // All that ends by that is told before it is over.
    const ofLast = ({ client }: Told["data"]) => client.path === "live/z";
    const watched = watching.body!.pipeTo(new WritableStream()).catch(() => {});
    assertEquals((await stopped).code, 0);
    await watched;
    await until("nobody follows any more", () => all.isEnded && clientsOnly.isEnded);
    for (const follower of [all, clientsOnly]) {
      const left = follower.told.filter(({ name, data }) => name === "client-left" && ofLast(data));
      assertEquals(left.map(({ data }) => data.client.publish).sort(), [false, true]);
    }
    const { data } = await all.event("stream-ended", ({ path }) => path === "live/z");
    assertEquals(data.why, "the server stops");
  });
});

Deno.test("an administrator's token that expires ends what it follows", async () => {
  await using gateway = await startGateway({
    config: { access: { jwt: { secret: SECRET, clockSkewMs: 0 } }, adminToken: TOKEN },
  });
  const token = (seconds: number) =>
    new SignJWT({ api: true }).setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(new TextEncoder().encode(SECRET));
  await using short = await Follower.open(gateway, { token: await token(3) });
  await using long = await Follower.open(gateway, { token: await token(300) });
  await using forEver = await Follower.open(gateway);
  for (const follower of [short, long, forEver]) await follower.event("begin");
  const sinceMs = performance.now();
  await until("it is ended", () => short.isEnded);
  assert(performance.now() - sinceMs < 6000);
  assertEquals([long.isEnded, forEver.isEnded], [false, false]);
});
