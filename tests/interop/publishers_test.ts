import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { encodeSample, publishWithFfmpeg } from "./ffmpeg.ts";
import { assertContinues, assertSound, readRecording } from "./recording.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";
import { recordWebSocket } from "./viewers.ts";

/** Players are told soon of a stream that is not there. */
const WAIT_LITTLE = { timeouts: { playWaitMs: 200 } };

const BOTH = { audio: true, video: true };

peerTest("a second publisher of a live stream is refused", ["ffmpeg"], async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "1500"],
  });
  const copyTo = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const url = gateway.rtmpUrl("live/taken");
    await using first = publishWithFfmpeg({
      url,
      durationS: 4,
      copyTo,
      // The file is there already.
      outputArgs: ["-y"],
    });
    await until("it is live", async () => (await gateway.stream("live/taken"))?.video);
    const viewer = recordWebSocket(gateway.httpUrl("/live/taken.flv"));

    await using second = publishWithFfmpeg({ url, durationS: 2, logLevel: "debug" });
    assertEquals((await second.ended).success, false);
    assertStringIncludes(second.errors(), "Server error: live/taken is being published already.");
    using third = await RtmpPublisher.connect(gateway.rtmpPort, "live", "taken");
    assertEquals(await third.answer(), "NetStream.Publish.BadName");
    const { counters } = await gateway.status();
    assertEquals([counters.publishesAccepted, counters.publishesRefused], [1, 2]);

    assert((await first.ended).success, first.errors());
    await until(
      "the stream waits",
      async () => (await gateway.stream("live/taken"))?.state === "waiting",
    );
    using next = await RtmpPublisher.connect(gateway.rtmpPort, "live", "taken");
    assertEquals(await next.answer(), "NetStream.Publish.Start");
    next.close();

    const recording = readRecording(await viewer.ended);
    assertSound(recording, BOTH);
    assertContinues(readRecording(await Deno.readFile(copyTo)), recording, BOTH);
  } finally {
    await Deno.remove(copyTo);
  }
});

peerTest("one connection publishes two streams", ["ffmpeg"], async () => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--grace-period-ms", "500"] });
  const sample = await encodeSample();
  using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "one");
  assertEquals(await publisher.answer(1), "NetStream.Publish.Start");
  publisher.messages.publish("two", 2);
  await publisher.flush();
  assertEquals(await publisher.answer(2), "NetStream.Publish.Start");
  await publisher.send(sample, 1);
  await publisher.send(sample, 2);
  const paths = ["live/one", "live/two"];
  for (const path of paths) {
    await until(`${path} is live`, async () => (await gateway.stream(path))?.video);
  }
  const [one, two] = paths.map((path) => recordWebSocket(gateway.httpUrl(`/${path}.flv`)));
  await until(
    "both have pictures",
    async () => await one!.received() > 1000 && await two!.received() > 1000,
  );

  publisher.messages.command(0, "deleteStream", 6, null, 2);
  await publisher.flush();
  const ofTwo = readRecording(await two!.ended);
  assertEquals((await gateway.stream("live/one"))?.state, "live", "The other stream goes on");
  assertEquals(await gateway.stream("live/two"), undefined);
  publisher.close();
  for (const recording of [ofTwo, readRecording(await one!.ended)]) {
    assertSound(recording, BOTH);
    assertContinues(sample, recording, BOTH);
  }
});

interface Name {
  readonly app: string;
  readonly name: string;
  readonly url: string;
}

const NAMES: readonly Name[] = [
  { app: "live", name: "a b", url: "/live/a%20b.flv" },
  { app: "live", name: "Überfluß/東京", url: "/live/%C3%9Cberflu%C3%9F/%E6%9D%B1%E4%BA%AC.flv" },
  { app: "studio/north", name: "/camera//1/", url: "/studio/north/camera/1.flv" },
  { app: "live", name: "100%&more", url: "/live/100%25%26more.flv" },
];

peerTest("names are what URLs say, and tokens are no part of them", ["ffmpeg"], async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "300", "--log-level", "debug"],
  });
  const sample = await encodeSample();
  for (const { app, name, url } of NAMES) {
    await t.step(url, async () => {
      using publisher = await RtmpPublisher.connect(
        gateway.rtmpPort,
        `${app}?token=secret-of-app`,
        `${name}?token=secret-of-name&more=1`,
      );
      assertEquals(await publisher.answer(), "NetStream.Publish.Start");
      await publisher.send(sample);
      await until("it is live", async () => {
        const { streams } = await gateway.status();
        return streams.find((stream) => stream.flvUrl === url)?.video;
      });
      const viewer = recordWebSocket(gateway.httpUrl(`${url}?token=secret-of-viewer`));
      await until("there is a picture", async () => await viewer.received() > 1000);
      publisher.close();
      assertContinues(sample, readRecording(await viewer.ended), BOTH);
    });
  }
  assertEquals((await gateway.stop()).code, 0);
  assertMatch(gateway.output(), /publishes studio\/north\/camera\/1 over rtmp /);
  assertEquals(gateway.output().includes("secret"), false, gateway.output());
});

Deno.test("names that URLs cannot have are refused", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  for (const name of ["..", "a/../b", "tab\there", "a#b", "a\\b", "n".repeat(600)]) {
    using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", name);
    assertEquals(await publisher.answer(), "NetStream.Publish.BadName", name);
  }
  assertEquals((await gateway.status()).streams, []);
});

peerTest("rtmpdump shakes hands either way, and learns that nothing is live", [
  "rtmpdump",
], async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"], config: WAIT_LITTLE });
  const url = gateway.rtmpUrl("live/none");
  const digestArgs = ["-w", "0123456789abcdef".repeat(4), "-x", "1000"];
  for (
    const { name, args, handshake } of [
      { name: "digest handshake", args: digestArgs, handshake: /Genuine Adobe Flash Media Server/ },
      { name: "simple handshake", args: [], handshake: /HandShake: Handshaking finished/ },
    ]
  ) {
    await t.step(name, async () => {
      const { code, stderr } = await run("rtmpdump", ["-z", "-v", "-m", "20", ...args, "-r", url]);
      assertEquals(code, 1);
      assertMatch(stderr, handshake);
      assertStringIncludes(stderr, "NetConnection.Connect.Success");
      assertStringIncludes(stderr, "Closing connection: NetStream.Play.StreamNotFound");
    });
  }
  assertEquals((await gateway.status()).counters.rtmpProtocolErrors, 0);
});

peerTest("ffmpeg learns that nothing is live", ["ffmpeg"], async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"], config: WAIT_LITTLE });
  const args = ["-v", "error", "-i", gateway.rtmpUrl("live/none"), "-f", "null", "-"];
  const { code, stderr } = await run("ffmpeg", args);
  assertEquals(code, 1);
  assertMatch(stderr, /Server error: The stream live\/none is not live\./);
});

/** Runs a peer that is to fail. */
async function run(
  command: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
