import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../src/config/config_error.ts";
import { parseConfig } from "../src/config/schema.ts";
import { startGateway } from "../src/gateway.ts";

/**
 * A shard that listens nowhere: shard 0 runs `asks`, for which `ask` posts a message and waits for
 * one of a kind, and fails with what that returns, in words. The others answer what is forwarded.
 */
const shardOf = (asks: string) => `
  const post = (message) => self.postMessage(message);
  const waiting = new Map();
  const ask = (message, kind) => new Promise((resolve) => {
    waiting.set(kind, resolve);
    post(message);
  });
  const asks = async (start) => { ${asks} };
  self.onmessage = async ({ data }) => {
    switch (data.kind) {
      case "stop":
        return post({ kind: "stopped" });
      case "start":
        self.start = data;
        if (data.shard > 0) return;
        return post({ kind: "listen-failed", reason: JSON.stringify(await asks(data)) });
      case "forwarded-request": {
        const { requestId, from, request } = data;
        const headers = { shard: String(self.start.shard) };
        const response = { status: 200, headers, body: request.body };
        return post({ kind: "forwarded-response", requestId, to: from, response });
      }
      default:
        waiting.get(data.kind)?.(data);
    }
  };`;

/** A transcoder that can make nothing of any stream. */
const TRANSCODER = `
  self.onmessage = ({ data: { kind, id } }) => {
    if (kind === "stop") self.postMessage({ kind: "stopped", id, reason: "asked" });
    if (kind === "start") self.postMessage({ kind: "failed", id, reason: "no AAC" });
  };`;

/** What shard 0 came to. */
async function outcomeOf(asks: string): Promise<unknown> {
  const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };
  const given = { host: "127.0.0.1", ...ports, publicIps: ["192.0.2.1"], logLevel: "error" };
  const { message } = await assertRejects(
    () =>
      startGateway(parseConfig(given, 3), {
        version: "0",
        shardSource: shardOf(asks),
        transcodingSource: TRANSCODER,
        assets: [],
        assetHeaders: {},
        shardHung: (shard) => {
          throw new Error(`Shard ${shard} hangs`);
        },
      }),
    ConfigError,
  );
  return JSON.parse(message.slice("Cannot start: ".length));
}

Deno.test("startGateway: a request reaches the shard that it is for, and its answer comes back", async () => {
  const outcome = await outcomeOf(`
    const request = { method: "DELETE", resource: "a", contentType: "", body: Uint8Array.of(7) };
    const replies = [];
    for (const shard of [2, 1, 3]) {
      const asked = { kind: "forward", requestId: 10 + shard, shard, request };
      const { requestId, response } = await ask(asked, "forward-reply");
      replies.push([requestId, response?.headers.shard, response?.body[0]]);
    }
    return replies;`);
  assertEquals(outcome, [[12, "2", 7], [11, "1", 7], [13, null, null]]);
});

Deno.test("startGateway: a shard that wants Opus is told of its log, and of its end", async () => {
  const outcome = await outcomeOf(`
    const { streamId } = await ask({ kind: "publish", requestId: 1, path: "a/b" }, "publish-accepted");
    const closed = new Promise((resolve) => waiting.set("opus-closed", resolve));
    const opened = await ask({ kind: "opus-wanted", streamId, requestId: 2 }, "opus-opened");
    const { requestId, reason } = await closed;
    return [opened.requestId, opened.log.arena instanceof SharedArrayBuffer, requestId, reason];`);
  assertEquals(outcome, [2, true, 2, "no AAC"]);
});

Deno.test("startGateway: each shard has its own ports for WebRTC", async () => {
  const settings = await outcomeOf(`return start.settings.webrtc`) as Record<string, unknown>;
  const { udpPort, tcpPort, ...rest } = settings;
  assertEquals(udpPort, tcpPort);
  assertNotEquals(tcpPort, 0);
  assertEquals(rest, {
    udpFamilies: { ipv4: true, ipv6: false },
    tcpFamilies: { ipv4: true, ipv6: false },
    publicIps: ["192.0.2.1"],
    packetBytes: 1350,
    feedback: "remb",
    iceServers: [],
    bFrames: "drop",
    inexact: "show",
    connectMs: 15_000,
    consentMs: 30_000,
  });
});
