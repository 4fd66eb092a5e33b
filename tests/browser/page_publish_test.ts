/// <reference lib="dom" />
/** The page publishes from camera and microphone, and another page watches it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { goLive, publisherState, sentFigures } from "./page_publisher.ts";

const PATIENCE_MS = 20_000;

Deno.test({
  name: "the page publishes its camera, and the link that it gives plays it",
  ignore: chromiumMissing(),
}, async (t) => {
  await using gateway = await startGateway();
  await using browser = await launchChromium({ hasCamera: true });
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);

  await t.step("a name that no stream can have is told before anything is asked for", async () => {
    await page.goto(gateway.httpUrl("/"));
    await page.getByLabel("Stream name").fill("a?b");
    await page.getByText("App and name may not have ?").waitFor();
    assert(await page.getByRole("button", { name: "Go live" }).isDisabled());
    await page.getByLabel("Stream name").fill("me");
    await page.getByText("App and name may not have ?").waitFor({ state: "hidden" });
  });

  await t.step("it goes live, with the codec that all players have", async () => {
    await goLive(page, "me");
    await until("both tracks are there", async () => {
      const stream = await gateway.stream("live/me");
      return stream?.video?.codec === "H264" && stream.audio?.codec === "Opus";
    });
    await page.getByText("sound is Opus: players over HTTP-FLV").waitFor();
  });

  await t.step("the link plays it, and so does the stream's path", async () => {
    const link = await page.locator("#watch-link").innerText();
    assertEquals(link, `${new URL(gateway.httpUrl("/")).origin}/#live/me`);
    const watcher = await page.context().newPage();
    await watcher.goto(gateway.httpUrl("/live/me"));
    assertEquals(watcher.url(), link);
    await watcher.locator('#player[data-state="playing"][data-transport="webrtc"]').waitFor();
    await watcher.waitForFunction(() => {
      const video = document.querySelector<HTMLVideoElement>("#video")!;
      return video.getVideoPlaybackQuality().totalVideoFrames > 20;
    });
    await watcher.close();
  });

  await t.step("figures tell what is sent, and what limits it", async () => {
    await until(
      "there are figures",
      async () => /Mbit|kbit/.test((await sentFigures(page))["Sent"]!),
    );
    const figures = await sentFigures(page);
    assertMatch(figures["Picture"]!, /^\d+×\d+/);
    assertMatch(figures["Codecs"]!, /^H\.264 · Opus · UDP$/);
    assertMatch(figures["Round trip"]!, /^\d+ ms$/);
    assert(["nothing", "the network", "this machine's processor"].includes(figures["Limited by"]!));
  });

  await t.step("it stops, and the name is free at once", async () => {
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    assertEquals(await publisherState(page), "idle");
    await until("it is not live", async () => (await gateway.stream("live/me"))?.state !== "live");
    assertEquals(
      await page.evaluate(() => {
        return document.querySelector<HTMLVideoElement>("#preview")!.srcObject;
      }),
      null,
    );
  });

  await t.step("the page may use what it publishes from, and no more", async () => {
    const allowed = await page.evaluate(() => {
      const { featurePolicy } = document as unknown as {
        featurePolicy: { allowedFeatures(): string[] };
      };
      return featurePolicy.allowedFeatures();
    });
    for (const feature of ["camera", "microphone", "display-capture", "fullscreen"]) {
      assert(allowed.includes(feature), feature);
    }
    for (const feature of ["geolocation", "usb", "midi", "payment"]) {
      assertEquals(allowed.includes(feature), false, feature);
    }
  });

  assertEquals(faults, []);
});
