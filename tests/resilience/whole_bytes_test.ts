import { startGateway } from "../gateway_process.ts";
import { HealthyStream } from "./healthy_stream.ts";
Deno.test("try", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using healthy = await HealthyStream.start(gateway);
  await healthy.check();
  console.log(
    gateway.output(),
    JSON.stringify(await gateway.status()),
    healthy.viewers.map((v) => v.longestSilenceMs),
  );
});
