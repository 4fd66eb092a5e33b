/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { MAIN_PROFILE_ARGS, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const ARTEFACTS = new URL("../artefacts/", import.meta.url);
const PATIENCE_MS = 60_000;
/** Frames that must be decoded after the first look: two seconds at 30 a second. */
const MORE_FRAMES = 60;

const ignore = chromiumMissing();

/** What the tests watch of the page's peer connections, of which it makes no secret. */
interface WatchedPage {
  peers: RTCPeerConnection[];
  listening: { bytes: Uint8Array<ArrayBuffer>; node: AnalyserNode } | undefined;
}

Deno.test({ name: "the page plays over WebRTC, and leaves nothing behind", ignore }, async (t) => {
  await using gateway = await startGateway();
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
  await until("the stream is live", async () => (await gateway.stream("live/test"))?.video);
  await using browser = await launchChromium();
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.addInitScript(watchPeers);
  const viewers = async () => (await gateway.stream("live/test"))?.webrtc.viewers;

  await t.step("a click plays it over WebRTC, with picture and sound", async () => {
    await page.goto(gateway.httpUrl("/"));
    await page.getByRole("link", { name: "Play live/test" }).click();
    await assertPlays(page, "webrtc");
    assert(await page.getByRole("radio", { name: "WebRTC" }).isChecked());
    assertEquals(await page.locator("#address").innerText(), gateway.httpUrl("/live/test/whep"));
    await page.waitForFunction(isLoud);
    await until("one viewer is counted", async () => await viewers() === 1);
  });

  await t.step("the overlay shows what the browser measures", async () => {
    await page.getByRole("button", { name: "Statistics" }).click();
    const figures = await until("all figures are known", async () => {
      const rows = await readOverlay(page);
      const values = Object.values(rows);
      return values.length === 0 || values.some((value) => value.includes("–")) ? undefined : rows;
    });
    assertMatch(figures["Transport"]!, /^WebRTC · (UDP|TCP)$/);
    assertMatch(figures["Codecs"]!, /^H\.264 .* · Opus$/);
    assertMatch(figures["Picture"]!, /^640×360 · \d+ fps$/);
    assertMatch(figures["Received"]!, /^\d/);
    assertMatch(figures["Packets lost"]!, /^\d+ · \d+\.\d\d %$/);
    assertMatch(figures["Round trip"]!, /^\d+ ms$/);
    assertMatch(figures["Jitter buffer"]!, /^\d+ ms · \d+ ms$/);
    assertMatch(figures["Lip sync"]!, /^(0 ms|picture \d+ ms (ahead|late))$/);
    assert(Number(figures["Frames decoded"]!.replaceAll(",", "")) > MORE_FRAMES);
    await screenshot(page, "console-webrtc.png");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "console-webrtc-phone.png");
    await page.setViewportSize({ width: 1360, height: 900 });
    await page.emulateMedia({ colorScheme: null });
  });

  await t.step("it goes on over HTTP-FLV, and the session is ended", async () => {
    await page.getByRole("radio", { name: "HTTP-FLV" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=http-flv");
    await assertPlays(page, "http-flv");
    await until("no viewer is left", async () => await viewers() === 0);
    assertEquals(await page.evaluate(readPeerStates), ["closed"]);
  });

  await t.step("and back, which the address remembers", async () => {
    await page.getByRole("radio", { name: "WebRTC" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=webrtc");
    await assertPlays(page, "webrtc");
    assertEquals(await page.evaluate(readPeerStates), ["closed", "connected"]);
  });

  await t.step("a page that is left ends its session", async () => {
    await until("one viewer is counted", async () => await viewers() === 1);
    await page.goto("about:blank");
    await until("no viewer is left", async () => await viewers() === 0);
  });

  await t.step("the page has no faults and keeps its policy", () => assertEquals(faults, []));
});

Deno.test(
  { name: "where sound needs a gesture, a button unmutes it for good", ignore },
  async () => {
    await using gateway = await startGateway();
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
    await until("the stream is live", async () => (await gateway.stream("live/test"))?.video);
    await using browser = await launchChromium();
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(refuseSoundWithoutGesture);
    await page.goto(gateway.httpUrl("/#live/test"));
    await assertPlays(page, "webrtc");
    assertEquals(await page.evaluate(() => document.querySelector("video")?.muted), true);
    await page.getByRole("button", { name: "Unmute" }).click();
    await page.getByRole("button", { name: "Unmute" }).waitFor({ state: "hidden" });
    assertEquals(await page.evaluate(() => document.querySelector("video")?.muted), false);
    await assertPlays(page, "webrtc");
    const remembered = await page.evaluate(() => localStorage.getItem("sluice.sound"));
    assertEquals(JSON.parse(remembered ?? "null"), { muted: false, volume: 1 });
    await page.getByRole("button", { name: "Mute", exact: true }).click();
    await page.reload();
    await assertPlays(page, "webrtc");
    assertEquals(await page.evaluate(() => document.querySelector("video")?.muted), true);
    assertEquals(await page.getByRole("button", { name: "Unmute" }).isVisible(), false);
    assertEquals(faults, []);
  },
);

Deno.test(
  { name: "the page waits for a stream and plays it by WebRTC when it comes", ignore },
  async () => {
    await using gateway = await startGateway();
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/#live/later"));
    await page.locator('#player[data-state="offline"]').waitFor();
    await page.getByText("This stream is not live").waitFor();
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/later") });
    await assertPlays(page, "webrtc");
  },
);

Deno.test(
  { name: "a refusal is shown in the gateway's words, or goes round by FLV", ignore },
  async () => {
    await using gateway = await startGateway({ args: ["--webrtc-bframes", "refuse"] });
    await using _publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/test"),
      codecArgs: [...MAIN_PROFILE_ARGS, "-bf", "2", "-b_strategy", "0"],
    });
    await until(
      "B-frames are seen",
      async () => (await gateway.stream("live/test"))?.video?.bFrames,
    );
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/#live/test?via=webrtc"));
    await page.locator('#player[data-state="unsupported"]').waitFor();
    const sentence = await page.locator("#notice-detail").innerText();
    assertMatch(sentence, /B-frames/);
    await screenshot(page, "console-webrtc-refused.png");
    await page.goto(gateway.httpUrl("/#live/test"));
    await assertPlays(page, "http-flv");
    await page.locator("#transport-note").getByText("B-frames").waitFor();
    await page.locator("#encoder-advice").getByText("OBS").waitFor();
    await screenshot(page, "console-webrtc-fallback.png");
  },
);

Deno.test(
  {
    name: "a gateway that media cannot reach is told, or goes round by FLV",
    ignore: ignore || !IS_LONG,
  },
  async () => {
    // An address of documentation (RFC 5737): nothing answers there.
    await using gateway = await startGateway({ args: ["--public-ip", "192.0.2.1"] });
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
    await until("the stream is live", async () => (await gateway.stream("live/test"))?.video);
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/#live/test?via=webrtc"));
    await page.locator('#player[data-state="retrying"]').waitFor();
    const title = await page.locator("#notice-title").innerText();
    assertMatch(title, /from 192\.0\.2\.1 within 10 s\. .* port \d+ must .* --public-ip$/);
    await screenshot(page, "console-webrtc-unreachable.png");
    await page.goto(gateway.httpUrl("/#live/test"));
    await assertPlays(page, "http-flv");
    await page.locator("#transport-note").getByText("192.0.2.1").waitFor();
  },
);

Deno.test(
  // Its waits grow until the gateway is back: the long form has the time.
  {
    name: "it plays again by itself after the gateway was restarted",
    ignore: ignore || !IS_LONG,
  },
  async () => {
    await using before = await startGateway();
    const ports = {
      "--rtmp-port": before.rtmpPort,
      "--http-port": before.httpPort,
      "--webrtc-port": before.webrtcPorts[0],
    };
    await using _first = publishWithFfmpeg({ url: before.rtmpUrl("live/test") });
    await until("the stream is live", async () => (await before.stream("live/test"))?.video);
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(watchPeers);
    await page.goto(before.httpUrl("/#live/test?via=webrtc"));
    await assertPlays(page, "webrtc");
    await before.stop("SIGKILL");
    await page.locator('#player:not([data-state="playing"])').waitFor();
    const listenArgs = ["--host", "127.0.0.1", ...Object.entries(ports).flat().map(String)];
    await using after = await startGateway({ listenArgs });
    await using _second = publishWithFfmpeg({ url: after.rtmpUrl("live/test") });
    await assertPlays(page, "webrtc");
    const states = await page.evaluate(readPeerStates);
    assertEquals([states.at(-1), new Set(states.slice(0, -1))], ["connected", new Set(["closed"])]);
  },
);

/** Pictures are decoded and are not flat, and the time goes on. */
async function assertPlays(page: Page, transport: "webrtc" | "http-flv"): Promise<void> {
  await page.locator(`#player[data-state="playing"][data-transport="${transport}"]`).waitFor();
  const before = await page.evaluate(readFrames);
  await page.waitForFunction(
    ({ before, more }) => {
      const { totalVideoFrames } = document.querySelector("video")!.getVideoPlaybackQuality();
      return totalVideoFrames >= before + more;
    },
    { before, more: MORE_FRAMES },
  );
  assert(await page.evaluate(countColours) > 4, "The picture is flat");
}

/** Runs in the page. */
function readFrames(): number {
  return document.querySelector("video")!.getVideoPlaybackQuality().totalVideoFrames;
}

/** Runs in the page: draws the current picture small and looks at its pixels. */
function countColours(): number {
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d")!;
  context.drawImage(document.querySelector("video")!, 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const colours = new Set<string>();
  for (let at = 0; at < data.length; at += 4) {
    colours.add(data.subarray(at, at + 3).map((value) => value >> 6).join());
  }
  return colours.size;
}

/** Runs in the page before its scripts: keeps the peer connections that they make. */
function watchPeers(): void {
  const watched = globalThis as unknown as WatchedPage;
  watched.peers = [];
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      watched.peers.push(this);
    }
  };
}

/** Runs in the page. */
function readPeerStates(): string[] {
  return (globalThis as unknown as WatchedPage).peers.map((peer) => peer.connectionState);
}

/** Runs in the page, again and again: whether what is heard is a tone and no silence. */
function isLoud(): boolean {
  const watched = globalThis as unknown as WatchedPage;
  if (watched.listening === undefined) {
    const context = new AudioContext();
    const node = context.createAnalyser();
    const stream = document.querySelector("video")!.srcObject as MediaStream;
    context.createMediaStreamSource(stream).connect(node);
    watched.listening = { node, bytes: new Uint8Array(node.fftSize) };
  }
  const { node, bytes } = watched.listening;
  node.getByteTimeDomainData(bytes);
  // Silence is 128; the tone of the publisher is an eighth of full scale.
  return Math.max(...bytes) > 136 && Math.min(...bytes) < 120;
}

/** Runs in the page before its scripts: refuses as browsers do, but by one known rule. */
function refuseSoundWithoutGesture(): void {
  // Not `navigator.userActivation`: whatever the test evaluates in the page counts as a gesture there.
  let hasGesture = false;
  addEventListener("pointerdown", () => hasGesture = true, { capture: true });
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (this.muted || hasGesture) return play.call(this);
    return Promise.reject(new DOMException("play() needs a gesture", "NotAllowedError"));
  };
}

async function readOverlay(page: Page): Promise<Record<string, string>> {
  return await page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll("#stats div")].map(({ children: [term, value] }) => [
        term?.textContent ?? "",
        value?.textContent ?? "",
      ]),
    )
  );
}

async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
