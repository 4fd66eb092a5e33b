import { assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { firefoxMissing, OUTER_LISTEN_ARGS, outerAddress, TestFirefox } from "./firefox.ts";
import { startPublishing } from "./whip_publisher.ts";

const PATH = "live/fox";

/** Debian builds Firefox without H.264 for WebRTC. */
Deno.test({ name: "Firefox publishes VP8 and Opus", ignore: firefoxMissing() }, async () => {
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { gracePeriodMs: 0 },
    listenArgs: OUTER_LISTEN_ARGS,
  });
  await using firefox = await TestFirefox.launch({ hasCamera: true });
  await firefox.open(gateway.httpUrl("/healthz"));
  const location = await firefox.evaluate(`return (${startPublishing})(arguments[0]);`, {
    path: `/${PATH}/whip?eip=${outerAddress()}`,
    width: 640,
    height: 480,
    layers: [],
  });
  await until("both kinds come", async () => {
    const stream = await gateway.stream(PATH);
    return stream?.video?.codec === "VP8" && stream.video.width === 640 &&
      stream.audio?.codec === "Opus";
  });
  const pictures = async () => (await gateway.status()).counters.videoMessages!;
  const before = await pictures();
  await until("it goes on", async () => await pictures() > before + 60);
  const left = await firefox.evaluate(
    `return (await fetch(arguments[0], { method: "DELETE" })).status;`,
    location,
  );
  assertEquals(left, 200);
  await until("it is over", async () => (await gateway.stream(PATH)) === undefined);
});
