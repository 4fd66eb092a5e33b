/** Programs that people watch RTMP with, beside a viewer over HTTP. */
import { concat } from "@std/bytes/concat";
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import { shownPictures } from "./frame_hashes.ts";
import { assertContinues, framesOf, judge, readRecording, type Recording } from "./recording.ts";
import {
  type GStreamerRecorder,
  recordWithGStreamer,
  recordWithRtmpdump,
  recordWithVlc,
  type RtmpRecorder,
} from "./rtmp_players.ts";
import { recordWithCurl, type Viewer } from "./viewers.ts";

const BOTH = { audio: true, video: true };

/** With GStreamer and VLC, so many that one chance in 128 leaves a shard without any. */
const RTMPDUMPS = 6;

const SIZE = "320x180";

const peers = [
  "ffmpeg",
  "ffprobe",
  "flvmeta",
  "curl",
  "cvlc",
  "gst-launch-1.0",
  "rtmpdump",
] as const;

/** All who watch one stream at the same time. */
interface Audience {
  readonly curl: Viewer;
  readonly curlPath: string;
  readonly gstreamer: GStreamerRecorder;
  readonly vlc: RtmpRecorder;
  readonly rtmpdumps: readonly RtmpRecorder[];
}

peerTest("GStreamer, VLC and rtmpdump get what a viewer over HTTP gets", peers, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--grace-period-ms", "300"] });
  await inOpenFolder(async (folder) => {
    const sourcePath = `${folder}/source.flv`;
    await using publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/watched"),
      durationS: 6,
      size: SIZE,
      copyTo: sourcePath,
    });
    const audience = await watch(gateway, "live/watched", folder);
    assert((await publisher.ended).success, publisher.errors());
    await allEnd(audience);
    const source = readRecording(await Deno.readFile(sourcePath));
    await t.step("curl", async () => {
      assertContinues(source, readRecording(await audience.curl.ended), BOTH);
    });
    for (const { name, path } of [...audience.rtmpdumps, audience.gstreamer]) {
      await t.step(name, async () => {
        assertContinues(source, readRecording(await Deno.readFile(path)), BOTH);
        await judge(path);
      });
    }
    await checkDecoding(t, audience, sourcePath);
  });
  assertEquals((await gateway.status()).counters.rtmpProtocolErrors, 0);
});

peerTest("an encoder is restarted once, and everybody sees both of it", peers, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "4000"],
  });
  await inOpenFolder(async (folder) => {
    const url = gateway.rtmpUrl("live/restarted");
    await using first = publishWithFfmpeg({ url, size: SIZE });
    const audience = await watch(gateway, "live/restarted", folder);
    first.kill("SIGKILL");
    await until("the stream waits", async () => {
      return (await gateway.stream("live/restarted"))?.state === "waiting";
    });
    const sourcePath = `${folder}/source.flv`;
    await using second = publishWithFfmpeg({
      url,
      durationS: 3,
      size: SIZE,
      // Nothing of it is like anything of the first.
      pictures: `mandelbrot=size=${SIZE}:rate=30`,
      copyTo: sourcePath,
    });
    assert((await second.ended).success, second.errors());
    const waitingSinceMs = performance.now();
    await allEnd(audience);
    assert(performance.now() - waitingSinceMs > 2000, "They wait for a third one");

    const overHttp = readRecording(await audience.curl.ended);
    const sent = framesOf(readRecording(await Deno.readFile(sourcePath)), BOTH);
    assertEquals(bodies(overHttp).slice(-sent.length), sent.map(({ body }) => body));
    for (const { name, path } of [...audience.rtmpdumps, audience.gstreamer]) {
      await t.step(`${name} gets the same as curl`, async () => {
        const recording = readRecording(await Deno.readFile(path));
        assertSameEnd(overHttp, recording, sent.length + 20);
        await judge(path);
      });
    }
    await checkDecoding(t, audience, audience.curlPath, { heldBack: 30 });
  });
});

/** Lets everybody watch a stream that is about to be live; resolves when all have a second of it. */
async function watch(gateway: GatewayProcess, path: string, folder: string): Promise<Audience> {
  await until(`${path} is live`, async () => {
    const stream = await gateway.stream(path);
    return stream?.video && stream.audio;
  });
  const url = gateway.rtmpUrl(path);
  const curlPath = `${folder}/curl.flv`;
  const audience = {
    curlPath,
    curl: recordWithCurl(gateway.httpUrl(`/${path}.flv`), curlPath),
    gstreamer: recordWithGStreamer(url, `${folder}/gstreamer.flv`),
    vlc: recordWithVlc(`${url}?token=x`, `${folder}/vlc.y4m`),
    rtmpdumps: Array.from({ length: RTMPDUMPS }, (_, at) => {
      return recordWithRtmpdump(url, `${folder}/rtmpdump-${at}.flv`);
    }),
  };
  const { curl, gstreamer, vlc, rtmpdumps } = audience;
  await until("all have begun", async () => {
    const received = [curl, gstreamer, vlc, ...rtmpdumps].map((viewer) => viewer.received());
    return (await Promise.all(received)).every((length) => length > 50_000);
  });
  return audience;
}

async function allEnd({ curl, gstreamer, vlc, rtmpdumps }: Audience): Promise<void> {
  await Promise.all([curl, gstreamer, vlc, ...rtmpdumps].map(({ ended }) => ended));
}

/**
 * What GStreamer took apart is what it got; what VLC showed is what `path` has, but
 * for so many pictures at the end.
 */
async function checkDecoding(
  t: Deno.TestContext,
  audience: Audience,
  path: string,
  { heldBack = 0 }: { readonly heldBack?: number } = {},
): Promise<void> {
  const { gstreamer, vlc } = audience;
  await t.step("GStreamer's demuxer passes all of it on", async () => {
    const recording = readRecording(await Deno.readFile(gstreamer.path));
    const sound = framesOf(recording, { audio: true, video: false });
    const accessUnits = concat(sound.map(({ body }) => body.slice(2)));
    assertEquals(await Deno.readFile(gstreamer.soundPath), accessUnits);
    assertEquals(await shownPictures(gstreamer.picturesPath), await shownPictures(gstreamer.path));
  });
  await t.step("VLC shows every picture", async () => {
    const sent = await shownPictures(path);
    const shown = withoutRepeats(await shownPictures(vlc.path));
    const expected = sent.slice(sent.indexOf(shown[0]!));
    // It reads in blocks: the last one is full when the stream is over, seconds after its time.
    const length = expected.length - heldBack;
    assert(length > 60, `It can show ${length} pictures`);
    assertEquals(shown.slice(0, length), expected.slice(0, length));
  });
}

/** VLC shows the last picture again and again while nothing comes. */
function withoutRepeats(pictures: readonly string[]): string[] {
  return pictures.filter((picture, at) => picture !== pictures[at - 1]);
}

/** The last frames of both are the same, and `recording` has at least so many. */
function assertSameEnd(expected: Recording, recording: Recording, atLeast: number): void {
  const got = framesOf(recording, BOTH);
  assert(got.length >= atLeast, `It has ${got.length} frames`);
  const wanted = framesOf(expected, BOTH).slice(-got.length);
  assertEquals(got.length, wanted.length);
  for (const [at, frame] of got.entries()) assertEquals(frame, wanted[at]);
}

function bodies(recording: Recording): Uint8Array[] {
  return framesOf(recording, BOTH).map(({ body }) => body);
}

/** A folder that VLC may write to, too. */
async function inOpenFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o777);
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
