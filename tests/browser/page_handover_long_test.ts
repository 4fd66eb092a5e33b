/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady } from "./whep_viewer.ts";

const PATH = "live/handed";
/** Pictures that come each 33 ms may be late; a viewer does not see a gap of this length as a stop. */
const MAX_GAP_MS = 500;

/** What is noted in the page. */
interface Watched {
  peers: RTCPeerConnection[];
  shownMs: number[];
}

Deno.test({
  name: "the page goes over to a new gateway while the old one drains, and shows no gap",
  ignore: chromiumMissing(),
  fn: async () => {
    await using before = await startGateway({ args: ["--drain-seconds", "30"] });
    await using _first = publishWithFfmpeg({ url: before.rtmpUrl(PATH) });
    await streamReady(before, PATH);
    await using browser = await launchChromium();
    const { page } = browser;
    await page.addInitScript(watch);
    await page.goto(before.httpUrl(`/#${PATH}?via=webrtc`));
    await page.locator('#player[data-state="playing"]').waitFor();
    const states: string[] = [];
    await page.exposeFunction("noteState", (state: string) => states.push(state));
    await page.evaluate(noteStates);

    const stopping = before.stop("SIGTERM");
    await until("it drains", () => before.output().includes("Draining: "));
    const ports = ["--rtmp-port", `${before.rtmpPort}`, "--http-port", `${before.httpPort}`];
    const listenArgs = ["--host", "127.0.0.1", ...ports, "--webrtc-port", "0"];
    await using after = await startGateway({ listenArgs });
    await using _second = publishWithFfmpeg({ url: after.rtmpUrl(PATH) });
    await streamReady(after, PATH);
    await until("the page watches the new one", async () => {
      return (await after.stream(PATH))?.webrtc.viewers === 1;
    });
    await until("it plays on by the new connection alone", async () => {
      const all = await page.evaluate(peerStates);
      return all.filter((state) => state === "connected").length === 1 && all.length > 1;
    });
    const shown = (await page.evaluate(shownTimes)).length;
    await until("it shows more", async () => (await page.evaluate(shownTimes)).length > shown + 60);
    const times = await page.evaluate(shownTimes);
    const gapMs = Math.max(...times.slice(1).map((timeMs, at) => timeMs - times[at]!));
    assert(gapMs < MAX_GAP_MS, `no picture for ${gapMs} ms`);
    assertEquals(states, []);
    await before.stop("SIGINT");
    await stopping;
  },
});

/** Runs in the page, before its own scripts. */
function watch(): void {
  const peers: RTCPeerConnection[] = [];
  const Plain = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Plain {
    constructor(...options: ConstructorParameters<typeof Plain>) {
      super(...options);
      peers.push(this);
    }
  };
  const shownMs: number[] = [];
  addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video")!;
    const note = (nowMs: number) => {
      shownMs.push(nowMs);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  });
  Object.assign(globalThis, { peers, shownMs });
}

/** Runs in the page: tells whenever the player is anything but playing. */
function noteStates(): void {
  const player = document.querySelector<HTMLElement>("#player")!;
  const { noteState } = globalThis as unknown as { noteState(state: string): void };
  new MutationObserver(() => {
    if (player.dataset.state !== "playing") noteState(`${player.dataset.state}`);
  }).observe(player, { attributeFilter: ["data-state"] });
}

/** Runs in the page. */
function peerStates(): string[] {
  return (globalThis as unknown as Watched).peers.map((peer) => peer.connectionState);
}

/** Runs in the page: when pictures were shown. */
function shownTimes(): number[] {
  return (globalThis as unknown as Watched).shownMs;
}
