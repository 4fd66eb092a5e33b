import { assertEquals, assertMatch, assertNotEquals, assertStrictEquals } from "@std/assert";
import { parseRequestHead } from "../../../src/http/request_head.ts";
import type { HttpRequest } from "../../../src/http/request_reader.ts";
import type { WholeResponse } from "../../../src/http/response.ts";
import { AssetFiles } from "../../../src/shard/http/asset_files.ts";
import { HttpSetup } from "./setup.ts";

/** Long enough to be compressed. */
const SCRIPT = "let a = 1;\n".repeat(100);
const HEADERS = { "content-security-policy": "default-src 'self'" };

const asset = (path: string, body: string) => ({ path, contentType: "text/javascript", body });

function files(body = SCRIPT): AssetFiles {
  return new AssetFiles([asset("/a.js", body), asset("/small.js", body.slice(0, 1023))], HEADERS);
}

function request(headers: Readonly<Record<string, string>> = {}): HttpRequest {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = parseRequestHead(["GET /a.js HTTP/1.1", "Host: a", ...fields].join("\r\n"));
  return { ...head, body: new Uint8Array(0), keepsAlive: true };
}

async function ask(
  headers: Readonly<Record<string, string>> = {},
  path = "/a.js",
): Promise<WholeResponse> {
  return (await files().answer(path, request(headers)))!;
}

async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

Deno.test("a file with all its headers", async () => {
  const { kind, status, headers, body } = await ask();
  assertEquals([kind, status, new TextDecoder().decode(body)], ["whole", 200, SCRIPT]);
  const { etag, ...others } = headers;
  assertMatch(etag!, /^"[\w-]{43}"$/);
  assertEquals(others, {
    "content-type": "text/javascript",
    ...HEADERS,
    "cache-control": "no-cache",
    vary: "accept-encoding",
  });
});

Deno.test("what is no file", async () => {
  for (const path of ["/", "/a", "/a.js/", "a.js", "/A.js", "", "/__proto__"]) {
    assertStrictEquals(await files().answer(path, request()), undefined, path);
  }
});

Deno.test("a file has the same tag until its contents change", async () => {
  const tags: string[] = [];
  for (const body of [SCRIPT, SCRIPT, SCRIPT.replace("1", "2")]) {
    tags.push((await files(body).answer("/a.js", request()))!.headers.etag!);
  }
  assertEquals(tags[0], tags[1]);
  assertNotEquals(tags[0], tags[2]);
});

Deno.test("a file that the client has is not sent again", async () => {
  const tag = (await ask()).headers.etag!;
  const conditions: readonly (readonly [ifNoneMatch: string, status: number])[] = [
    [tag, 304],
    [`W/${tag}`, 304],
    [`"other", W/${tag}`, 304],
    [`"other",${tag} ,"more"`, 304],
    ["*", 304],
    ['"other"', 200],
    [tag.slice(1, -1), 200],
    [`w/${tag}`, 200],
    ['W/"other", "more"', 200],
    ["", 200],
  ];
  for (const [ifNoneMatch, status] of conditions) {
    for (const encoding of ["identity", "gzip"]) {
      const response = await ask({ "If-None-Match": ifNoneMatch, "Accept-Encoding": encoding });
      assertEquals(response.status, status, ifNoneMatch);
      if (status !== 304) continue;
      // RFC 9110 15.4.5: what a cache needs to go on with what it has.
      const { etag, vary, "cache-control": control } = response.headers;
      assertEquals([etag, vary, control], [tag, "accept-encoding", "no-cache"]);
      assertEquals(response.body.length, 0);
    }
  }
});

Deno.test("a file is compressed for those who take it, if it is worth it", async () => {
  const cases: readonly (readonly [accepts: string, isCompressed: boolean])[] = [
    ["gzip", true],
    ["GZIP", true],
    ["deflate, gzip, br", true],
    ["br;q=1.0,gzip;q=0.001", true],
    ["gzip ; Q=0.5", true],
    ["gzip;q=1.000", true],
    ["gzip;q=0", false],
    ["gzip; q=0.0", false],
    ["gzip;q=0.000", false],
    ["br, deflate", false],
    ["identity", false],
    ["gzipped", false],
    ["", false],
  ];
  for (const [accepts, isCompressed] of cases) {
    const { headers, body } = await ask({ "Accept-Encoding": accepts });
    assertEquals(headers["content-encoding"], isCompressed ? "gzip" : undefined, accepts);
    assertEquals(headers.vary, "accept-encoding");
    assertEquals(headers.etag!.startsWith('W/"'), isCompressed);
    assertEquals(isCompressed ? await unzip(body) : new TextDecoder().decode(body), SCRIPT);
  }
  const small = await ask({ "Accept-Encoding": "gzip" }, "/small.js");
  assertEquals([small.headers["content-encoding"], small.body.length], [undefined, 1023]);
});

Deno.test("a file is compressed once", async () => {
  const all = files();
  const headers = { "Accept-Encoding": "gzip" };
  const [first, second] = await Promise.all([
    all.answer("/a.js", request(headers)),
    all.answer("/a.js", request(headers)),
  ]);
  assertStrictEquals(first!.body, second!.body);
});

Deno.test("over a connection: HEAD has the length of what GET sends, and 304 none", async () => {
  const all = files();
  await using setup = await HttpSetup.start(async (request) =>
    (await all.answer(request.target, request))!
  );
  using client = await setup.connect();
  const line = (method: string, field: string) =>
    `${method} /a.js HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`;
  for (const encoding of ["identity", "gzip"]) {
    await client.send(line("HEAD", `Accept-Encoding: ${encoding}`));
    const head = await client.head();
    await client.send(line("GET", `Accept-Encoding: ${encoding}`));
    const got = await client.head();
    const length = got.headers.get("content-length")!;
    assertEquals(head.headers.get("content-length"), length);
    const body = await client.bytes(Number(length)) as Uint8Array<ArrayBuffer>;
    assertEquals(encoding === "gzip" ? await unzip(body) : new TextDecoder().decode(body), SCRIPT);
  }
  for (const method of ["GET", "HEAD"]) {
    await client.send(line(method, "If-None-Match: *"));
    const { status, headers } = await client.head();
    assertEquals([status, headers.has("content-length")], [304, false]);
  }
  await client.send(line("GET", "Connection: close"));
  assertEquals((await client.response()).body, SCRIPT);
  assertEquals(await client.rest(), "");
});
