/// <reference lib="dom" />
/**
 * Gateway, publisher and the page in Chromium, over a link that becomes narrow and wide again. Prints
 * what the page says of its quality, as JSON. To be run by `runInLossyNetwork`.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { launchChromium } from "./chromium.ts";
import { publishTwoMegabits } from "./two_megabits.ts";

const PATH = "live/narrow";
const WIDE_KBPS = 100_000;
const NARROW_KBPS = 1000;
const PATIENCE_MS = 60_000;
const ARTEFACTS = new URL("../artefacts/", import.meta.url);

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishTwoMegabits(gateway, PATH);
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, WIDE_KBPS);
await using browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
const { page, faults } = browser;
page.setDefaultTimeout(PATIENCE_MS);
await page.goto(gateway.httpUrl(`/#${PATH}?via=webrtc`));
await page.locator('#player[data-state="playing"]').waitFor();
await page.keyboard.press("i");
const sent = page.locator("#stats div").filter({ hasText: "Sent" }).locator("dd");
await sent.getByText("All pictures").waitFor();
const note = page.locator("#quality-note");
const wide = await note.isVisible();
setNarrowLink(NARROW_KBPS);
await note.getByText("your link carries").waitFor();
const narrow = await note.textContent();
const statistics = await sent.textContent();
await screenshot("quality-narrow.png");
await page.setViewportSize({ width: 390, height: 844 });
await page.locator("#player").scrollIntoViewIfNeeded();
await screenshot("quality-narrow-phone.png");
setNarrowLink(WIDE_KBPS);
await note.waitFor({ state: "hidden" });
console.log(JSON.stringify({ wide, narrow, statistics, faults }));

async function screenshot(name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
