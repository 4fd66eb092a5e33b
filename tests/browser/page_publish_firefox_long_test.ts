import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { firefoxMissing, outerAddress, TestFirefox } from "./firefox.ts";
import { watchByWhep } from "./whep_viewer.ts";

const PATH = "live/fox";

const OUTER_LISTEN_ARGS = [
  ...["--host", "0.0.0.0", "--rtmp-port", "0", "--http-port", "0", "--webrtc-port", "0"],
];

/** Presses a button of the page by its id. */
const PRESS = `document.getElementById(arguments[0]).click();`;

const GO_LIVE = `
  document.getElementById("publish-name").value = "fox";
  document.getElementById("publish-name").dispatchEvent(new Event("input"));
  document.getElementById("publish-start").click();`;

/** How often the session was asked for another path, or to end. */
const COUNT_REQUESTS = `
  const all = performance.getEntriesByType("resource");
  return all.filter(({ name }) => new URL(name).pathname.includes("/whip/")).length;`;

/** What the page says. */
const READ = `
  const text = (id) => document.getElementById(id).textContent;
  return {
    state: document.getElementById("publisher").dataset.state,
    status: text("publish-status"),
    figures: text("publish-figures"),
    codecs: [...document.getElementById("picture-codec").options].map(({ value }) => value),
    obstacle: text("publish-obstacle"),
  };`;

interface Told {
  readonly state: string;
  readonly status: string;
  readonly figures: string;
  readonly codecs: readonly string[];
  readonly obstacle: string;
}

/** Debian builds Firefox without H.264 for WebRTC: it has VP8 instead, unasked. */
Deno.test({
  name: "the page publishes from Firefox, and Chromium watches",
  ignore: firefoxMissing() || chromiumMissing(),
}, async () => {
  // The page is secure at 127.0.0.1, where Firefox sends no media.
  await using gateway = await startGateway({
    args: ["--shards", "1", "--public-ip", outerAddress()],
    listenArgs: OUTER_LISTEN_ARGS,
  });
  await using firefox = await TestFirefox.launch({ hasCamera: true });
  await firefox.open(gateway.httpUrl("/"));
  await firefox.evaluate(GO_LIVE);
  let told: Told | undefined;
  const read = async () => told = await firefox.evaluate(READ) as Told;
  await until("it is live", async () => (await read()).state === "live").catch((error) => {
    throw new Error(`${error}: ${JSON.stringify(told)}`);
  });
  assertEquals(told!.obstacle, "");
  assertEquals(told!.codecs[0], "VP8");
  await until("both tracks are there", async () => {
    const stream = await gateway.stream(PATH);
    return stream?.video?.codec === "VP8" && stream.audio?.codec === "Opus";
  });
  await using browser = await launchChromium();
  const viewer = await watchByWhep(browser.page, gateway, PATH);
  await viewer.moreFrames(30);
  assert((await viewer.statistics()).audioEnergy > 0);
  await until("there are figures", async () => /bit\/s/.test((await read()).figures));
  assertMatch(told!.figures, /VP8 · Opus/);
  // A path over which all is well is not left.
  await viewer.moreFrames(90);
  assertEquals(await firefox.evaluate(COUNT_REQUESTS), 0);
  await firefox.evaluate(PRESS, "publish-stop");
  await until("it is not live", async () => (await gateway.stream(PATH))?.state !== "live");
  assertEquals((await read()).state, "idle");
});
