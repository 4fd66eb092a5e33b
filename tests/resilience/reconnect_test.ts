import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { Encoder, RECONNECT } from "./told_encoder.ts";

Deno.test("a capable encoder is asked to connect again when the server stops, others are not", async () => {
  await using gateway = await startGateway();
  using capable = await Encoder.publish(gateway, { name: "a", capsEx: 1 });
  using other = await Encoder.publish(gateway, { name: "b" });
  const stopping = gateway.stop("SIGTERM");
  await until("it is asked to connect again", () => capable.codes.includes(RECONNECT));
  assert(!capable.isEnded, "it may go on until its next key frame");
  await until("the other is ended", () => other.isEnded);
  assert(!other.codes.includes(RECONNECT));
  const leftMs = performance.now();
  capable[Symbol.dispose]();
  const { code } = await stopping;
  assertEquals(code, 0);
  assert(performance.now() - leftMs < 800, "nobody is waited for any more");
});

Deno.test("a capable encoder that stays is ended after a short time", async () => {
  await using gateway = await startGateway();
  using capable = await Encoder.publish(gateway, { name: "a", capsEx: 15 });
  const { code } = await gateway.stop("SIGTERM");
  assertEquals(code, 0);
  await until("it is ended", () => capable.isEnded);
  assertEquals(capable.codes.filter((each) => each === RECONNECT), [RECONNECT]);
});

Deno.test("record and append are live, which the log says once", async () => {
  await using gateway = await startGateway();
  using _record = await Encoder.publish(gateway, { name: "a", type: "record" });
  using _append = await Encoder.publish(gateway, { name: "b", type: "append" });
  using _live = await Encoder.publish(gateway, { name: "c" });
  await until("all are published", async () => (await gateway.status()).streams.length === 3);
  assertMatch(gateway.output(), /asks to record live\/a: it is live only, nothing is recorded/);
  assertMatch(gateway.output(), /asks to append live\/b: it is live only/);
  assertEquals(gateway.output().match(/live only/g)?.length, 2);
});
