import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { postWhepOffer, streamReady, watchByWhep, type WhepStatistics } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const ignore = chromiumMissing();

/** Seconds of sound and pictures that each format is watched for. */
const WATCH_S = IS_LONG ? 5 : 1;
const SOURCE_FPS = 30;

const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-pix_fmt", "yuv420p"];
const AAC = ["-c:a", "aac", "-b:a", "96k"];
const PLAIN = [...X264, "-bf", "0"];

/** B-frames three in a row, where the encoder finds a use for them. */
function withBFrames(parameters: string): string[] {
  return [...X264, "-bf", "3", "-x264-params", parameters, ...AAC];
}

interface Format {
  readonly name: string;
  readonly codecArgs: readonly string[];
  readonly sources?: readonly ("video" | "audio")[];
  /** Least number of pictures a second. */
  readonly fps: number;
  readonly sound: boolean;
  /** What is offered, if not just both kinds of media. */
  readonly kinds?: readonly ("audio" | "video" | "data")[];
  /** What the API says of the pictures; `null` of a stream without any. */
  readonly exact?: boolean | null;
}

/** What the long form looks at besides. */
const MORE: readonly Format[] = [
  {
    name: "stereo44",
    codecArgs: [...PLAIN, ...AAC, "-ar", "44100", "-ac", "2"],
    fps: 28,
    sound: true,
  },
  // Browsers play no MP3 over WebRTC: the pictures are shown without it.
  {
    name: "mp3",
    codecArgs: [...PLAIN, "-c:a", "libmp3lame", "-ar", "44100"],
    fps: 28,
    sound: false,
  },
  { name: "strict", codecArgs: withBFrames("b-pyramid=strict:ref=3"), fps: 7, sound: true },
  { name: "normal1", codecArgs: withBFrames("b-pyramid=normal:ref=1"), fps: 7, sound: true },
];

const FORMATS: readonly Format[] = [
  { name: "high", codecArgs: [...PLAIN, "-profile:v", "high", ...AAC], fps: 28, sound: true },
  {
    name: "mono44",
    codecArgs: [...PLAIN, ...AAC, "-ar", "44100", "-ac", "1"],
    fps: 28,
    sound: true,
  },
  ...(IS_LONG ? MORE : []),
  { name: "audio", codecArgs: AAC, sources: ["audio"], fps: 0, sound: true, exact: null },
  {
    name: "video",
    codecArgs: PLAIN,
    sources: ["video"],
    kinds: ["audio", "video", "data"],
    fps: 28,
    sound: false,
  },
  {
    name: "g711",
    codecArgs: [...PLAIN, "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"],
    fps: 28,
    sound: true,
  },
  // What is left without B-frames is at least every fourth picture.
  { name: "none", codecArgs: withBFrames("b-pyramid=none:ref=3"), fps: 7, sound: true },
  {
    name: "normal3",
    codecArgs: withBFrames("b-pyramid=normal:ref=3"),
    fps: 7,
    sound: true,
    exact: false,
  },
];

Deno.test({ name: "Chromium watches every format that WebRTC can carry", ignore }, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using browser = await launchChromium();
  for (const format of FORMATS) {
    await t.step(format.name, async () => {
      const page = await browser.page.context().newPage();
      await assertFormatPlays(page, gateway, format);
      await page.close();
    });
  }
});

type Page = Parameters<typeof watchByWhep>[0];

async function assertFormatPlays(page: Page, gateway: GatewayProcess, format: Format) {
  const { name, codecArgs, sources = ["video", "audio"], fps, sound, exact = true } = format;
  const { kinds = ["audio", "video"] } = format;
  const path = `live/${name}`;
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(path), codecArgs, sources });
  await streamReady(gateway, path);
  const viewer = await watchByWhep(page, gateway, path, { kinds });
  const before = await until("it plays", async () => {
    const now = await viewer.statistics();
    const plays = (fps === 0 || now.framesDecoded >= fps) && (!sound || now.audioEnergy > 0);
    return plays ? now : undefined;
  });
  const beginMs = performance.now();
  const after = await until("it goes on", async () => {
    const now = await viewer.statistics();
    const seconds = (performance.now() - beginMs) / 1000;
    return seconds >= WATCH_S && progress(before, now, seconds, sound, fps) ? now : undefined;
  }, { timeoutMs: 3000 * WATCH_S });
  const told = JSON.stringify({ before, after });
  // Each picture that comes is decoded; a few are on their way.
  assert(after.framesReceived - after.framesDecoded <= 6, told);
  assertEquals([after.pliCount, after.videoPacketsLost, after.audioPacketsLost], [0, 0, 0], told);
  if (!sound) assertEquals(after.audioSamples, 0, told);
  const { webrtc } = (await gateway.stream(path))!;
  assertEquals(webrtc.exact, exact);
  assertEquals(webrtc.advice === null, codecArgs.indexOf("-x264-params") < 0);
  await viewer.leave();
}

/** Whether pictures and sound went on as fast as the time. */
function progress(
  before: WhepStatistics,
  now: WhepStatistics,
  seconds: number,
  sound: boolean,
  fps: number,
): boolean {
  const frames = now.framesDecoded - before.framesDecoded;
  if (frames < fps * seconds || frames > (SOURCE_FPS + 2) * seconds) return false;
  return !sound || now.audioEnergy - before.audioEnergy > 0.001 * seconds;
}

Deno.test({ name: "WHEP refuses B-frames where it is told to", ignore }, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "1", "--webrtc-bframes", "refuse"],
  });
  await using browser = await launchChromium();
  await using _publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl("live/b"),
    codecArgs: withBFrames("b-pyramid=none"),
  });
  await using _other = publishWithFfmpeg({ url: gateway.rtmpUrl("live/plain") });
  await t.step("with 422 and the advice", async () => {
    await streamReady(gateway, "live/b");
    const attempt = await postWhepOffer(browser.page, gateway, "live/b");
    assertAdvises(attempt);
  });
  await t.step("and shows streams without", async () => {
    await streamReady(gateway, "live/plain");
    const viewer = await watchByWhep(browser.page, gateway, "live/plain");
    await viewer.moreFrames(SOURCE_FPS);
  });
});

Deno.test({ name: "WHEP refuses inexact streams where it is told to", ignore }, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "1", "--webrtc-inexact", "refuse"],
  });
  await using browser = await launchChromium();
  await using _publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl("live/inexact"),
    codecArgs: withBFrames("b-pyramid=normal:ref=3:b-adapt=0"),
  });
  await using _other = publishWithFfmpeg({
    url: gateway.rtmpUrl("live/exact"),
    codecArgs: withBFrames("b-pyramid=none"),
  });
  await t.step("with 422 and the advice", async () => {
    await streamReady(gateway, "live/inexact");
    // The first pictures of all may be exact.
    const attempt = await until("it is refused", async () => {
      const attempt = await postWhepOffer(browser.page, gateway, "live/inexact");
      return attempt.kind === "refused" ? attempt : undefined;
    });
    assertAdvises(attempt);
  });
  await t.step("and shows streams that stay exact", async () => {
    await streamReady(gateway, "live/exact");
    const viewer = await watchByWhep(browser.page, gateway, "live/exact");
    await viewer.moreFrames(7);
  });
});

function assertAdvises(attempt: Awaited<ReturnType<typeof postWhepOffer>>): void {
  if (attempt.kind === "accepted") throw new Error("The stream was shown");
  assertEquals(attempt.status, 422);
  assert(/B-frames.*-tune zerolatency/s.test(attempt.body), attempt.body);
}
