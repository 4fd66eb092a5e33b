/** HEVC, AV1 and VP9 as ffmpeg 7 publishes them, by Enhanced RTMP. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { StreamSummary } from "../../src/shard/http/api/stream_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { FFMPEG7_ROOT, peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import {
  assertContinues,
  assertSound,
  framesOf,
  type ProbedStream,
  readRecording,
  type Recording,
} from "./recording.ts";
import { recordWebSocket, recordWithCurl } from "./viewers.ts";

const DURATION_S = 6;
const BOTH = { audio: true, video: true };

/** Encoders are slow, and publish in real time. */
const AT_ONCE = 3;

interface Format {
  readonly name: string;
  readonly encoder: readonly string[];
  /** What ffprobe calls it. */
  readonly codecName: string;
  readonly codec: RegExp;
  readonly bFrames: boolean;
  /** Messages that ffmpeg sends before the encoder has made anything. */
  readonly skipped?: Readonly<Record<string, number>>;
}

const X265 = ["libx265", "-preset", "ultrafast", "-x265-params"];

const FORMATS: readonly Format[] = [
  {
    name: "HEVC",
    encoder: [...X265, "log-level=none:bframes=0:scenecut=0:open-gop=0"],
    codecName: "hevc",
    codec: /^hvc1\.1\.6\.L60\.90$/,
    bFrames: false,
  },
  {
    name: "HEVC with B-frames",
    encoder: [...X265, "log-level=none:bframes=3:scenecut=0:open-gop=0"],
    codecName: "hevc",
    codec: /^hvc1\.1\.6\.L60\.90$/,
    bFrames: true,
  },
  {
    name: "AV1 by SVT",
    encoder: ["libsvtav1", "-preset", "12", "-svtav1-params", "lp=1:scd=0"],
    codecName: "av1",
    codec: /^av01\.0\.0\dM\.08$/,
    bFrames: false,
  },
  {
    name: "AV1 by libaom",
    encoder: ["libaom-av1", "-usage", "realtime", "-cpu-used", "8"],
    codecName: "av1",
    codec: /^av01\.0\.0\dM\.08$/,
    bFrames: false,
    skipped: { empty: 1 },
  },
  {
    name: "VP9",
    encoder: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    codecName: "vp9",
    codec: /^vp09\.00\.\d\d\.08$/,
    bFrames: false,
  },
  {
    name: "VP9 with hidden frames",
    encoder: [
      ...["libvpx-vp9", "-deadline", "good", "-cpu-used", "5"],
      ...["-auto-alt-ref", "1", "-lag-in-frames", "12"],
    ],
    codecName: "vp9",
    codec: /^vp09\.00\.\d\d\.08$/,
    bFrames: false,
  },
];

/** What was seen of a format while its publisher was live, and what was recorded. */
interface Session {
  readonly live: StreamSummary;
  readonly source: Recording;
  /** From the beginning, over HTTP. */
  readonly early: Recorded;
  /** From the middle of a group of pictures on, over WebSocket. */
  readonly late: Recorded;
  /** What ffmpeg 7 as a viewer wrote. */
  readonly copied: Recording;
}

interface Recorded {
  readonly recording: Recording;
  readonly streams: readonly ProbedStream[];
}

const peers = ["ffmpeg 7", "ffprobe 7", "curl"] as const;

peerTest("HEVC, AV1 and VP9 are what viewers get, frame by frame", peers, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "300"],
  });
  const directory = await Deno.makeTempDir({ dir: `${FFMPEG7_ROOT}/tmp` });
  try {
    for (let at = 0; at < FORMATS.length; at += AT_ONCE) {
      const batch = FORMATS.slice(at, at + AT_ONCE);
      const sessions = await Promise.all(
        batch.map((format, index) => record(gateway, format, `${directory}/${at + index}`)),
      );
      for (const [index, format] of batch.entries()) {
        await t.step(format.name, () => check(format, sessions[index]!));
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function record(
  gateway: GatewayProcess,
  { name, encoder }: Format,
  stem: string,
): Promise<Session> {
  const path = `enhanced/${name.replaceAll(" ", "-")}`;
  const url = gateway.httpUrl(`/${path}.flv`);
  await using publisher = publishWithFfmpeg({
    peer: "ffmpeg 7",
    url: gateway.rtmpUrl(path),
    codecArgs: [
      ...["-c:v", ...encoder, "-g", "30", "-b:v", "300k", "-pix_fmt", "yuv420p", "-threads", "1"],
      ...["-c:a", "aac", "-b:a", "96k", "-ac", "2"],
    ],
    durationS: DURATION_S,
    size: "320x180",
    copyTo: inside(`${stem}.source.flv`),
  });
  await until(`${name} is live`, async () => {
    const stream = await gateway.stream(path);
    return stream?.video && stream.audio;
  });
  const early = recordWithCurl(url, `${stem}.early.flv`);
  const copying = runPeer("ffmpeg 7", [
    ...["-v", "error", "-i", url, "-c", "copy", "-f", "flv", inside(`${stem}.copied.flv`)],
  ]);
  const live = await until(`${name} has rates`, async () => {
    const stream = await gateway.stream(path);
    const { frameRate, keyFrameDistanceMs } = stream?.video ?? {};
    return frameRate && keyFrameDistanceMs ? stream : undefined;
  });
  const late = recordWebSocket(url);
  const { success } = await publisher.ended;
  assert(success, publisher.errors());
  await Deno.writeFile(`${stem}.late.flv`, await late.ended);
  await early.ended;
  await copying;
  return {
    live,
    source: await read(`${stem}.source.flv`),
    early: await probed(`${stem}.early.flv`),
    late: await probed(`${stem}.late.flv`),
    copied: await read(`${stem}.copied.flv`),
  };
}

function check(format: Format, session: Session): void {
  const { name, codec, codecName, bFrames, skipped = {} } = format;
  const { live, source, early, late, copied } = session;
  assertMatch(live.video!.codecString, codec);
  assertEquals([live.video!.width, live.video!.height], [320, 180]);
  assertAlmostEquals(live.video!.frameRate!, 30, 1);
  assertAlmostEquals(live.video!.keyFrameDistanceMs!, 1000, 2);
  assertEquals(live.video!.bFrames, bFrames);
  assertEquals(live.tracks.map(({ kind, id, isDefault }) => [kind, id, isDefault]), [
    ["video", 0, true],
    ["audio", 0, true],
  ]);
  assertEquals([live.timestampFaults, live.skippedMessages], [{}, skipped]);
  const all = framesOf(source, { audio: false, video: true }).length;
  for (const { recording, streams } of [early, late]) {
    assertSound(recording, BOTH);
    assertContinues(source, recording, BOTH);
    const video = streams.find(({ codec_type }) => codec_type === "video")!;
    assertEquals([video.codec_name, video.width, video.height], [codecName, 320, 180]);
    const frames = framesOf(recording, { audio: false, video: true });
    assertEquals(Number(video.nb_read_packets), frames.length);
    assertEquals(Number(video.nb_read_frames), frames.length, `${name}: every picture is decoded`);
  }
  const begun = framesOf(late.recording, { audio: false, video: true });
  assert(begun.length < all, "The late viewer joins late");
  // ffmpeg begins to count anew: what it wrote are the same bodies.
  const bodies = (recording: Recording) =>
    framesOf(recording, { audio: false, video: true }).map(({ kind, body }) => `${kind} ${body}`);
  const sent = bodies(source);
  const written = bodies(copied);
  const start = sent.indexOf(written[0]!);
  assert(start >= 0 && written[0]!.startsWith("key frame"), `${name}: ffmpeg's first frame`);
  assertEquals(written, sent.slice(start));
}

/** A file's path as the program has it that runs in a root of its own. */
function inside(path: string): string {
  return path.slice(FFMPEG7_ROOT.length);
}

async function read(path: string): Promise<Recording> {
  return readRecording(await Deno.readFile(path));
}

async function probed(path: string): Promise<Recorded> {
  const { stdout, stderr } = await runPeer("ffprobe 7", [
    ...["-v", "error", "-show_streams", "-count_frames", "-count_packets", "-of", "json"],
    inside(path),
  ]);
  assertEquals(stderr, "", "ffprobe reads everything");
  return { recording: await read(path), streams: JSON.parse(stdout).streams };
}
