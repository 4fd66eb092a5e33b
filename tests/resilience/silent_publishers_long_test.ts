import { assert, assertEquals } from "@std/assert";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../../testing/media/self_describing.ts";

const IDLE_MS = 2000;

/** Publishes one picture, as of a screen on which nothing changes. */
async function publishPicture(port: number, name: string): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.connect(port, "live", name);
  await publisher.answer();
  const picture = videoFrame({ sequence: 0, timestampMs: 0, isKeyFrame: true }, 500);
  publisher.messages.video(0, VIDEO_CONFIGURATION).video(0, picture);
  await publisher.flush();
  return publisher;
}

Deno.test("a silent publisher is asked whether it is there, and stays as long as it says so", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { gracePeriodMs: 0, timeouts: { idleMs: IDLE_MS } },
  });
  using still = await publishPicture(gateway.rtmpPort, "still");
  using mute = await publishPicture(gateway.rtmpPort, "mute");
  mute.answersPings = false;
  await until(
    "the one that does not answer is ended",
    () => gateway.output().includes("closed: silent for 4000 ms, a ping unanswered"),
  );
  assert(mute.pings >= 1, "it was asked");
  await until("the other was asked more often", () => still.pings >= 3);
  assertEquals((await gateway.stream("live/still"))?.state, "live");
  assertEquals(await gateway.stream("live/mute"), undefined);
});

Deno.test("a publisher that does not answer pings may be silent for longer than it takes to ask", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { timeouts: { idleMs: 2500 } },
  });
  using slow = await publishPicture(gateway.rtmpPort, "slow");
  slow.answersPings = false;
  for (let sequence = 1; sequence <= 2; sequence++) {
    // By then it was silent for as long as it may be unasked.
    await until("it is asked", () => slow.pings >= sequence);
    const facts = { sequence, timestampMs: sequence * 3000, isKeyFrame: false };
    slow.messages.video(facts.timestampMs, videoFrame(facts, 500));
    await slow.flush();
  }
  await until("it is asked again", () => slow.pings >= 3);
  assertEquals((await gateway.stream("live/slow"))?.state, "live");
});
