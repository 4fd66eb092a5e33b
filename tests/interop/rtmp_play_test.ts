import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { MAIN_PROFILE_ARGS, publishWithFfmpeg } from "./ffmpeg.ts";
import {
  assertContinues,
  framesOf,
  judge,
  readRecording,
  type Recording,
  type Tracks,
} from "./recording.ts";
import {
  packetsOf,
  recordWithFfmpeg,
  recordWithRtmpdump,
  type RtmpRecorder,
} from "./rtmp_players.ts";

const DURATION_S = 5;
const peers = ["ffmpeg", "ffprobe", "rtmpdump", "flvmeta"] as const;

const VIDEO_ARGS = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p"],
  ...["-g", "30", "-sc_threshold", "0", "-b:v", "500k"],
];

interface Format {
  readonly name: string;
  readonly codecArgs: readonly string[];
  readonly tracks: Tracks;
}

const FORMATS: readonly Format[] = [
  { name: "main and AAC", codecArgs: MAIN_PROFILE_ARGS, tracks: { audio: true, video: true } },
  {
    name: "high with B-frames and MP3",
    codecArgs: [
      ...[...VIDEO_ARGS, "-profile:v", "high", "-bf", "2"],
      ...["-c:a", "libmp3lame", "-b:a", "96k", "-ar", "44100"],
    ],
    tracks: { audio: true, video: true },
  },
  {
    name: "video only",
    codecArgs: [...VIDEO_ARGS, "-profile:v", "main", "-bf", "0"],
    tracks: { audio: false, video: true },
  },
  { name: "AAC only", codecArgs: ["-c:a", "aac"], tracks: { audio: true, video: false } },
];

peerTest("what is published is what RTMP players get", peers, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--grace-period-ms", "300"] });
  const directory = await Deno.makeTempDir();
  try {
    const recorded = await Promise.all(
      FORMATS.map((format, at) => recordFormat(gateway, format, `${directory}/${at}`)),
    );
    for (const [at, { name, tracks }] of FORMATS.entries()) {
      const { source, recorders } = recorded[at]!;
      for (const recorder of recorders) {
        await t.step(`${name}: ${recorder.name}`, () => checkRecording(recorder, source, tracks));
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

peerTest("RTMP players choose tracks by their query", peers, async (t) => {
  await using gateway = await startGateway({ args: ["--grace-period-ms", "300"] });
  const directory = await Deno.makeTempDir();
  try {
    const sourcePath = `${directory}/source.flv`;
    await using publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/tracks"),
      durationS: 4,
      copyTo: sourcePath,
    });
    await until("there are both tracks", async () => {
      const stream = await gateway.stream("live/tracks");
      return stream?.video && stream.audio;
    });
    const url = gateway.rtmpUrl("live/tracks");
    const choices = [
      { query: "?audio=0", tracks: { audio: false, video: true } },
      { query: "?token=x&video=0", tracks: { audio: true, video: false } },
    ].map(({ query, tracks }, at) => ({
      query,
      tracks,
      recorder: recordWithRtmpdump(url + query, `${directory}/${at}.flv`),
    }));
    assert((await publisher.ended).success, publisher.errors());
    for (const { query, tracks, recorder } of choices) {
      await recorder.ended;
      await t.step(query, () => checkRecording(recorder, sourcePath, tracks));
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

peerTest("an encoder is restarted, and RTMP players go on", peers, async (t) => {
  const gracePeriodMs = 4000;
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", `${gracePeriodMs}`],
  });
  const directory = await Deno.makeTempDir();
  try {
    const url = gateway.rtmpUrl("live/restarted");
    await using first = publishWithFfmpeg({ url });
    await until("it is live", async () => (await gateway.stream("live/restarted"))?.video);
    const recorders = [
      recordWithRtmpdump(url, `${directory}/rtmpdump.flv`),
      recordWithFfmpeg(url, `${directory}/ffmpeg.flv`),
    ];
    await until("both are counted", async () => {
      return (await gateway.stream("live/restarted"))?.rtmp.viewers === recorders.length;
    });
    await until("rtmpdump has pictures", async () => await recorders[0]!.received() > 100_000);
    first.kill("SIGKILL");
    await until("the stream waits", async () => {
      return (await gateway.stream("live/restarted"))?.state === "waiting";
    });
    const sourcePath = `${directory}/source.flv`;
    await using second = publishWithFfmpeg({ url, durationS: 3, copyTo: sourcePath });
    assert((await second.ended).success, second.errors());
    for (const { name, path, ended } of recorders) {
      await ended;
      await t.step(name, async () => {
        const sent = await packetsOf(sourcePath);
        const got = await packetsOf(path);
        assert(got.length > sent.length + 10, "there is something of the first publisher");
        // Where the publisher came back, ffmpeg may write packets of one time in another order.
        assertEquals(got.slice(-sent.length).toSorted(), sent.toSorted());
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

peerTest("a player that comes first waits for its stream", ["ffmpeg", "rtmpdump"], async () => {
  await using gateway = await startGateway({
    args: ["--grace-period-ms", "300"],
    config: { timeouts: { playWaitMs: 30_000 } },
  });
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const url = gateway.rtmpUrl("live/later");
    const recorder = recordWithRtmpdump(url, path, { handshake: "digest" });
    await until("it is connected", async () => {
      return (await gateway.status()).counters.rtmpConnections === 1;
    });
    await using publisher = publishWithFfmpeg({ url, durationS: 3 });
    assert((await publisher.ended).success, publisher.errors());
    await recorder.ended;
    const { tags } = readRecording(await Deno.readFile(path));
    const pictures = tags.filter(({ kind }) => kind === "key frame" || kind === "inter frame");
    assert(pictures.length > 60, `got ${pictures.length} pictures`);
  } finally {
    await Deno.remove(path);
  }
});

async function recordFormat(gateway: GatewayProcess, format: Format, stem: string) {
  const { name, codecArgs, tracks } = format;
  const path = `play/${name.replaceAll(" ", "-")}`;
  const url = gateway.rtmpUrl(path);
  const source = `${stem}.source.flv`;
  await using publisher = publishWithFfmpeg({
    url,
    codecArgs,
    sources: [
      ...(tracks.video ? ["video" as const] : []),
      ...(tracks.audio ? ["audio" as const] : []),
    ],
    durationS: DURATION_S,
    size: "320x180",
    copyTo: source,
  });
  await until(`${name} is live`, async () => {
    const stream = await gateway.stream(path);
    return (!tracks.video || stream?.video) && (!tracks.audio || stream?.audio);
  });
  const recorders = [
    recordWithRtmpdump(url, `${stem}.simple.flv`),
    recordWithRtmpdump(`${url}?token=x`, `${stem}.digest.flv`, { handshake: "digest" }),
    recordWithFfmpeg(`${url}?token=x`, `${stem}.ffmpeg.flv`),
  ];
  const { success } = await publisher.ended;
  assert(success, publisher.errors());
  for (const { ended } of recorders) await ended;
  return { source, recorders };
}

async function checkRecording(
  { name, path }: RtmpRecorder,
  sourcePath: string,
  tracks: Tracks,
): Promise<void> {
  if (name === "ffmpeg") {
    const [sent, got] = [await packetsOf(sourcePath), await packetsOf(path)];
    assert(got.length > sent.length / 4, `got ${got.length} packets of ${sent.length}`);
    // ffmpeg numbers from the first packet on; the packets themselves are as they were.
    assertEquals(got.toSorted(), sent.slice(-got.length).toSorted());
  } else {
    const source = readRecording(await Deno.readFile(sourcePath));
    const recording = readRecording(await Deno.readFile(path));
    assertStartsWell(recording, tracks);
    assertContinues(source, recording, tracks);
  }
  await judge(path);
}

function assertStartsWell(recording: Recording, tracks: Tracks): void {
  assertEquals(recording.tags[0]?.kind, "metadata");
  const [first] = framesOf(recording, { audio: false, video: true });
  assertEquals(first?.kind, tracks.video ? "key frame" : undefined);
  const kinds = new Set(recording.tags.map(({ kind }) => kind));
  assertEquals(kinds.has("audio frame"), tracks.audio);
}
