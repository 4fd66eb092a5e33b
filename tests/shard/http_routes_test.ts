import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { ControlLink } from "../../src/shard/control_link.ts";
import { allocateCounters, Counters } from "../../src/shard/counters.ts";
import { listenHttp } from "../../src/shard/http_listener.ts";
import type { ConsoleAsset } from "../../src/shard/messages.ts";
import { Streams } from "../../src/shard/streams.ts";
import { allocateLog } from "../../src/stream/log_layout.ts";
import { SHARD_SETTINGS } from "./shard_settings.ts";

/** Longer than what is sent uncompressed in any case. */
const SCRIPT = "let a = 1;\n".repeat(100);

/** A server by itself with one file and one stream, which has no publisher. */
class Setup implements AsyncDisposable {
  readonly url: string;
  readonly #server: ReturnType<typeof listenHttp>;

  constructor(body: string) {
    const httpPort = freePort();
    const streams = new Streams({ flushMs: 0 }, { jumped() {} });
    streams.open({ streamId: 1, path: "live/a", log: allocateLog(1 << 16) });
    const asset: ConsoleAsset = { path: "/a.js", contentType: "text/javascript", body };
    this.url = `http://127.0.0.1:${httpPort}`;
    this.#server = listenHttp({
      settings: { ...SHARD_SETTINGS, httpPort },
      streams,
      control: new ControlLink(() => {}),
      counters: new Counters(allocateCounters(1), 0),
      assets: [asset],
    });
    this.#server.run();
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, { headers });
    await response.body?.cancel();
    return response;
  }

  /** Status line and headers in lower case, as they are on the wire. */
  async head(path: string): Promise<string> {
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(this.url).port),
    });
    const request = `HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    await conn.write(new TextEncoder().encode(request));
    return (await new Response(conn.readable).text()).toLowerCase();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close(0);
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("HEAD tells the length of a file, and none of a stream", async () => {
  await using setup = new Setup(SCRIPT);
  const file = await setup.head("/a.js");
  assertMatch(file, /^http\/1\.1 200 .*\r\ncontent-length: 1100\r\n.*\r\n\r\n$/s);
  const stream = await setup.head("/live/a.flv");
  assertMatch(stream, /^http\/1\.1 200 .*\r\ncontent-type: video\/x-flv\r\n.*\r\n\r\n$/s);
  assertEquals(stream.includes("content-length"), false, stream);
});

Deno.test("a file has the same tag until its contents change", async () => {
  const tags: string[] = [];
  for (const body of [SCRIPT, SCRIPT, SCRIPT.replace("1", "2")]) {
    await using setup = new Setup(body);
    const { headers } = await setup.get("/a.js", { "accept-encoding": "identity" });
    tags.push(headers.get("etag")!);
  }
  assertEquals(tags[0], tags[1]);
  assertNotEquals(tags[0], tags[2]);
  assertMatch(tags[0]!, /^"[\w-]+"$/);
});

Deno.test("a file that the client has is not sent again", async () => {
  await using setup = new Setup(SCRIPT);
  const compressed = (await setup.get("/a.js", { "accept-encoding": "gzip" })).headers.get("etag")!;
  const tag = (await setup.get("/a.js", { "accept-encoding": "identity" })).headers.get("etag")!;
  const conditions: readonly (readonly [ifNoneMatch: string, status: number])[] = [
    [tag, 304],
    [`W/${tag}`, 304],
    [compressed, 304],
    [`"other", W/${tag}`, 304],
    [`"other",${tag} ,"more"`, 304],
    ["*", 304],
    ['"other"', 200],
    [tag.slice(1, -1), 200],
    ['W/"other", "more"', 200],
    ["", 200],
  ];
  for (const [ifNoneMatch, status] of conditions) {
    const response = await setup.get("/a.js", { "if-none-match": ifNoneMatch });
    assertEquals(response.status, status, ifNoneMatch);
  }
});
