/**
 * Gateway, a publisher, and an ffmpeg or rtmpdump that plays RTMP over a link which carries half of it.
 * To be run by `runInLossyNetwork` with the player's name and a file for what it records.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import {
  keepBuffersSmall,
  openNarrowLink,
  sendTcpInPackets,
} from "../../testing/network/narrow_link.ts";
import { delay, until } from "../../testing/waiting.ts";
import { spawnPeer } from "./peer_process.ts";
import { encodeSizes, publishSizes } from "./rendition_publisher.ts";

const [player, recording] = Deno.args as ["ffmpeg" | "rtmpdump", string];
const SIZE = { width: 640, kbps: 900 };
const NARROW_KBPS = 500;
const PLAYED_S = 20;

keepBuffersSmall();
sendTcpInPackets("cubic");

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = await publishSizes(
  gateway.rtmpPort,
  ["live", "narrow"],
  await encodeSizes([SIZE], { durationS: 6 }),
);
await until("the stream is there", async () => (await gateway.stream("live/narrow"))?.video);
openNarrowLink({ protocol: "tcp", port: gateway.rtmpPort }, NARROW_KBPS);
const url = gateway.rtmpUrl("live/narrow");
const args = player === "ffmpeg"
  ? [
    ...["-v", "error", "-nostdin", "-rtmp_live", "live", "-i", url, "-c", "copy"],
    // It is ended without a word.
    ...["-flush_packets", "1", "-y", recording],
  ]
  : ["-q", "-v", "-r", url, "-o", recording];
await using playing = spawnPeer(player, args);
await delay(PLAYED_S * 1000);
console.log(playing.output());
