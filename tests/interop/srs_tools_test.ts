/** The API as tools read it that were written for SRS: a console, and exporters for Prometheus. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { until } from "../../testing/waiting.ts";

type Json = Readonly<Record<string, unknown>>;

/** What SRS has of each, by the type that its tools parse it as. */
const ENVELOPE = { code: "number", server: "string", service: "string", pid: "string" };
const STREAM = {
  ...{ id: "string", name: "string", vhost: "string", app: "string", tcUrl: "string" },
  ...{ url: "string", live_ms: "number", clients: "number", frames: "number" },
  ...{ send_bytes: "number", recv_bytes: "number" },
  kbps: { recv_30s: "number", send_30s: "number" },
  publish: { active: "boolean", cid: "string" },
  video: { codec: "string", profile: "string", level: "string", width: "number", height: "number" },
  audio: { codec: "string", sample_rate: "number", channel: "number", profile: "string" },
};
const CLIENT = {
  ...{ id: "string", vhost: "string", stream: "string", ip: "string", pageUrl: "string" },
  ...{ swfUrl: "string", tcUrl: "string", url: "string", name: "string", type: "string" },
  ...{ publish: "boolean", alive: "number", send_bytes: "number", recv_bytes: "number" },
  kbps: { recv_30s: "number", send_30s: "number" },
};
const SUMMARY = {
  ok: "boolean",
  now_ms: "number",
  self: {
    ...{ version: "string", pid: "number", ppid: "number", argv: "string", cwd: "string" },
    ...{ mem_kbyte: "number", mem_percent: "number", cpu_percent: "number", srs_uptime: "number" },
  },
  system: {
    ...{ cpu_percent: "number", cpus: "number", mem_ram_percent: "number", load_1m: "number" },
    ...{ net_send_bytes: "number", srs_send_bytes: "number", conn_sys: "number" },
    ...{ conn_srs: "number" },
  },
};

/** As much of a value as a shape has, each member by its type. */
function typesOf(value: unknown, shape: Json): Json {
  return Object.fromEntries(
    Object.entries(shape).map(([name, expected]) => {
      const member = (value as Json | null)?.[name];
      return [
        name,
        typeof expected === "string" ? typeof member : typesOf(member, expected as Json),
      ];
    }),
  );
}

Deno.test("tools that were written for SRS find what they read", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  const ask = async (path: string) => {
    return await (await fetch(gateway.httpUrl(`/api/v1/${path}`))).json();
  };
  await using _healthy = await HealthyStream.start(gateway);
  const stream = await until("all is known of the stream", async () => {
    const { streams: [stream] } = await ask("streams/?count=10");
    // Each of its two viewers gets what the publisher sends, and what viewers begin with.
    const isWatched = stream?.send_bytes > stream?.recv_bytes &&
      stream.kbps.send_30s > stream.kbps.recv_30s;
    return isWatched && stream.video && stream.audio ? stream : undefined;
  });
  assertEquals(typesOf(stream, STREAM), STREAM);
  const { name, vhost, url, video, audio, publish, clients, kbps, frames } = stream;
  assertEquals([name, vhost, url], ["healthy", "__defaultVhost__", "/live/healthy"]);
  assertEquals([video.codec, audio.codec, audio.profile], ["H264", "AAC", "LC"]);
  assertEquals([publish.active, clients], [true, 3]);
  assert(kbps.recv_30s > 0 && frames > 0, JSON.stringify(stream));

  const list = await ask("clients/?start=0&count=10000");
  assertEquals(typesOf(list, ENVELOPE), ENVELOPE);
  assertEquals(list.clients.length, 3);
  for (const client of list.clients) {
    assertEquals(typesOf(client, CLIENT), CLIENT);
    assertEquals([client.stream, client.url], [stream.id, "/live/healthy"]);
  }
  const types = list.clients.map(({ type }: { type: string }) => type).sort();
  assertEquals(types, ["flv-play", "flv-play", "fmle-publish"]);
  const publisher = list.clients.find(({ id }: { id: string }) => id === publish.cid);
  assert(publisher.publish && publisher.recv_bytes > 0 && publisher.send_bytes === 0);
  assertEquals((await ask(`clients/${publish.cid}`)).client.id, publish.cid);
  assertEquals((await ask(`streams/${stream.id}`)).stream.id, stream.id);

  const summaries = await ask("summaries");
  assertEquals(typesOf(summaries, ENVELOPE), ENVELOPE);
  assertEquals(typesOf(summaries.data, SUMMARY), SUMMARY);
  assertEquals(summaries.data.self.pid, gateway.pid);
  assert(summaries.data.system.srs_send_bytes > 0);

  // A part of a list, beyond it, and what is no part.
  assertEquals((await ask("clients?start=1&count=1")).clients.length, 1);
  assertEquals((await ask("clients?start=3&count=5")).clients, []);
  for (const query of ["start=-1", "count=x"]) {
    const response = await fetch(gateway.httpUrl(`/api/v1/streams?${query}`));
    assertEquals([response.status, (await response.text()).includes("got")], [400, true]);
  }
});
