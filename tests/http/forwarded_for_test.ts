import { assertEquals, assertThrows } from "@std/assert";
import { forwardedClient } from "../../src/http/forwarded_for.ts";
import { HttpError } from "../../src/http/http_error.ts";
import { bytesOf } from "./errors.ts";
import { surviveMutations } from "../../testing/mutation.ts";

const PEER = "10.0.0.1";
const isTrusted = (address: string) => address.startsWith("10.");

Deno.test("forwardedClient: the last address that is no trusted proxy's", () => {
  const cases: [header: string | undefined, client: string][] = [
    [undefined, PEER],
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1, 10.0.0.2", "192.0.2.1"],
    // What stands before was written by anybody.
    ["127.0.0.1, 10.9.9.9, 192.0.2.1,10.0.0.2 ,\t10.0.0.3", "192.0.2.1"],
    ["unknown, 192.0.2.1", "192.0.2.1"],
    [", ,192.0.2.1", "192.0.2.1"],
    ["10.0.0.4, 10.0.0.2", "10.0.0.4"],
    ["192.0.2.1:51000", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ];
  for (const [header, client] of cases) {
    assertEquals(forwardedClient(header, PEER, isTrusted), client, header);
  }
});

Deno.test("forwardedClient: what a trusted proxy did not write right is told", () => {
  for (const header of ["", "unknown", "192.0.2.1, _hidden", "a".repeat(5000), "1.2.3.4.5", ","]) {
    const error = assertThrows(() => forwardedClient(header, PEER, isTrusted), HttpError);
    assertEquals(error.status, 400);
    assertEquals(error.message.length < 150, true);
  }
  const many = Array(17).fill("10.0.0.2").join(", ");
  assertThrows(
    () => forwardedClient(many, PEER, isTrusted),
    HttpError,
    "must name up to 16 trusted proxies",
  );
});

Deno.test("forwardedClient: survives mutation", () => {
  const samples = ["192.0.2.1, 10.0.0.2, 10.0.0.3", "[2001:db8::1]:443, 10.0.0.2"].map(bytesOf);
  surviveMutations(
    samples,
    (bytes) => forwardedClient(new TextDecoder("latin1").decode(bytes), PEER, isTrusted),
    HttpError,
  );
});
