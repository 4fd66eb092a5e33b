import { assertEquals } from "@std/assert";
import { LayerChoice } from "../../src/console/layer_choice.js";
import { until } from "../../testing/waiting.ts";

/** A gateway that answers with these, one after the other, and the last of them again and again. */
function serve(...answers: number[]) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    asked.push(await request.text());
    return new Response(null, { status: answers.length > 1 ? answers.shift()! : answers[0]! });
  });
  const url = `http://127.0.0.1:${server.addr.port}/layer`;
  return { asked, url, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("a layer is asked for once, and another when the reader wants another", async () => {
  await using gateway = serve(200);
  const { asked, url } = gateway;
  const choice = new LayerChoice(url, () => {});
  // Sessions begin with whichever fits.
  choice.choose(undefined, 0);
  choice.choose("1", 0);
  await until("it was asked for", () => asked.length === 1);
  // What is wanted meanwhile is asked for behind it.
  choice.choose("2", 1);
  choice.choose(undefined, 2);
  await until("it was asked for", () => {
    choice.handleTimeout(3);
    return asked.at(-1) === "{}";
  });
  for (let nowMs = 4; nowMs < 100; nowMs++) choice.handleTimeout(nowMs * 1000);
  assertEquals(asked.filter((body) => body === '{"rid":"1"}').length, 1);
  assertEquals(asked.at(-1), "{}");
});

Deno.test("what cannot be had yet is asked for again, later and later", async () => {
  await using gateway = serve(404, 429, 503, 200);
  const { asked, url } = gateway;
  const choice = new LayerChoice(url, () => {});
  choice.choose("7", 0);
  const times: number[] = [];
  for (let nowMs = 0; asked.length < 4; nowMs += 100) {
    const before = asked.length;
    choice.handleTimeout(nowMs);
    // An answer takes its time.
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (asked.length > before) times.push(nowMs);
  }
  assertEquals(times.length >= 3, true);
  assertEquals(new Set(asked), new Set(['{"rid":"7"}']));
});

Deno.test("what a session can never be sent is told", async () => {
  await using gateway = serve(409);
  const told = Promise.withResolvers<void>();
  new LayerChoice(gateway.url, told.resolve).choose("1", 0);
  await told.promise;
});
