import { assertEquals, assertThrows } from "@std/assert";
import { ProxyError } from "../../src/proxy/proxy_error.ts";
import { type ProxyHeader, ProxyHeaderReader } from "../../src/proxy/proxy_header.ts";
import { bytesOf } from "../http/errors.ts";
import { everySplit, surviveMutations, toHex } from "../../testing/mutation.ts";
import { binaryHeader, PROXY_SAMPLES } from "./proxy_samples.ts";

const BEHIND = bytesOf("GET / HTTP/1.1\r\n");

function readAll(pieces: readonly Uint8Array[]): [ProxyHeader | undefined, string] {
  const reader = new ProxyHeaderReader();
  let header: ProxyHeader | undefined;
  for (const piece of pieces) {
    reader.push(piece);
    header ??= reader.next();
  }
  return [header, toHex(reader.rest())];
}

Deno.test("ProxyHeaderReader: whole, in every split, and with what is behind", () => {
  for (const [bytes, header] of PROXY_SAMPLES) {
    const whole = Uint8Array.from([...bytes, ...BEHIND]);
    assertEquals(readAll([bytes]), [header, ""]);
    assertEquals(readAll([whole]), [header, toHex(BEHIND)]);
    for (const pieces of everySplit(whole)) {
      assertEquals(readAll(pieces), [header, toHex(BEHIND)]);
    }
  }
});

Deno.test("ProxyHeaderReader: what is no header stays whole", () => {
  const others = [
    "POST / HTTP/1.1\r\n",
    "PROXIED",
    "\r\n\r\nGET / HTTP/1.1",
    "\x03abc",
    "\x16\x03",
  ];
  for (const bytes of others.map(bytesOf)) {
    for (const pieces of everySplit(bytes)) {
      assertEquals(readAll(pieces), [{ kind: "none" }, toHex(bytes)]);
    }
  }
});

Deno.test("ProxyHeaderReader: no piece of a header is taken for one", () => {
  for (const [bytes] of PROXY_SAMPLES) {
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(readAll([bytes.subarray(0, length)])[0], undefined);
    }
  }
});

Deno.test("ProxyHeaderReader: what cannot be read is told", () => {
  const cases: [bytes: Uint8Array, message: string][] = [
    [bytesOf(`PROXY TCP4 ${"1".repeat(100)}`), "must have up to 107 bytes"],
    [bytesOf("PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n"), "two addresses and two ports"],
    [bytesOf("PROXY TCP4 2001:db8::1 192.0.2.1 1 2\r\n"), "two addresses and two ports"],
    [bytesOf("PROXY TCP6 192.0.2.1 192.0.2.1 1 2\r\n"), "two addresses and two ports"],
    [bytesOf("PROXY TCP6 1::2::3 ::1 1 2\r\n"), "two addresses and two ports"],
    [bytesOf("PROXY TCP4 192.0.2.1 192.0.2.1 65536 2\r\n"), "two addresses and two ports"],
    [bytesOf("PROXY TCP4 192.0.2.1 192.0.2.1 1 2\n"), "two addresses and two ports"],
    [bytesOf("PROXY HTTP\r\n"), "two addresses and two ports"],
    [binaryHeader(0x11, 0x11, new Uint8Array(12)), "version 2, command 0 or 1, got 1, 1"],
    [binaryHeader(0x22, 0x11, new Uint8Array(12)), "version 2, command 0 or 1, got 2, 2"],
    [binaryHeader(0x21, 0x11, new Uint8Array(11)), "must have 12 bytes, got 11"],
    [binaryHeader(0x21, 0x21, new Uint8Array(35)), "must have 36 bytes, got 35"],
    [binaryHeader(0x21, 0x11, new Uint8Array(4097)), "must be up to 4096, got 4097"],
  ];
  for (const [bytes, message] of cases) assertThrows(() => readAll([bytes]), ProxyError, message);
});

Deno.test("ProxyHeaderReader: survives mutation", () => {
  surviveMutations(PROXY_SAMPLES.map(([bytes]) => bytes), (bytes) => readAll([bytes]), ProxyError);
});
