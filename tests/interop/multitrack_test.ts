/** Several tracks in one stream, of real encoders, by a publisher that is no program. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseAc3SyncFrame } from "../../src/codec/sound/ac3.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { FFMPEG7_ROOT, peerTest, runPeer } from "../../testing/peers.ts";
import { enhancedAudio, ofTrack } from "../../testing/media/enhanced_samples.ts";
import { until } from "../../testing/waiting.ts";
import { MAIN_PROFILE_ARGS } from "./ffmpeg.ts";
import { oggPackets } from "./ogg_packets.ts";
import {
  assertContinues,
  framesOf,
  judge,
  readRecording,
  type RecordedTag,
  type Recording,
} from "./recording.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";
import { recordWebSocket, recordWithCurl } from "./viewers.ts";
import { wellFormed } from "../../testing/malformed.ts";

const DURATION_S = 4;

/** What is published before viewers come, and has two key frames. */
const HEAD_MS = 1500;

const peers = ["ffmpeg", "ffprobe", "ffmpeg 7", "ffprobe 7", "curl", "flvmeta"] as const;

interface Track {
  readonly id: number;
  /** As a viewer is to get it. */
  readonly tags: readonly RecordedTag[];
}

peerTest("tracks by their numbers, and the default ones for everybody else", peers, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--grace-period-ms", "300"] });
  const directory = await Deno.makeTempDir({ dir: `${FFMPEG7_ROOT}/tmp` });
  try {
    const main = readRecording(await encodeMain(`${directory}/main.flv`));
    const hevc = await videoTrack(1, "libx265", ["-preset", "ultrafast"], directory);
    const vp9 = await videoTrack(2, "libvpx-vp9", ["-deadline", "realtime"], directory);
    const opus: Track = { id: 1, tags: await opusTags() };
    const ac3: Track = { id: 7, tags: await ac3Tags() };
    const tracks = [hevc, vp9, opus, ac3];
    using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "tracks");
    assertEquals(await publisher.answer(), "NetStream.Publish.Start");
    const all = interleave(main, tracks);
    await publisher.send({ ...main, tags: all.filter((tag) => !isTail(tag)) });
    const stream = await until("all tracks are known", async () => {
      const stream = await gateway.stream("live/tracks");
      return stream?.tracks.length === 6 ? stream : undefined;
    });
    assertEquals(
      stream.tracks.map((track) => [track.kind, track.id, track.isDefault, track.codecString]),
      [
        ["video", 0, true, stream.video!.codecString],
        ["video", 1, false, "hvc1.1.6.L60.90"],
        ["video", 2, false, "vp09.00.11.08"],
        ["audio", 0, true, "mp4a.40.2"],
        ["audio", 1, false, "opus"],
        ["audio", 7, false, "ac-3"],
      ],
    );

    const url = gateway.httpUrl("/live/tracks.flv");
    const missing = await fetch(`${url}?vtrack=3`);
    assertEquals([missing.status, await missing.text()], [
      404,
      "There is no video track 3: the stream has 0, 1, 2\n",
    ]);
    const views = [
      { query: "", probe: "default" },
      { query: "?vtrack=1", video: hevc, codecName: "hevc" },
      { query: "?vtrack=2&atrack=0", video: vp9, codecName: "vp9" },
      { query: "?atrack=1", audio: opus },
      { query: "?vtrack=1&atrack=7", video: hevc, audio: ac3 },
    ] as const;
    const viewers = views.flatMap((view, at) => {
      const file = `${directory}/${at}.flv`;
      return [
        { view, over: "HTTP", ...recordWithCurl(url + view.query, file) },
        { view, over: "WebSocket", ...recordWebSocket(url + view.query) },
      ];
    });
    const copy = `${directory}/rtmp.flv`;
    const copying = runPeer("ffmpeg 7", [
      ...["-v", "error", "-i", gateway.rtmpUrl("live/tracks?vtrack=1"), "-c", "copy"],
      copy.slice(FFMPEG7_ROOT.length),
    ]);
    await until("the player is there", async () => {
      return (await gateway.stream("live/tracks"))?.rtmp.viewers === 1;
    });
    await until("all have begun", async () => {
      const received = await Promise.all(viewers.map(({ received }) => received()));
      return received.every((bytes) => bytes > 1000);
    });
    await publisher.send({
      ...main,
      tags: all.filter(({ timestampMs }) => timestampMs >= HEAD_MS),
    });
    publisher.close();

    for (const { view, over, ended } of viewers) {
      const bytes = await ended;
      await t.step(`${over} ${view.query}`, async () => {
        const recording = readRecording(bytes);
        const source = sourceOf(view, main);
        assertContinues(source, recording, { audio: false, video: true });
        assertContinues(source, recording, { audio: true, video: false });
        const [first] = framesOf(recording, { audio: false, video: true });
        assertEquals(first?.kind, "key frame");
        assertEquals(configurationsOf(recording), configurationsOf(source));
        const path = `${directory}/judged.flv`;
        await Deno.writeFile(path, bytes);
        if ("probe" in view) {
          const { streams } = await judge(path);
          assertEquals(streams.map(({ codec_name }) => codec_name), ["h264", "aac"]);
        }
        if ("codecName" in view) await assertDecodes(path, view.codecName, recording);
      });
    }
    await t.step("RTMP ?vtrack=1", async () => {
      await copying;
      // ffmpeg begins to count anew: what it wrote are the same bodies.
      const bodies = (recording: Recording) =>
        framesOf(recording, { audio: false, video: true }).map(({ body }) => `${body}`);
      const sent = bodies({ ...main, tags: hevc.tags });
      const written = bodies(readRecording(await Deno.readFile(copy)));
      assert(written.length > 60);
      assertEquals(written, sent.slice(-written.length));
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

peerTest("sound by Enhanced RTMP reaches viewers as it was sent", ["ffmpeg", "curl"], async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1", "--grace-period-ms", "300"] });
  const directory = await Deno.makeTempDir();
  const formats = [
    { name: "opus", tags: await opusTags(), codec: "opus", sampleRate: 48_000, channels: 2 },
    { name: "flac", tags: await flacTags(), codec: "flac", sampleRate: 44_100, channels: 2 },
    { name: "ac3", tags: await ac3Tags(), codec: "ac-3", sampleRate: 48_000, channels: 6 },
    { name: "eac3", tags: await ac3Tags("eac3"), codec: "ec-3", sampleRate: 48_000, channels: 6 },
  ];
  try {
    for (const { name, tags, ...expected } of formats) {
      await t.step(name, async () => {
        using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "sound", name);
        assertEquals(await publisher.answer(), "NetStream.Publish.Start");
        const source: Recording = { hasAudio: true, hasVideo: false, tags };
        const half = Math.round(tags.length / 2);
        await publisher.send({ ...source, tags: tags.slice(0, half) });
        const { audio } = await until("it is live", async () => {
          const stream = await gateway.stream(`sound/${name}`);
          return stream?.audio ? stream : undefined;
        });
        const { codecString: codec, sampleRate, channels } = audio!;
        assertEquals({ codec, sampleRate, channels }, expected);
        const path = `${directory}/${name}.flv`;
        const viewer = recordWithCurl(gateway.httpUrl(`/sound/${name}.flv`), path);
        await until("the viewer has begun", async () => await viewer.received() > 0);
        await publisher.send({ ...source, tags: tags.slice(half) });
        publisher.close();
        const recording = readRecording(await viewer.ended);
        assertContinues(source, recording, { audio: true, video: false });
        assertEquals(configurationsOf(recording), configurationsOf(source));
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** What the track with the number 0 is: H.264 and AAC. */
async function encodeMain(path: string): Promise<Uint8Array> {
  await runPeer("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"],
    ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"],
    ...[...MAIN_PROFILE_ARGS, "-t", `${DURATION_S}`, path],
  ]);
  return await Deno.readFile(path);
}

async function videoTrack(
  id: number,
  encoder: string,
  args: readonly string[],
  directory: string,
): Promise<Track> {
  const path = `${directory}/${encoder}.flv`;
  await runPeer("ffmpeg 7", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"],
    ...["-c:v", encoder, ...args, "-x265-params", "log-level=none:bframes=0:scenecut=0"],
    ...["-g", "20", "-b:v", "300k", "-pix_fmt", "yuv420p", "-t", `${DURATION_S}`],
    path.slice(FFMPEG7_ROOT.length),
  ]);
  const { tags } = readRecording(await Deno.readFile(path));
  return { id, tags: tags.filter(({ kind }) => kind !== "metadata" && kind !== "other") };
}

/** Messages by time: those of the main tracks as they are, others with their numbers. */
function interleave({ tags }: Recording, tracks: readonly Track[]): RecordedTag[] {
  const numbered = tracks.flatMap(({ id, tags }) =>
    tags.map((tag) => ({ ...tag, body: ofTrack(id, tag.body) }))
  );
  return [...tags, ...numbered].sort((one, other) => one.timestampMs - other.timestampMs);
}

interface View {
  readonly query: string;
  readonly video?: Track;
  readonly audio?: Track;
}

/** The main recording with the pictures and the sound that a viewer has chosen. */
function sourceOf({ video, audio }: View, main: Recording): Recording {
  const isSound = ({ kind }: RecordedTag) => kind.startsWith("audio");
  const isPicture = (tag: RecordedTag) => !isSound(tag) && tag.kind !== "metadata";
  const tags = [
    ...main.tags.filter(({ kind }) => kind === "metadata"),
    ...(video?.tags ?? main.tags.filter(isPicture)),
    ...(audio?.tags ?? main.tags.filter(isSound)),
  ];
  return { ...main, tags };
}

function isTail({ timestampMs }: RecordedTag): boolean {
  return timestampMs >= HEAD_MS;
}

function configurationsOf({ tags }: Recording): Uint8Array[] {
  return tags.filter(({ kind }) => kind.endsWith("configuration")).map(({ body }) => body);
}

async function assertDecodes(path: string, codecName: string, recording: Recording) {
  const { stdout, stderr } = await runPeer("ffprobe 7", [
    ...["-v", "error", "-show_streams", "-count_frames", "-of", "json"],
    path.slice(FFMPEG7_ROOT.length),
  ]);
  assertEquals(stderr, "");
  const { streams } = JSON.parse(stdout);
  const frames = framesOf(recording, { audio: false, video: true });
  const [video] = streams.filter(({ codec_type }: { codec_type: string }) =>
    codec_type === "video"
  );
  assertEquals([video.codec_name, Number(video.nb_read_frames)], [codecName, frames.length]);
}

const TONE = ["-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];

async function encodeTone(...args: readonly string[]): Promise<Uint8Array> {
  const path = await Deno.makeTempFile();
  try {
    await runPeer("ffmpeg", [...TONE, "-t", `${DURATION_S}`, ...args, "-y", path]);
    return await Deno.readFile(path);
  } finally {
    await Deno.remove(path);
  }
}

async function opusTags(): Promise<RecordedTag[]> {
  const [head, _comments, ...packets] = oggPackets(
    await encodeTone("-ac", "2", "-c:a", "libopus", "-f", "ogg"),
  );
  return audioTags("opus", head, packets, 20);
}

async function flacTags(): Promise<RecordedTag[]> {
  const args = ["-ar", "44100", "-ac", "2", "-c:a", "flac", "-frame_size", "4410", "-f", "ogg"];
  const [head, _comments, ...packets] = oggPackets(await encodeTone(...args));
  // Ogg's mapping puts nine bytes in front of "fLaC" and STREAMINFO.
  const configuration = head!.slice(9);
  assertMatch(new TextDecoder().decode(configuration.subarray(0, 4)), /^fLaC$/);
  return audioTags("flac", configuration, packets, 100);
}

async function ac3Tags(codec: "ac3" | "eac3" = "ac3"): Promise<RecordedTag[]> {
  const bytes = await encodeTone("-ac", "6", "-c:a", codec, "-f", codec);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const { frameSize } = wellFormed(parseAc3SyncFrame(bytes.subarray(at)));
    frames.push(bytes.slice(at, at += frameSize));
  }
  assert(frames.length > 100);
  return audioTags(codec, undefined, frames, 32);
}

function audioTags(
  codec: "opus" | "flac" | "ac3" | "eac3",
  configuration: Uint8Array | undefined,
  packets: readonly Uint8Array[],
  durationMs: number,
): RecordedTag[] {
  const frames = packets.map((data, at) => ({
    kind: "audio frame" as const,
    timestampMs: at * durationMs,
    body: enhancedAudio(codec, "frame", data),
  }));
  if (configuration === undefined) return frames;
  const body = enhancedAudio(codec, "configuration", configuration);
  return [{ kind: "audio configuration", timestampMs: 0, body }, ...frames];
}
