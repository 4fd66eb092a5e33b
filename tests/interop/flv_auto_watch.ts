/**
 * Gateway, a publisher of three sizes, and a curl that is too slow for the largest. To be run by
 * `runInLossyNetwork` with a file for what curl records.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { keepBuffersSmall } from "../../testing/network/narrow_link.ts";
import { delay, until } from "../../testing/waiting.ts";
import { encodeSizes, publishSizes, THREE_SIZES } from "./rendition_publisher.ts";

const [recording] = Deno.args as [string];
/** Enough for the smallest picture and the sound. */
const CURL_BYTES_PER_S = 50_000;
const CURL_S = 11;

keepBuffersSmall();

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = await publishSizes(
  gateway.rtmpPort,
  ["live", "sizes"],
  await encodeSizes(THREE_SIZES, { durationS: 6 }),
);
await until("all sizes are known", async () => {
  return (await gateway.stream("live/sizes"))?.tracks.length === 4;
});
const url = gateway.httpUrl("/live/sizes.flv?vtrack=auto");
const curl = new Deno.Command("curl", {
  args: ["-sS", "--limit-rate", `${CURL_BYTES_PER_S}`, "-o", recording, url],
  stdin: "null",
}).spawn();
await delay(CURL_S * 1000);
curl.kill();
await curl.status;
