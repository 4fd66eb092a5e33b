import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { IS_LONG, longForm } from "../../testing/long_form.ts";
import { until } from "../../testing/waiting.ts";
import { spawnPeer } from "../interop/peer_process.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { watchByWhep } from "./whep_viewer.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/camera";

const ignore = chromiumMissing();

/** A player that knows no Opus in FLV, as many, comes late: it has pictures, and no sound. */
async function watchPictures(url: string): Promise<void> {
  await using ffmpeg = spawnPeer("ffmpeg", [
    ...["-v", "error", "-probesize", "100000", "-analyzeduration", "500000"],
    ...["-i", url, "-map", "0:v", "-frames:v", "20"],
    // A camera's pictures come as they come: by the rate that ffmpeg guesses, two may have one time.
    ...["-enc_time_base", "-1", "-f", "null", "-"],
  ]);
  assert((await ffmpeg.ended).success, ffmpeg.output());
  assertEquals(ffmpeg.output(), "");
}

Deno.test({
  name: "Chromium's layers of simulcast are tracks of one stream",
  ignore: ignore || !IS_LONG,
}, async () => {
  await using gateway = await startGateway();
  await using browser = await launchChromium({ hasCamera: true });
  const publisher = await publishByWhip(browser.page, gateway, PATH, {
    codec: "VP8",
    layers: ["h", "f"],
  });
  const sizes = async () => {
    const tracks = (await gateway.stream(PATH))?.tracks ?? [];
    return tracks.flatMap((track) => track.kind === "video" ? [track.width ?? 0] : [])
      .toSorted((one, other) => one - other);
  };
  await until("both layers have come", async () => `${await sizes()}` === "320,640").catch(
    async (error) => {
      throw new Error(`${error}: ${JSON.stringify(await gateway.stream(PATH))}`);
    },
  );
  assertEquals(await publisher.leave(), 200);
});

for (const codec of longForm(["H264", "VP8", "VP9", "AV1"], 1)) {
  Deno.test(
    { name: `Chromium publishes ${codec}, and is watched by WHEP and HTTP-FLV`, ignore },
    async () => {
      await using gateway = await startGateway({ args: ["--shards", "2"] });
      await using browser = await launchChromium({ hasCamera: true });
      const publisher = await publishByWhip(browser.page, gateway, PATH, { codec });
      await until("it is live with both tracks", async () => {
        const stream = await gateway.stream(PATH);
        return stream?.state === "live" && stream.video?.width === 640 &&
          stream.audio !== undefined;
      }).catch((error) => {
        throw new Error(`${error}: ${gateway.output()}`);
      });
      await until(
        "the first key frame is long past",
        async () => (await publisher.statistics()).framesEncoded > 60,
      );
      const viewer = await watchByWhep(await browser.page.context().newPage(), gateway, PATH);
      await viewer.moreFrames(60);
      const seen = await viewer.statistics();
      const sent = await publisher.statistics();
      const told = JSON.stringify({ seen, sent });
      assertEquals([seen.connection, seen.videoCodec], ["connected", `video/${codec}`], told);
      assertEquals(sent.connection, "connected");
      // Reports come back, and what the link carries is told.
      // Of what is little to send, Chromium believes that little more can be sent.
      const leastBps = codec === "VP9" || codec === "AV1" ? 100_000 : 300_000;
      assert(sent.roundTripS !== undefined, told);
      await until(
        "the browser is told that it may send more",
        async () => (await publisher.statistics()).availableBps! > leastBps,
      );
      // The viewer has come when the first key frame was long past.
      assert(sent.pliCount >= 1 && sent.keyFramesEncoded >= 2, told);
      // Pictures of the past are shown at once, and sound is not.
      await until(
        "sound is heard",
        async () => (await viewer.statistics()).audioEnergy > 0,
      );
      // Debian's ffmpeg knows no VP8 in FLV.
      if (codec === "H264") {
        await Promise.all([
          watchPictures(gateway.httpUrl(`/${PATH}.flv`)),
          watchPictures(`rtmp://127.0.0.1:${gateway.rtmpPort}/${PATH}`),
        ]);
      }
      assertEquals(await publisher.leave(), 200);
      await until("it is not live any more", async () => {
        return (await gateway.stream(PATH))?.state !== "live";
      });
    },
  );
}
