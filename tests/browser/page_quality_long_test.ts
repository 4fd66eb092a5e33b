/// <reference lib="dom" />
/** The page lets its reader choose between qualities, and says which is shown. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { encodeSizes, publishSizes, THREE_SIZES } from "../interop/rendition_publisher.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const ARTEFACTS = new URL("../artefacts/", import.meta.url);
const PATIENCE_MS = 60_000;
const ignore = chromiumMissing();

Deno.test(
  { name: "a quality is chosen by keys, and kept over other transports", ignore },
  async (t) => {
    await using gateway = await startGateway();
    const sizes = await encodeSizes(THREE_SIZES, { durationS: 4 });
    await using _publisher = await publishSizes(gateway.rtmpPort, ["live", "sizes"], sizes);
    await using browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    const offers: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && /\/whep(\?|$)/.test(request.url())) {
        offers.push(new URL(request.url()).search);
      }
    });
    await page.goto(gateway.httpUrl("/#live/sizes"));
    const menu = page.getByLabel("Quality");
    await t.step("it begins with what fits", async () => {
      await shown(page, "webrtc", 960);
      await menu.locator("option").nth(4).waitFor({ state: "attached" });
      const labels = await menu.locator("option").allTextContents();
      assertEquals(labels.map((label) => label.split(" · ")[0]), [
        "Automatic",
        "960×540",
        "480×270",
        "240×134",
        "Sound only",
      ]);
      assertEquals(await menu.inputValue(), "");
      await page.locator("#quality-note").getByText("Automatic: 960×540").waitFor();
      await screenshot(page, "quality.png");
    });
    await t.step("another one, by WebRTC, in the same session", async () => {
      await menu.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await shown(page, "webrtc", 480);
      assert(page.url().endsWith("#live/sizes?quality=1"));
      assertEquals(
        await page.locator("#address").textContent(),
        gateway.httpUrl("/live/sizes/whep?vtrack=1"),
      );
      await page.locator("#quality-note").getByText(/^480×270/).waitFor();
      await menu.selectOption("2");
      await shown(page, "webrtc", 240);
      await menu.selectOption("");
      await shown(page, "webrtc", 960);
      await menu.selectOption("1");
      await shown(page, "webrtc", 480);
      assertEquals(offers, [""]);
    });
    await t.step("and by FLV", async () => {
      await page.getByText("HTTP-FLV", { exact: true }).click();
      await shown(page, "http-flv", 480);
      assertEquals(await menu.inputValue(), "1");
      await menu.selectOption("2");
      await shown(page, "http-flv", 240);
    });
    await t.step("sound only", async () => {
      await page.getByText("WebRTC", { exact: true }).first().click();
      await menu.selectOption("sound");
      await page.locator('#player[data-state="playing"][data-transport="webrtc"]').waitFor();
      await page.locator("#quality-note").getByText("Sound only, as chosen").waitFor();
      await page.setViewportSize({ width: 390, height: 844 });
      await screenshot(page, "quality-phone-sound.png");
    });
    await t.step("and back to what fits, on a narrow page", async () => {
      await menu.selectOption("");
      await shown(page, "webrtc", 960);
      assert(page.url().endsWith("#live/sizes?via=webrtc"));
      // Without pictures, and with them, is another session; so is the one after FLV.
      assertEquals(offers, ["", "", "?video=0", ""]);
      await screenshot(page, "quality-phone.png");
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assertEquals(width, 390);
    });
    await t.step("the page has no faults", () => assertEquals(faults, []));
  },
);

/** Pictures of this width are shown by that transport. */
async function shown(page: Page, transport: string, width: number): Promise<void> {
  await page.locator(`#player[data-state="playing"][data-transport="${transport}"]`).waitFor();
  await page.waitForFunction(
    (width) => document.querySelector("video")!.videoWidth === width,
    width,
  );
}

async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
