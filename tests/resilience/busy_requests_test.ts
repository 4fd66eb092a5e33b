/** Clients that ask again as soon as they are answered, as browsers do that load a page. */
import { assertEquals, assertGreater } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { HttpClient } from "../shard/http/client.ts";

const CLIENTS = 12;
const ASKING_MS = 4000;

const TARGETS = ["/", "/assets/console.js", "/assets/player.css", "/healthz", "/api/v1/live"];

Deno.test("each of many requests is answered, however many others there are", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const endMs = performance.now() + ASKING_MS;
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, seed) => {
      // It gives up, and rejects, long after an answer should have come.
      using client = await HttpClient.connect(gateway.httpPort);
      let answered = 0;
      while (performance.now() < endMs) {
        const target = TARGETS[(seed + answered) % TARGETS.length]!;
        await client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        assertEquals((await client.response()).status, 200);
        answered++;
      }
      return answered;
    }),
  );
  for (const answered of counts) assertGreater(answered, 0);
});
