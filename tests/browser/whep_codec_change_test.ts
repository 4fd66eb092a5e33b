/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { MAIN_PROFILE_ARGS, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { encodeIvf } from "../interop/ivf.ts";
import { publishIvf } from "../interop/ivf_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/change";
const MORE_FRAMES = 30;
/** Less than it takes a browser to notice that nothing comes any more. */
const MAX_AWAY_MS = 6000;

const ignore = chromiumMissing();

Deno.test(
  { name: "a publisher comes back with another codec: viewers end, the page goes on", ignore },
  async () => {
    const ivf = await encodeIvf(["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]);
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using first = publishWithFfmpeg({
      url: gateway.rtmpUrl(PATH),
      codecArgs: MAIN_PROFILE_ARGS,
      sources: ["video"],
    });
    await streamReady(gateway, PATH);
    await using browser = await launchChromium();
    const { page } = browser;
    const plainTab = await page.context().newPage();
    const viewer = await watchByWhep(plainTab, gateway, PATH, { kinds: ["video"] });
    await page.addInitScript(watchPeers);
    await page.goto(gateway.httpUrl(`/#${PATH}?via=webrtc`));
    await shows(page, "video/H264");
    await viewer.moreFrames(1);

    first.kill("SIGKILL");
    await until("the stream waits", async () => (await gateway.stream(PATH))?.state === "waiting");
    await using publishers = new AsyncDisposableStack();
    const second = publishers.use(await publishOver(gateway, ivf));
    await until("the viewers are ended", () => {
      return gateway.output().match(/has watched live\/change over whep .*/g)?.length === 2;
    });
    assertMatch(
      gateway.output(),
      /has watched .*: the stream's pictures are vp9 now and were h264 before/,
    );
    const resource = gateway.httpUrl(viewer.location);
    assertEquals((await fetch(resource, { method: "DELETE" })).status, 404);
    const endedMs = performance.now();
    await shows(page, "video/VP9");
    const awayMs = performance.now() - endedMs;
    assert(awayMs < MAX_AWAY_MS, `The page shows it after ${awayMs} ms`);
    await until("one viewer is counted", async () => {
      return (await gateway.stream(PATH))?.webrtc.viewers === 1;
    });

    // With the same codec, the connection goes on.
    await second[Symbol.asyncDispose]();
    await until("the stream waits", async () => (await gateway.stream(PATH))?.state === "waiting");
    const before = await page.evaluate(readNewestPeer);
    publishers.use(await publishOver(gateway, ivf));
    await until("the page shows more", async () => {
      const { frames, peers } = await page.evaluate(readNewestPeer);
      assertEquals(peers, before.peers);
      return frames >= before.frames + MORE_FRAMES;
    });
    assertEquals(browser.faults, []);
  },
);

function publishOver(gateway: GatewayProcess, ivf: Awaited<ReturnType<typeof encodeIvf>>) {
  const [app, name] = PATH.split("/") as [string, string];
  return publishIvf(ivf, { port: gateway.rtmpPort, app, name });
}

/** Waits until the page's newest connection has decoded some pictures of this codec. */
async function shows(page: Page, mimeType: string): Promise<void> {
  await until(`the page shows ${mimeType}`, async () => {
    const { codec, frames } = await page.evaluate(readNewestPeer);
    return codec === mimeType && frames >= MORE_FRAMES;
  });
}

/** Runs in the page, before its own scripts: remembers its peer connections. */
function watchPeers(): void {
  const peers: RTCPeerConnection[] = [];
  const Plain = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Plain {
    constructor(...options: ConstructorParameters<typeof Plain>) {
      super(...options);
      peers.push(this);
    }
  };
  Object.assign(globalThis, { peers });
}

interface NewestPeer {
  readonly codec: string | undefined;
  readonly frames: number;
  /** How many there have been. */
  readonly peers: number;
}

/** Runs in the page. */
async function readNewestPeer(): Promise<NewestPeer> {
  const { peers } = globalThis as unknown as { peers: RTCPeerConnection[] };
  const peer = peers.at(-1);
  // deno-lint-ignore no-explicit-any
  const all = [...((await peer?.getStats()) as any ?? new Map()).values()];
  const video = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
  const codec = all.find(({ id }) => id === video?.codecId)?.mimeType;
  return { codec, frames: video?.framesDecoded ?? 0, peers: peers.length };
}
