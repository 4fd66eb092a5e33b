import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config/schema.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import type { StreamsReply } from "../../src/shard/messages.ts";
import { delay, until } from "../waiting.ts";
import { HealthyStream } from "./healthy_stream.ts";
import { RawViewer } from "./raw_viewer.ts";
import { SyntheticPublisher } from "./synthetic_publisher.ts";

const SHARDS = 2;

/** The shard's module, with listeners that tests send messages to by HTTP: see {@linkcode harm}. */
const SHARD_SOURCE = (await Deno.readTextFile(new URL("../../dist/shard.js", import.meta.url))) + `
{
  const serve = Deno.serve;
  let shard;
  self.addEventListener("message", ({ data }) => shard ??= data.shard);
  Deno.serve = (options, handler) => serve(options, (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/which") return new Response(String(shard));
    if (pathname === "/throw") setTimeout(() => { throw new Error("harmed by a test"); });
    if (pathname === "/hang") setTimeout(() => { for (;;); });
    return handler(request, info);
  });
}`;

/** A connection that stays, and so stays with its shard. */
class ShardDoor implements AsyncDisposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects until the kernel picks a shard that is wanted. */
  static async open(gateway: Gateway, wanted: number): Promise<ShardDoor> {
    return await until(`a connection to shard ${wanted}`, async () => {
      const door = new ShardDoor(
        await Deno.connect({ hostname: "127.0.0.1", port: gateway.httpPort }),
      );
      if (await door.ask("/which") === `${wanted}`) return door;
      await door[Symbol.asyncDispose]();
      return undefined;
    });
  }

  async ask(path: string): Promise<string> {
    const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    await this.#conn.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(4096);
    const length = await this.#conn.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, length ?? 0)).split("\r\n\r\n")[1] ?? "";
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#conn.close();
    return Promise.resolve();
  }
}

async function start(): Promise<Gateway & AsyncDisposable> {
  const given = { host: "127.0.0.1", rtmpPort: 0, httpPort: 0, gracePeriodMs: 10_000 };
  const parts = { version: "0", shardSource: SHARD_SOURCE, assets: [], contentSecurityPolicy: "" };
  const gateway = await startGateway(parseConfig(given, SHARDS), parts);
  return { ...gateway, [Symbol.asyncDispose]: () => gateway.stop() };
}

async function statusOf({ httpPort }: Gateway): Promise<StreamsReply> {
  // A new connection each time: one that is kept may belong to the shard that dies.
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/streams`, {
    headers: { connection: "close" },
  });
  return await response.json();
}

/** Streams and viewers on one shard each: whoever is on the other one is not to notice. */
async function healthyOnShard(gateway: Gateway, shard: number): Promise<HealthyStream> {
  for (let attempt = 0;; attempt++) {
    const path = `live/healthy${shard}x${attempt}`;
    const healthy = await HealthyStream.start(gateway, { path });
    const { publisherShard, viewerShards } = await whereIs(gateway, path);
    if (publisherShard === shard && viewerShards.every((at) => at === shard)) return healthy;
    await healthy[Symbol.asyncDispose]();
  }
}
