/** Chromium publishes one picture in several sizes, and stops to send some of them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { spawnPeer } from "../interop/peer_process.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { noteShown, type ShownWidth } from "./simulcast_watch.ts";
import { watchByWhep } from "./whep_viewer.ts";
import { publishByWhip, type WhipPublisher } from "./whip_publisher.ts";

const PATH = "live/sizes";
const ignore = chromiumMissing();

/** In no order at all. */
const SIZES = { layers: ["h", "q", "f"], scales: [2, 4, 1], width: 960, height: 540 };

/** A pause is seen after 250 ms, and the key frame that is asked for then takes its time. */
const MAX_FREEZE_MS = 900;
/** Players of FLV fill their buffer again before they go on. */
const MAX_BUFFERED_FREEZE_MS = 2000;

async function widthsByTrack(gateway: GatewayProcess): Promise<string> {
  const tracks = (await gateway.stream(PATH))?.tracks ?? [];
  const pictures = tracks.flatMap((track) => track.kind === "video" ? [track] : []);
  return pictures.toSorted((one, other) => one.id - other.id).map(({ width }) => width).join();
}

/** The sizes' publisher, once all have come. */
async function publishSizes(
  gateway: GatewayProcess,
  page: Parameters<typeof publishByWhip>[0],
  codec: string,
): Promise<WhipPublisher> {
  const publisher = await publishByWhip(page, gateway, PATH, { codec, ...SIZES });
  await until(
    "all sizes have come, in order",
    async () => await widthsByTrack(gateway) === "960,480,240",
    { timeoutMs: 20_000 },
  )
    .catch(async (error) => {
      const session = await (await fetch(gateway.httpUrl(`${publisher.location}/statistics`)))
        .text();
      throw new Error(`${error}: ${session} ${JSON.stringify(await gateway.stream(PATH))}`);
    });
  return publisher;
}

function shows(shown: () => Promise<readonly ShownWidth[]>, width: number) {
  return until(`pictures of ${width} are shown`, async () => {
    const newest = (await shown()).at(-1);
    return newest?.width === width && newest.frames > 15;
  }, { timeoutMs: 20_000 }).catch(async (error) => {
    throw new Error(`${error}: ${JSON.stringify(await shown())}`);
  });
}

for (const codec of ["VP8", "H264"]) {
  Deno.test({
    name: `Chromium's sizes in ${codec} are tracks by size; who watches goes on when one pauses`,
    ignore,
  }, async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using browser = await launchChromium({ hasCamera: true });
    const publisher = await publishSizes(gateway, browser.page, codec);
    const context = browser.page.context();
    const viewer = await watchByWhep(await context.newPage(), gateway, PATH);
    await viewer.moreFrames(10);
    const shown = await noteShown(viewer.page);
    await shows(shown, 960);
    await publisher.setActive("f", false);
    await shows(shown, 480);
    await publisher.setActive("h", false);
    await shows(shown, 240);
    await publisher.setActive("h", true);
    await shows(shown, 480);
    await publisher.setActive("f", true);
    await shows(shown, 960);
    const widths = await shown();
    for (const { longestGapMs } of widths.slice(1)) {
      assert(longestGapMs <= MAX_FREEZE_MS, JSON.stringify(widths));
    }
    assertEquals(await publisher.leave(), 200);
  });
}

Deno.test(
  { name: "players of FLV go on in line when the largest size pauses", ignore },
  async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using browser = await launchChromium({ hasCamera: true });
    const publisher = await publishSizes(gateway, browser.page, "H264");
    const page = await browser.page.context().newPage();
    await page.goto(gateway.httpUrl(`/#${PATH}?via=http-flv`));
    await page.locator('#player[data-state="playing"]').waitFor();
    await using ffmpeg = spawnPeer("ffmpeg", [
      ...["-v", "info", "-nostdin", "-nostats", "-probesize", "100000"],
      ...["-analyzeduration", "500000", "-i", gateway.httpUrl(`/${PATH}.flv?audio=0`)],
      ...["-an", "-vf", "showinfo", "-f", "null", "-"],
    ]);
    const shown = await noteShown(page);
    await shows(shown, 960);
    await until("ffmpeg plays", () => / s:960x/.test(ffmpeg.output()), { timeoutMs: 20_000 });
    await publisher.setActive("f", false);
    await shows(shown, 480);
    await publisher.setActive("f", true);
    await shows(shown, 960);
    const widths = await shown();
    for (const { longestGapMs } of widths.slice(1)) {
      assert(longestGapMs <= MAX_BUFFERED_FREEZE_MS, JSON.stringify(widths));
    }
    const decoded = [...ffmpeg.output().matchAll(/\] n: *\d+ .* s:(\d+)x/g)]
      .map(([, width]) => width);
    const changes = decoded.filter((width, at) => width !== decoded[at - 1]).join();
    assertMatch(changes, /960,480,(.*,)?960/);
    const errors = ffmpeg.output().match(/error while decoding|Invalid data|concealing/g);
    assertEquals(errors, null, ffmpeg.output());
    assertEquals(await publisher.leave(), 200);
  },
);
