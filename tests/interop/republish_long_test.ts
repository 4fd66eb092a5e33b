import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { encodeSample, publishWithFfmpeg } from "./ffmpeg.ts";
import { assertSound, framesOf, judge, readRecording, type Recording } from "./recording.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";
import { recordWebSocket, recordWithCurl, type Viewer } from "./viewers.ts";

const BOTH = { audio: true, video: true };

/** An encoder has to start again within it, on a slow machine too. */
const GRACE_PERIOD_MS = 4000;

/** As many as leave one chance in 16,000 that all of them end up on the same of two shards. */
const REPUBLISHES = 15;

const peers = ["ffmpeg", "ffprobe", "curl", "flvmeta"] as const;

for (
  const [title, size] of [
    ["an encoder that is killed comes back, and its viewers go on", "640x360"],
    ["an encoder comes back with another resolution, and its viewers go on", "320x180"],
  ] as const
) {
  peerTest(title, peers, async (t) => {
    await using gateway = await startGateway({
      args: ["--shards", "2", "--grace-period-ms", `${GRACE_PERIOD_MS}`],
    });
    const directory = await Deno.makeTempDir();
    try {
      const address = "live/restarted";
      const watch = (name: string) => [
        {
          name: `${name} over HTTP`,
          ...recordWithCurl(gateway.httpUrl(`/${address}.flv`), `${directory}/${name}.flv`),
        },
        { name: `${name} over WebSocket`, ...recordWebSocket(gateway.httpUrl(`/${address}.flv`)) },
      ];
      const isIn = async (state: string) => (await gateway.stream(address))?.state === state;

      await using killed = publishWithFfmpeg({ url: gateway.rtmpUrl(address) });
      await until(
        "the first publisher is live",
        async () => (await gateway.stream(address))?.video,
      );
      const early = watch("before");
      await until("both have pictures", () => haveReceived(early, 100_000));
      killed.kill("SIGKILL");
      await until("the stream waits", () => isIn("waiting"));
      const late = watch("between");
      await until(
        "a viewer who comes meanwhile gets what there is",
        () => haveReceived(late, 5000),
      );

      const copyTo = `${directory}/source.flv`;
      await using second = publishWithFfmpeg({
        url: gateway.rtmpUrl(address),
        size,
        durationS: 3,
        copyTo,
      });
      await until("the second publisher is live", () => isIn("live"));
      assert((await second.ended).success, second.errors());
      await until("the stream waits again", () => isIn("waiting"));
      const waitingSinceMs = performance.now();

      const viewers = [...early, ...late];
      const recordings = await Promise.all(viewers.map(({ ended }) => ended));
      assert(performance.now() - waitingSinceMs > GRACE_PERIOD_MS / 2, "They wait as long as said");
      await assertGone(gateway.httpUrl(`/${address}.flv`));

      const source = readRecording(await Deno.readFile(copyTo));
      for (const [at, { name }] of viewers.entries()) {
        await t.step(name, async () => {
          const recording = readRecording(recordings[at]!);
          assertSound(recording, BOTH);
          assertEndsWith(recording, source);
          const configurations = recording.tags.filter(({ kind }) =>
            kind === "video configuration"
          );
          assertEquals(configurations.length, size === "640x360" ? 1 : 2);
          await assertDecodes(recordings[at]!, recording, `${directory}/judged.flv`);
        });
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

peerTest("publishers come back to any shard", ["ffmpeg"], async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "1500"],
  });
  const source = await encodeSample();
  const url = gateway.httpUrl("/live/wandering.flv");
  let publisher = await publish(gateway.rtmpPort, source);
  await until("it is live", async () => (await gateway.stream("live/wandering"))?.video);
  // Whichever shards they are on: the chance that all are on the same is one in 128.
  const viewers = Array.from({ length: 8 }, () => recordWebSocket(url));
  await until("all have pictures", () => haveReceived(viewers, 1000));
  for (let times = 0; times < REPUBLISHES; times++) {
    publisher.close();
    await until(
      "the stream waits",
      async () => (await gateway.stream("live/wandering"))?.state === "waiting",
    );
    publisher = await publish(gateway.rtmpPort, source);
  }
  await publisher.flush();
  publisher.close();

  const sent = framesOf(source, BOTH).map(({ kind, body }) => ({ kind, body }));
  // Viewers begin with a picture, and the encoder began with a piece of sound.
  const fromKeyFrame = sent.slice(sent.findIndex(({ kind }) => kind === "key frame"));
  const expected = [fromKeyFrame, ...Array(REPUBLISHES).fill(sent)].flat();
  for (const { ended } of viewers) {
    const recording = readRecording(await ended);
    assertSound(recording, BOTH);
    const got = framesOf(recording, BOTH).map(({ kind, body }) => ({ kind, body }));
    assertEquals(got.length, expected.length);
    for (const [at, frame] of got.entries()) assertEquals(frame, expected[at]);
    const configurations = recording.tags.filter(({ kind }) => kind === "video configuration");
    assertEquals(configurations.length, 1, "They never change");
  }
});

/** Publishes a whole recording, and returns when the server has allowed it to. */
async function publish(port: number, source: Recording): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.connect(port, "live", "wandering");
  assertEquals(await publisher.answer(), "NetStream.Publish.Start");
  await publisher.send(source);
  return publisher;
}

async function haveReceived(viewers: readonly Viewer[], bytes: number): Promise<boolean> {
  const received = await Promise.all(viewers.map((viewer) => viewer.received()));
  return received.every((length) => length >= bytes);
}

async function assertGone(url: string): Promise<void> {
  const response = await fetch(url);
  await response.body?.cancel();
  assertEquals(response.status, 404);
}

/** The recording ends with all that `source` has, later by the same time throughout. */
function assertEndsWith(recording: Recording, source: Recording): void {
  const sent = framesOf(source, BOTH);
  const got = framesOf(recording, BOTH).slice(-sent.length);
  const shiftMs = got[0]!.timestampMs - sent[0]!.timestampMs;
  assertEquals(got.find(({ kind }) => kind !== "audio frame")?.kind, "key frame");
  for (const [at, { kind, timestampMs, body }] of sent.entries()) {
    const continued = got[at]!;
    assertEquals([continued.kind, continued.timestampMs - shiftMs], [kind, timestampMs]);
    assertEquals(continued.body, body);
  }
}

async function assertDecodes(bytes: Uint8Array, recording: Recording, path: string): Promise<void> {
  await Deno.writeFile(path, bytes);
  const { streams } = await judge(path);
  const video = streams.find(({ codec_type }) => codec_type === "video");
  const { length } = framesOf(recording, { audio: false, video: true });
  assertEquals(Number(video?.nb_read_frames), length, "Every picture is decoded");
}
