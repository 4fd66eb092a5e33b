import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { StreamSummary } from "../../src/shard/http/api/stream_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { longForm } from "../../testing/long_form.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import {
  assertContinues,
  assertSound,
  framesOf,
  judge,
  probe,
  type ProbedStream,
  readRecording,
  type Recording,
  type Tracks,
  type Verdict,
} from "./recording.ts";
import { recordWebSocket, recordWithCurl } from "./viewers.ts";

const DURATION_S = 5;

/** More would be late on two slow cores, and the publishers send in real time. */
const AT_ONCE = 5;

/** Long enough to be seen waiting. */
const GRACE_PERIOD_MS = 2000;

interface ExpectedVideo {
  readonly profile: string;
  readonly codec: RegExp;
  readonly bFrames: boolean;
}

interface ExpectedAudio {
  readonly codec: string;
  readonly codecName: string;
  readonly sampleRate: number;
  readonly channels: number;
}

interface Format {
  readonly name: string;
  readonly codecArgs: readonly string[];
  readonly video?: ExpectedVideo;
  readonly audio?: ExpectedAudio;
}

const H264_ARGS = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p"],
  ...["-g", "30", "-sc_threshold", "0", "-b:v", "500k"],
];
const AAC_ARGS = ["-c:a", "aac", "-b:a", "96k", "-ac", "2"];
const MP3_ARGS = ["-c:a", "libmp3lame", "-b:a", "96k", "-ar", "44100", "-ac", "2"];

const AAC: ExpectedAudio = {
  codec: "mp4a.40.2",
  codecName: "aac",
  sampleRate: 48_000,
  channels: 2,
};
const MP3: ExpectedAudio = { codec: "mp3", codecName: "mp3", sampleRate: 44_100, channels: 2 };

function h264(profile: "baseline" | "main" | "high", bFrames: 0 | 2) {
  const names = { baseline: "Constrained Baseline", main: "Main", high: "High" };
  const numbers = { baseline: "42", main: "4d", high: "64" };
  return {
    codecArgs: [...H264_ARGS, "-profile:v", profile, "-bf", `${bFrames}`],
    video: {
      profile: names[profile],
      codec: new RegExp(`^avc1\\.${numbers[profile]}[0-9a-f]{4}$`),
      bFrames: bFrames > 0,
    },
  };
}

function withAudio(
  { codecArgs, video }: ReturnType<typeof h264>,
  audioArgs: readonly string[],
  audio: ExpectedAudio,
) {
  return { codecArgs: [...codecArgs, ...audioArgs], video, audio };
}

const FORMATS: readonly Format[] = [
  { name: "high with B-frames and AAC", ...withAudio(h264("high", 2), AAC_ARGS, AAC) },
  { name: "main and MP3", ...withAudio(h264("main", 0), MP3_ARGS, MP3) },
  {
    name: "main and AAC of 44.1 kHz mono",
    ...withAudio(h264("main", 0), ["-c:a", "aac", "-ar", "44100", "-ac", "1"], {
      ...AAC,
      sampleRate: 44_100,
      channels: 1,
    }),
  },
  { name: "video only", ...h264("main", 0) },
  { name: "AAC only", codecArgs: AAC_ARGS, audio: AAC },
  { name: "baseline and AAC", ...withAudio(h264("baseline", 0), AAC_ARGS, AAC) },
  { name: "main and AAC", ...withAudio(h264("main", 0), AAC_ARGS, AAC) },
  { name: "main with B-frames and AAC", ...withAudio(h264("main", 2), AAC_ARGS, AAC) },
  { name: "high and AAC", ...withAudio(h264("high", 0), AAC_ARGS, AAC) },
  { name: "MP3 only", codecArgs: MP3_ARGS, audio: MP3 },
];

/** What was seen of a format while its publisher was live, and what was recorded. */
interface Session {
  readonly live: StreamSummary;
  readonly waiting: StreamSummary;
  /** What ffprobe found in the live response. */
  readonly probed: readonly ProbedStream[];
  readonly source: Recording;
  /** Over HTTP and over WebSocket. */
  readonly recordings: readonly Recorded[];
}

interface Recorded {
  readonly over: string;
  readonly recording: Recording;
  readonly verdict: Verdict;
}

const peers = ["ffmpeg", "ffprobe", "curl", "flvmeta"] as const;

peerTest("what is published is what HTTP and WebSocket viewers get", peers, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", `${GRACE_PERIOD_MS}`],
  });
  const directory = await Deno.makeTempDir();
  try {
    const formats = longForm(FORMATS, AT_ONCE);
    for (let at = 0; at < formats.length; at += AT_ONCE) {
      const batch = formats.slice(at, at + AT_ONCE);
      const sessions = await Promise.all(
        batch.map((format, index) => recordFormat(gateway, format, `${directory}/${at + index}`)),
      );
      for (const [index, format] of batch.entries()) {
        await t.step(format.name, () => checkSession(format, sessions[index]!));
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

peerTest("audio=0 and video=0 leave one track", peers, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--grace-period-ms", "300"] });
  const directory = await Deno.makeTempDir();
  try {
    await using publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/tracks"),
      durationS: 4,
      copyTo: `${directory}/source.flv`,
    });
    await until("there are both tracks", async () => {
      const stream = await gateway.stream("live/tracks");
      return stream?.video && stream.audio;
    });
    const url = gateway.httpUrl("/live/tracks.flv");
    const forms = [
      { query: "?audio=0", tracks: { audio: false, video: true } },
      { query: "?video=0", tracks: { audio: true, video: false } },
    ];
    const viewers = forms.flatMap(({ query, tracks }, at) => [
      { name: `HTTP ${query}`, tracks, ...recordWithCurl(url + query, `${directory}/${at}.flv`) },
      { name: `WebSocket ${query}`, tracks, ...recordWebSocket(url + query) },
    ]);
    const playing = runPeer("ffmpeg", ["-v", "error", "-i", url, "-f", "null", "-"]);
    const recordings = await Promise.all(viewers.map(({ ended }) => ended));
    await t.step("ffmpeg plays the whole stream", async () => {
      assertEquals((await playing).stderr, "");
    });
    assert((await publisher.ended).success, publisher.errors());
    const source = readRecording(await Deno.readFile(`${directory}/source.flv`));
    for (const [at, { name, tracks }] of viewers.entries()) {
      await t.step(name, async () => {
        const recording = readRecording(recordings[at]!);
        assertSound(recording, tracks);
        assertContinues(source, recording, tracks);
        const path = `${directory}/judged.flv`;
        await Deno.writeFile(path, recordings[at]!);
        const { streams } = await judge(path);
        assertEquals(streams.map(({ codec_type }) => codec_type), [
          tracks.video ? "video" : "audio",
        ]);
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function recordFormat(
  gateway: GatewayProcess,
  { name, codecArgs, video, audio }: Format,
  stem: string,
): Promise<Session> {
  // ffmpeg takes what follows a space for parameters of librtmp.
  const path = `formats/${name.replaceAll(" ", "-")}`;
  const url = gateway.httpUrl(`/${path}.flv`);
  await using publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl(path),
    codecArgs,
    sources: [...(video ? ["video" as const] : []), ...(audio ? ["audio" as const] : [])],
    durationS: DURATION_S,
    size: "320x180",
    copyTo: `${stem}.source.flv`,
  });
  await until(`${name} is live`, async () => {
    const stream = await gateway.stream(path);
    return (video === undefined || stream?.video) && (audio === undefined || stream?.audio);
  });
  const http = recordWithCurl(url, `${stem}.http.flv`);
  const webSocket = recordWebSocket(url);
  const probing = probe(url);
  const live = await until(`${name} has viewers and rates`, async () => {
    const stream = await gateway.stream(path);
    if (stream?.viewers !== 3) return undefined;
    if (video !== undefined && !(stream.video?.frameRate && stream.video.keyFrameDistanceMs)) {
      return undefined;
    }
    return audio === undefined || stream.audio?.bitrateBps ? stream : undefined;
  });
  const { success } = await publisher.ended;
  assert(success, publisher.errors());
  const waiting = await until(`${name} waits`, async () => {
    const stream = await gateway.stream(path);
    return stream?.state === "waiting" && stream;
  });
  await Deno.writeFile(`${stem}.ws.flv`, await webSocket.ended);
  await http.ended;
  const recorded = async (over: string, file: string) => ({
    over,
    recording: readRecording(await Deno.readFile(file)),
    verdict: await judge(file),
  });
  return {
    live,
    waiting,
    probed: await probing,
    source: readRecording(await Deno.readFile(`${stem}.source.flv`)),
    recordings: [
      await recorded("HTTP", `${stem}.http.flv`),
      await recorded("WebSocket", `${stem}.ws.flv`),
    ],
  };
}

function checkSession(format: Format, session: Session): void {
  const tracks = { audio: format.audio !== undefined, video: format.video !== undefined };
  checkSummary(format, session);
  checkStreams(format, session.probed);
  for (const { over, recording, verdict } of session.recordings) {
    assertSound(recording, tracks);
    assertContinues(session.source, recording, tracks);
    checkStreams(format, verdict.streams);
    checkCounts(recording, verdict.streams);
    for (const warning of verdict.warnings) {
      assertMatch(warning, allowedWarnings(tracks, recording), `${over}: flvmeta warns`);
    }
  }
}

/**
 * What flvmeta may warn of. The metadata is the encoder's own, from before its first frame, so sizes
 * and rates are what it aims at; the rate and channels of AAC in FLV are not what they seem (FLV
 * 10.1 E.4.2.1). Configurations come at time 0, and the first frame of a track may lie a second or
 * more behind them, if the viewer came late. The other two say that there is no video, as there is
 * not.
 */
function allowedWarnings({ video }: Tracks, recording: Recording): RegExp {
  const metadata = "duration|filesize|framerate|(video|audio)datarate|audiosamplerate|stereo";
  const cameLate = framesOf(recording, { audio: true, video: true })[0]!.timestampMs > 900;
  const late = cameLate ? "|W40024: audio and video streams are desynchronized" : "";
  const aimed = `W80062: (${metadata}) should be${late}`;
  return new RegExp(video ? `^${aimed}` : `^(${aimed}|W11006: header|W60079: unable)`);
}

function checkSummary({ name, video, audio }: Format, { live, waiting }: Session): void {
  assertEquals(live.flvUrl, `/formats/${name.replaceAll(" ", "-")}.flv`);
  assertEquals([live.state, waiting.state], ["live", "waiting"]);
  assertEquals(live.timestampFaults, {});
  assertEquals(live.groupOverflows, false);
  assertEquals(live.video !== null, video !== undefined);
  assertEquals(live.audio !== null, audio !== undefined);
  if (live.video && video) {
    assertMatch(live.video.codecString, video.codec);
    assertEquals([live.video.width, live.video.height], [320, 180]);
    assertAlmostEquals(live.video.frameRate!, 30, 1);
    assertAlmostEquals(live.video.keyFrameDistanceMs!, 1000, 2);
    assertEquals(live.video.bFrames, video.bFrames);
  }
  if (live.audio && audio) {
    const { codecString: codec, sampleRate, channels } = live.audio;
    const { codecName: _, ...expected } = audio;
    assertEquals({ codec, sampleRate, channels }, expected);
  }
}

function checkStreams({ video, audio }: Format, streams: readonly ProbedStream[]): void {
  const seen = streams.map((stream) =>
    stream.codec_type === "video"
      ? {
        codec: stream.codec_name,
        profile: stream.profile,
        size: [stream.width, stream.height],
        reorders: stream.has_b_frames! > 0,
      }
      : {
        codec: stream.codec_name,
        sampleRate: Number(stream.sample_rate),
        channels: stream.channels,
      }
  );
  const expected = [];
  if (video !== undefined) {
    const { profile, bFrames } = video;
    expected.push({ codec: "h264", profile, size: [320, 180], reorders: bFrames });
  }
  if (audio !== undefined) {
    const { codecName, sampleRate, channels } = audio;
    expected.push({ codec: codecName, sampleRate, channels });
  }
  assertEquals(seen, expected);
}

/** ffprobe finds each tag and can decode each picture. */
function checkCounts(recording: Recording, streams: readonly ProbedStream[]): void {
  for (const { codec_type, nb_read_packets, nb_read_frames } of streams) {
    const isVideo = codec_type === "video";
    const { length } = framesOf(recording, { audio: !isVideo, video: isVideo });
    assertEquals(Number(nb_read_packets), length);
    if (isVideo) assertEquals(Number(nb_read_frames), length);
  }
}
