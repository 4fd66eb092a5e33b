import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../src/http/http_error.ts";
import { parseRequestHead } from "../../src/http/request_head.ts";
import {
  acceptWebSocket,
  asksForWebSocket,
  encodeCloseFrame,
  encodeFrame,
  Opcode,
} from "../../src/http/websocket.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import { statusOf } from "./errors.ts";

/** RFC 6455 1.3. */
const HANDSHAKE: Readonly<Record<string, string>> = {
  Host: "server.example.com",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  Origin: "http://example.com",
  "Sec-WebSocket-Version": "13",
};

function handshake(changes: Readonly<Record<string, string | undefined>> = {}, line?: string) {
  const fields = Object.entries({ ...HANDSHAKE, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return parseRequestHead([line ?? "GET /chat HTTP/1.1", ...fields].join("\r\n"));
}

Deno.test("acceptWebSocket: the example of RFC 6455 1.3", () => {
  assertEquals(asksForWebSocket(handshake()), true);
  assertEquals(acceptWebSocket(handshake()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("acceptWebSocket: what else is a handshake, and what is none", () => {
  const good = [
    { Connection: "keep-alive, Upgrade" },
    { Connection: "upgrade\t,close" },
    { Upgrade: "WebSocket" },
    { Origin: undefined },
  ];
  for (const changes of good) {
    assertEquals(asksForWebSocket(handshake(changes)), true);
    assertEquals(acceptWebSocket(handshake(changes)), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }
  const bad: readonly (readonly [Readonly<Record<string, string | undefined>>, number])[] = [
    [{ Connection: undefined }, 400],
    [{ Connection: "keep-alive" }, 400],
    [{ Connection: "upgraded" }, 400],
    [{ "Sec-WebSocket-Version": undefined }, 426],
    [{ "Sec-WebSocket-Version": "8" }, 426],
    [{ "Sec-WebSocket-Version": "13, 8" }, 426],
    [{ "Sec-WebSocket-Key": undefined }, 400],
    [{ "Sec-WebSocket-Key": "" }, 400],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }, 400],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=" }, 400],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZSE=" }, 400],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25-ZQ==" }, 400],
  ];
  for (const [changes, status] of bad) {
    assertEquals(statusOf(() => acceptWebSocket(handshake(changes))), status);
  }
  assertEquals(statusOf(() => acceptWebSocket(handshake({}, "POST / HTTP/1.1"))), 400);
  assertEquals(statusOf(() => acceptWebSocket(handshake({}, "GET / HTTP/1.0"))), 400);
  assertEquals(asksForWebSocket(handshake({ Upgrade: undefined })), false);
  assertEquals(asksForWebSocket(handshake({ Upgrade: "h2c" })), false);
});

Deno.test("acceptWebSocket: a refused version is told which one to use", () => {
  const refuse = () => acceptWebSocket(handshake({ "Sec-WebSocket-Version": "25" }));
  assertEquals(assertThrows(refuse, HttpError).headers, {
    upgrade: "websocket",
    "sec-websocket-version": "13",
  });
});

Deno.test("encodeFrame: the unmasked examples of RFC 6455 5.7", () => {
  const hello = new TextEncoder().encode("Hello");
  assertEquals(toHex(encodeFrame(Opcode.text, hello)), "810548656c6c6f");
  assertEquals(toHex(encodeFrame(Opcode.ping, hello)), "890548656c6c6f");
  assertEquals(toHex(encodeFrame(Opcode.pong, new Uint8Array(0))), "8a00");
  assertEquals(toHex(encodeCloseFrame(1002)), "880203ea");
});

Deno.test("encodeFrame: the shortest form of each length", () => {
  const heads: readonly (readonly [length: number, head: string])[] = [
    [0, "8200"],
    [125, "827d"],
    [126, "827e007e"],
    [256, "827e0100"],
    [65535, "827effff"],
    [65536, "827f0000000000010000"],
    [100_000, "827f00000000000186a0"],
  ];
  for (const [length, head] of heads) {
    const payload = new Uint8Array(length).fill(7);
    const frame = encodeFrame(Opcode.binary, payload);
    assertEquals(frame.subarray(0, head.length / 2), fromHex(head));
    assertEquals(frame.subarray(head.length / 2), payload);
  }
});
