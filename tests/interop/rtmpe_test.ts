import { assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";

peerTest("rtmpdump encrypts though it was offered plain RTMP, and the log says so", [
  "rtmpdump",
], async () => {
  await using gateway = await startGateway();
  const url = `rtmpe://127.0.0.1:${gateway.rtmpPort}/live/a`;
  const { stderr } = await new Deno.Command("rtmpdump", {
    args: ["--live", "--rtmp", url, "--flv", "/dev/null"],
    stdin: "null",
  }).output();
  assertMatch(new TextDecoder().decode(stderr), /client sent 6, server answered 3/);
  await until("the log says so", () => gateway.output().includes("asked for version 6 (RTMPE"));
});
