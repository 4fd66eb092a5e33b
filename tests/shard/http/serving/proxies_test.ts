import { assertEquals, assertMatch } from "@std/assert";
import { textAnswer } from "../../../../src/shard/http/routing/answers.ts";
import type { ConnectionAddresses } from "../../../../src/shard/net/connection_addresses.ts";
import type { HttpRequest } from "../../../../src/http/request_reader.ts";
import { until } from "../../../../testing/waiting.ts";
import { Body, HttpSetup } from "../setup.ts";

const TRUSTED = ["127.0.0.1"];
const get = (target: string, forwardedFor: string) =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwardedFor}\r\n\r\n`;

/** Answers with whom a request is taken to be from. */
function tellAddress(_request: HttpRequest, { remoteAddr }: ConnectionAddresses) {
  return textAnswer(200, remoteAddr.hostname);
}

Deno.test("a trusted proxy's requests are those of its clients, one by one", async () => {
  await using setup = await HttpSetup.start(tellAddress, { trusted: TRUSTED });
  using client = await setup.connect();
  for (const address of ["192.0.2.1", "192.0.2.2", "2001:db8::1"]) {
    await client.send(get("/", `203.0.113.9, ${address}`));
    assertEquals((await client.response()).body, `${address}\n`);
  }
});

Deno.test("nobody else is believed", async () => {
  await using setup = await HttpSetup.start(tellAddress, { trusted: ["192.0.2.1"] });
  using client = await setup.send(get("/", "192.0.2.9"));
  assertEquals((await client.response()).body, "127.0.0.1\n");
});

Deno.test("what a trusted proxy must not say is answered, and the connection goes on", async () => {
  await using setup = await HttpSetup.start(tellAddress, { trusted: TRUSTED });
  using client = await setup.send(get("/", "_secret"));
  const { status, body } = await client.response();
  assertEquals(status, 400);
  assertMatch(body, /Cannot use X-Forwarded-For: must be IP addresses, got "_secret"/);
  await client.send(get("/", "192.0.2.1"));
  assertEquals((await client.response()).body, "192.0.2.1\n");
});

Deno.test("a client of a proxy has as many connections as others have, and only while it is served", async () => {
  const bodies: Body[] = [];
  await using setup = await HttpSetup.start((request) => {
    if (request.target !== "/stream") return textAnswer(200, "ok");
    const body = new Body();
    bodies.push(body);
    return body.response;
  }, { trusted: TRUSTED, maxPerAddress: 2 });
  using first = await setup.send(get("/stream", "192.0.2.1"));
  using second = await setup.send(get("/stream", "192.0.2.1"));
  await Promise.all([first.head(), second.head()]);
  using third = await setup.send(get("/stream", "192.0.2.1"));
  const refused = await third.response();
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  assertMatch(refused.body, /one address may have up to 2 connections/);
  // Others are not concerned, nor is the proxy's connection.
  await third.send(get("/", "192.0.2.2"));
  assertEquals((await third.response()).status, 200);
  first.conn.close();
  await until("it is gone", () => setup.total("httpConnections") === 2);
  await third.send(get("/", "192.0.2.1"));
  assertEquals((await third.response()).status, 200);
});
