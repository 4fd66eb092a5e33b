/** Chromium publishes pictures in layers (scalable video coding): who watches is shown all of them. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { watchByWhep } from "./whep_viewer.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/layers";
const FRAMES = 60;

const MODES: readonly (readonly [codec: string, mode: string])[] = [
  ["VP8", "L1T3"],
  ["VP9", "L1T3"],
  ["AV1", "L1T3"],
  ["H264", "L1T3"],
  ["VP9", "L2T2"],
  ["VP9", "L3T3_KEY"],
  ["AV1", "L3T3_KEY"],
];

for (const [codec, scalabilityMode] of MODES) {
  Deno.test({
    name: `${codec} in layers (${scalabilityMode}) is shown in full size`,
    ignore: chromiumMissing(),
  }, async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using browser = await launchChromium({ hasCamera: true });
    const publisher = await publishByWhip(browser.page, gateway, PATH, { codec, scalabilityMode });
    await until("it is live", async () => (await gateway.stream(PATH))?.state === "live");
    const viewer = await watchByWhep(await browser.page.context().newPage(), gateway, PATH);
    // Encoders begin with the smallest layer alone, until they know what the link carries.
    await until("it is shown in full size", async () => {
      return (await viewer.statistics()).pictureSize === "640x480";
    });
    await viewer.moreFrames(FRAMES);
    const seen = await viewer.statistics();
    const told = JSON.stringify({ seen, sent: await publisher.statistics() });
    assertEquals([seen.videoCodec, seen.pictureSize], [`video/${codec}`, "640x480"], told);
    // What is not decoded is asked for anew.
    assertEquals(seen.pliCount, 0, told);
    assert(seen.framesReceived >= FRAMES, told);
    assertEquals((await gateway.stream(PATH))?.skippedMessages, {});
    assertEquals(await publisher.leave(), 200);
  });
}

/** Sizes of the tracks, and the one that a viewer asks for. */
const SMALLER: readonly (readonly [codec: string, mode: string, widths: string, track: number])[] =
  [
    ["VP9", "L2T2", "640,320", 1],
    ["AV1", "L2T2", "640,320", 1],
    ["AV1", "L3T3_KEY", "960,480,240", 1],
    ["AV1", "L3T3_KEY", "960,480,240", 2],
  ];

for (const [codec, scalabilityMode, widths, vtrack] of SMALLER) {
  const [width, largest] = [vtrack, 0].map((at) => Number(widths.split(",")[at]));
  Deno.test({
    name: `a smaller size of ${codec} in layers (${scalabilityMode}) is a track: ${width}`,
    ignore: chromiumMissing(),
  }, async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using browser = await launchChromium({ hasCamera: true });
    const size = { width: largest!, height: largest! * 3 / 4 };
    const options = { codec, scalabilityMode, ...size };
    const publisher = await publishByWhip(browser.page, gateway, PATH, options);
    await until("all sizes are tracks", async () => {
      const tracks = (await gateway.stream(PATH))?.tracks ?? [];
      const shown = tracks.flatMap((track) => track.kind === "video" ? [track.width] : []);
      return `${shown}` === widths;
    });
    const page = await browser.page.context().newPage();
    const viewer = await watchByWhep(page, gateway, PATH, { vtrack });
    await viewer.moreFrames(FRAMES);
    const seen = await viewer.statistics();
    const told = JSON.stringify({ seen, sent: await publisher.statistics() });
    assertEquals(
      [seen.videoCodec, seen.pictureSize, seen.pliCount],
      [`video/${codec}`, `${width}x${width! * 3 / 4}`, 0],
      told,
    );
    assertEquals(await publisher.leave(), 200);
  });
}

const BY_FFMPEG = "ffmpeg shows the largest of the layers of VP9 alone";

Deno.test({
  name: BY_FFMPEG,
  ignore: chromiumMissing() || isPeerMissing(BY_FFMPEG, ["ffprobe 7"]),
}, async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using browser = await launchChromium({ hasCamera: true });
  const options = { codec: "VP9", scalabilityMode: "L3T3_KEY" };
  const publisher = await publishByWhip(browser.page, gateway, PATH, options);
  await until("it is live", async () => (await gateway.stream(PATH))?.state === "live");
  const viewer = await watchByWhep(await browser.page.context().newPage(), gateway, PATH);
  await until("it is shown in full size", async () => {
    return (await viewer.statistics()).pictureSize === "640x480";
  });
  await viewer.moreFrames(FRAMES);
  const { stdout } = await runPeer("ffprobe 7", [
    ...["-v", "error", "-select_streams", "v", "-read_intervals", `%+#${6 * FRAMES}`],
    ...["-show_entries", "frame=width,height", "-of", "csv=p=0"],
    gateway.httpUrl(`/${PATH}.flv?audio=0`),
  ]);
  // Encoders begin with the smallest layer alone.
  const sizes = stdout.trim().split(/\s+/).slice(-FRAMES);
  assertEquals([sizes.length, [...new Set(sizes)]], [FRAMES, ["640,480"]], stdout);
  assertEquals(await publisher.leave(), 200);
});
