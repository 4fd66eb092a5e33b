import { assert, assertEquals } from "@std/assert";
import { AV1_OBU, splitObus } from "../../src/codec/av1/obu.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { LIVE_CODEC_ARGS } from "../interop/live_codecs.ts";
import { encodeIvf } from "../interop/ivf.ts";
import { publishIvf } from "../interop/ivf_publisher.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { delay, until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { postWhepOffer, streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const WATCH_MS = IS_LONG ? 20_000 : 3000;
/** Of which one must be smooth. */
const MAX_WINDOWS = 4;
const SOURCE_FPS = 30;
/** Between two key frames; a viewer that had to wait for the next would wait half of it. */
const GROUP_MS = 2000;
const PATH = "live/codecs";

const ignore = chromiumMissing() || isPeerMissing("WHEP of AV1, VP9 and H.265", ["ffmpeg 7"]);

const SHOWN = [
  ["AV1 by SVT", "video/AV1"],
  ["VP9", "video/VP9"],
  ["AV1 by libaom", "video/AV1"],
] as const;

for (const [name, mimeType] of SHOWN.slice(0, IS_LONG ? 3 : 2)) {
  Deno.test({ name: `Chromium watches ${name} from ffmpeg`, ignore }, async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    const url = gateway.rtmpUrl(PATH);
    const codecArgs = LIVE_CODEC_ARGS[name];
    await using publisher = publishWithFfmpeg({ peer: "ffmpeg 7", url, codecArgs });
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    await delay(GROUP_MS / 2);
    const { page } = browser;
    const viewer = await watchByWhep(page, gateway, PATH);
    await viewer.moreFrames(SOURCE_FPS);
    await assertPlaysSmoothly(viewer, mimeType);
    assertEquals(await viewer.leave(), 200);
    await assertJoinsAtOnce(page, gateway);
    assertEquals(publisher.errors().match(/error/i), null, publisher.errors());
  });
}

Deno.test({ name: "Chromium watches VP8", ignore: chromiumMissing() }, async () => {
  const ivf = await encodeIvf(["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]);
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const at = { port: gateway.rtmpPort, app: "live", name: "codecs" };
  await using _publisher = await publishIvf(ivf, at);
  await using browser = await launchChromium();
  const viewer = await watchByWhep(browser.page, gateway, PATH);
  await viewer.moreFrames(SOURCE_FPS);
  const { videoCodec, pictureSize, pliCount } = await viewer.statistics();
  assertEquals([videoCodec, pictureSize, pliCount], ["video/VP8", "640x360", 0]);
  assertEquals(await viewer.leave(), 200);
});

Deno.test({ name: "Chromium watches hidden frames", ignore: chromiumMissing() }, async (t) => {
  const vp9 = await encodeIvf([
    ...["-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-row-mt", "1"],
    ...["-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "400k"],
  ], { passes: 2 });
  // By its default, this encoder refers to pictures that are shown later.
  const av1 = await encodeIvf(["-c:v", "libsvtav1", "-preset", "10", "-g", "60", "-qp", "40"]);
  const hasSuperframe = vp9.frames.some(({ data }) => (data.at(-1)! & 0b1110_0000) === 0b1100_0000);
  assert(hasSuperframe, "the encoder has made no superframe");
  const framesOf = (data: Uint8Array) =>
    splitObus(data).filter(({ type }) => type === AV1_OBU.FRAME);
  const hasHiddenFrame = av1.frames.some(({ data }) => framesOf(data).length > 1);
  assert(hasHiddenFrame, "the encoder has made no temporal unit of several frames");
  for (const ivf of [vp9, av1]) {
    await t.step(ivf.fourCc, async () => {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      const at = { port: gateway.rtmpPort, app: "live", name: "codecs" };
      await using _publisher = await publishIvf(ivf, at);
      await using browser = await launchChromium();
      const viewer = await watchByWhep(browser.page, gateway, PATH, { kinds: ["video"] });
      await viewer.moreFrames(SOURCE_FPS);
      await assertShowsAllPictures(viewer);
      assertEquals(await viewer.leave(), 200);
    });
  }
});

Deno.test(
  { name: "H.265 is refused with what there is, to a browser without it", ignore },
  async () => {
    for (
      const [name, said] of [
        ["H.265", /video is H\.265 Main \(profile 1\), the offer has VP8, VP9 \(profile 0\)/],
        ["H.265 with B-frames", /has B-frames, which WebRTC cannot show.*Max B-frames to 0/],
      ] as const
    ) {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      const url = gateway.rtmpUrl(PATH);
      const codecArgs = LIVE_CODEC_ARGS[name];
      await using _publisher = publishWithFfmpeg({ peer: "ffmpeg 7", url, codecArgs });
      await using browser = await launchChromium();
      await streamReady(gateway, PATH);
      // Some pictures have to come before their order is known.
      await delay(GROUP_MS / 2);
      const attempt = await postWhepOffer(browser.page, gateway, PATH);
      if (attempt.kind === "accepted") throw new Error(`${name} was accepted`);
      assertEquals(attempt.status, 422);
      assert(said.test(attempt.body), attempt.body);
    }
  },
);

/** All pictures are decoded, at the source's rate, without a freeze, and there is sound. */
async function assertPlaysSmoothly(viewer: WhepViewer, mimeType: string): Promise<void> {
  const before = await viewer.statistics();
  await assertShowsAllPictures(viewer);
  const after = await viewer.statistics();
  const told = JSON.stringify({ before, after });
  assertEquals([after.videoCodec, after.pictureSize], [mimeType, "640x360"], told);
  assert(after.keyFramesDecoded > before.keyFramesDecoded, told);
  assert(after.audioEnergy - before.audioEnergy > 0.001, told);
}

/** For a while, which may be preceded by others: the machine may be busy with something else. */
async function assertShowsAllPictures(viewer: WhepViewer): Promise<void> {
  const told: string[] = [];
  for (let times = 0; times < MAX_WINDOWS; times++) {
    const beginMs = performance.now();
    const before = await viewer.statistics();
    await delay(WATCH_MS);
    const after = await viewer.statistics();
    const seconds = (performance.now() - beginMs) / 1000;
    const fps = (after.framesDecoded - before.framesDecoded) / seconds;
    told.push(JSON.stringify({ before, after, fps }));
    assertEquals([after.pliCount, after.videoPacketsLost], [0, 0], told.join());
    const isSmooth = Math.abs(fps - SOURCE_FPS) < 3 && after.freezeCount === before.freezeCount &&
      after.framesDropped === before.framesDropped;
    if (isSmooth) return;
  }
  throw new Error(`Pictures never came smoothly: ${told}`);
}

/** Viewers that come one after the other never wait for the next key frame. */
async function assertJoinsAtOnce(
  page: Parameters<typeof watchByWhep>[0],
  gateway: GatewayProcess,
): Promise<void> {
  for (let times = 0; times < 3; times++) {
    const beginMs = performance.now();
    const viewer = await watchByWhep(page, gateway, PATH, { kinds: ["video"] });
    await until("a picture", async () => (await viewer.statistics()).framesDecoded > 0);
    const tookMs = performance.now() - beginMs;
    assert(tookMs < GROUP_MS / 2, `The first picture came after ${tookMs} ms`);
    assertEquals(await viewer.leave(), 200);
    // To come at another place of the group.
    await delay(GROUP_MS / 3);
  }
}
