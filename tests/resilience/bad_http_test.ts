import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { settledKiB } from "../../testing/process_memory.ts";
import { IS_LONG } from "../../testing/long_form.ts";

interface BadRequest {
  readonly name: string;
  readonly request: string;
  /** Status line, or nothing where the connection is just ended. */
  readonly status: RegExp;
}

const WS_HEADERS = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** No answer may be taken for something else than it says. */
const NOSNIFF = /^x-content-type-options: nosniff\r$/m;

const get = (path: string, headers = "", host = "127.0.0.1") =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;

const BAD_REQUESTS: readonly BadRequest[] = [
  { name: "garbage", request: "\x01\x02\x03 garbage\r\n\r\n", status: / 400/ },
  { name: "TLS", request: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", status: / 400/ },
  { name: "RTMP", request: "\x03" + "\x00".repeat(1536), status: / 400/ },
  { name: "HTTP/9.9", request: "GET / HTTP/9.9\r\n\r\n", status: / 505/ },
  {
    name: "a huge header",
    request: get("/", `x: ${"y".repeat(1 << 20)}\r\n`),
    status: / 431/,
  },
  { name: "many headers", request: get("/", "x: y\r\n".repeat(5000)), status: / 431/ },
  { name: "a huge path", request: get(`/${"x".repeat(100_000)}`), status: / 414/ },
  { name: "dots", request: get("/../../etc/passwd"), status: / 404/ },
  { name: "escaped dots", request: get("/%2e%2e/%2e%2e/etc/passwd"), status: / 404/ },
  { name: "dots in a stream", request: get("/live/%2e%2e%2fhealthy.flv"), status: / 404/ },
  { name: "NUL", request: get("/live/%00.flv"), status: / 400/ },
  { name: "invalid percent", request: get("/live/%zz.flv"), status: / 404/ },
  { name: "cut UTF-8", request: get("/live/%c3.flv"), status: / 404/ },
  { name: "no name", request: get("/.flv"), status: / 404/ },
  { name: "a host that is none", request: get("/healthz", "", "a b:::"), status: / 400/ },
  { name: "a host of brackets", request: get("/live/healthy.flv", "", "[["), status: / 400/ },
  { name: "no host", request: "GET /healthz HTTP/1.1\r\n\r\n", status: / 400/ },
  { name: "POST", request: "POST /live/healthy.flv HTTP/1.1\r\nHost: a\r\n\r\n", status: / 405/ },
  { name: "CONNECT", request: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", status: / 40[05]/ },
  { name: "nothing to send", request: get("/live/healthy.flv?audio=0&video=0"), status: / 400/ },
  { name: "WebSocket to nowhere", request: get("/x", WS_HEADERS), status: / 404/ },
  { name: "WebSocket to no stream", request: get("/live/x.flv", WS_HEADERS), status: / 404/ },
  {
    name: "WebSocket without a key",
    request: get("/live/healthy.flv", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    status: / 426/,
  },
  {
    name: "WebSocket without Connection",
    request: get("/live/healthy.flv", WS_HEADERS.replace("Connection: Upgrade\r\n", "")),
    status: / 400/,
  },
];

/** Sends the request and returns the first that comes back; empty if the connection is ended. */
async function ask({ httpPort }: GatewayProcess, request: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
  const bytes = Uint8Array.from(request, (char) => char.charCodeAt(0));
  const buffer = new Uint8Array(4096);
  const answer = (async () => {
    try {
      return await conn.read(buffer);
    } catch {
      return null;
    }
  })();
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    // It may wait for more of what it does not understand.
    await conn.closeWrite();
  } catch {
    // It may answer before it has read everything.
  }
  const length = await answer;
  conn.close();
  return new TextDecoder("latin1").decode(buffer.subarray(0, length ?? 0));
}

Deno.test("bad HTTP requests are answered, and felt by nobody", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using healthy = await HealthyStream.start(gateway);
  for (const { name, request, status } of BAD_REQUESTS) {
    await t.step(name, async () => {
      const answer = await ask(gateway, request);
      assertMatch(answer.split("\r\n")[0]!, status);
      assertMatch(answer, NOSNIFF);
      await healthy.check();
    });
  }
  await t.step("no answer may be taken for something else", async () => {
    const upgrade = get("/live/healthy.flv", WS_HEADERS);
    const others = ["HEAD /", "HEAD /assets/console.js", "HEAD /healthz", "HEAD /live/healthy.flv"]
      .map((line) => `${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const preflight = "OPTIONS /live/healthy/whep HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const request of [...others, upgrade, preflight, get("/api/v1/live/events")]) {
      assertMatch(await ask(gateway, request), NOSNIFF, request);
    }
  });
  if (IS_LONG) {
    await t.step("memory stays as it is", async () => {
      const rounds = async (count: number) => {
        for (let round = 0; round < count; round++) {
          await Promise.all(BAD_REQUESTS.map(({ request }) => ask(gateway, request)));
        }
      };
      await rounds(15);
      const beforeKiB = await settledKiB(gateway.pid, 500);
      await rounds(30);
      const afterKiB = await settledKiB(gateway.pid, 500);
      assert(afterKiB < beforeKiB * 1.15, `memory grew from ${beforeKiB} KiB to ${afterKiB} KiB`);
      await healthy.check();
    });
  }
  const { gateway: { shardRestarts }, counters } = await gateway.status();
  assertEquals(shardRestarts, 0);
  assertEquals(counters.viewers, 2, "bad requests are counted as viewers");
  assert(!/Uncaught|at .*\.ts:|at blob:/.test(gateway.output()), gateway.output());
});

Deno.test("slow requests hold up nobody", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using healthy = await HealthyStream.start(gateway);
  const slow = await Promise.all(
    Array.from(
      { length: 100 },
      () => Deno.connect({ hostname: "127.0.0.1", port: gateway.httpPort }),
    ),
  );
  const request = new TextEncoder().encode(get("/healthz"));
  for (const byte of request.subarray(0, 20)) {
    await Promise.all(slow.map((conn) => conn.write(Uint8Array.of(byte))));
    await delay(10);
  }
  await healthy.check();
  for (const conn of slow) await conn.write(request.subarray(20));
  for (const conn of slow) {
    const answer = new Uint8Array(4096);
    const length = await conn.read(answer);
    assertMatch(new TextDecoder().decode(answer.subarray(0, length!)), /^HTTP\/1.1 200/);
    conn.close();
  }
  await healthy.check();
});

const ROUNDS = 40;

Deno.test("what WebSocket viewers send is of no consequence", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using healthy = await HealthyStream.start(gateway);
  const url = gateway.httpUrl("/live/healthy.flv").replace("http", "ws");
  const big = new Uint8Array(10_000_000);
  const talk = async () => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    let bytes = 0;
    let closeCode: number | undefined;
    socket.addEventListener("message", ({ data }) => bytes += data.byteLength);
    socket.addEventListener("close", ({ code }) => closeCode = code);
    await until("the viewer gets something", () => bytes > 0);
    socket.send("some text");
    socket.send(big.subarray(0, 1000));
    await until("all is sent", () => socket.bufferedAmount === 0);
    const before = bytes;
    await until("the viewer is served", () => bytes > before + 10_000);
    socket.send(big);
    await until("the viewer is ended", () => closeCode !== undefined);
    assertEquals(closeCode, 1009);
  };
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) await Promise.all([talk(), talk()]);
  };
  await rounds(2);
  const beforeKiB = await settledKiB(gateway.pid, 500);
  await rounds(ROUNDS);
  const grownKiB = await settledKiB(gateway.pid, 500) - beforeKiB;
  // Messages are collected late: what is looked for is growth with each of them.
  const sentKiB = ROUNDS * 2 * big.length / 1024;
  assert(grownKiB < sentKiB / 2, `memory grew by ${grownKiB} KiB for ${sentKiB} KiB of messages`);
  await healthy.check();
  await until("viewers are counted right", async () => {
    return (await gateway.status()).counters.viewers === 2;
  });
});
