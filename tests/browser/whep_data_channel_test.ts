/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { amfObject } from "../../src/amf/amf_value.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady } from "./whep_viewer.ts";

const PATH = "live/told";

const ignore = chromiumMissing();

/** What the page has heard on its data channels. */
interface Heard {
  readonly events: string[];
  readonly cues: string[];
  readonly others: string[];
}

Deno.test({ name: "WHEP: data channels tell of the stream in Chromium", ignore }, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: PATH });
  publisher.say("@setDataFrame", "onMetaData", amfObject({ title: "höhe", width: 640 }));
  publisher.run();
  await using browser = await launchChromium();
  const { page } = browser;
  await streamReady(gateway, PATH);
  await page.goto(gateway.httpUrl("/healthz"));
  await page.evaluate(openChannels, `/${PATH}/whep`);
  const heard = () => page.evaluate(readHeard);
  const events = async () => (await heard()).events.map((text) => JSON.parse(text));

  await t.step("state, metadata and quality are told at the beginning", async () => {
    await until("it is told what is", async () => (await heard()).events.length >= 3);
    const [state, metadata, quality] = await events();
    assertEquals(state, { type: "state", state: "active" });
    assertEquals(metadata, { type: "metadata", metadata: { title: "höhe", width: 640 } });
    assertEquals(quality, { type: "quality", quality: "all" });
  });

  await t.step("cue points come on the channel that may lose them", async () => {
    for (let cue = 0; cue < 5; cue++) {
      publisher.say("onCuePoint", amfObject({ name: `cue ${cue}` }));
    }
    await until("all cues are heard", async () => (await heard()).cues.length >= 5);
    const cues = (await heard()).cues.map((text) => JSON.parse(text));
    assertEquals(
      cues.map(({ values }) => values),
      [0, 1, 2, 3, 4].map((cue) => [{ name: `cue ${cue}` }]),
    );
    assert(
      cues.every(({ type, name, timeMs }) =>
        type === "data" && name === "onCuePoint" && timeMs > 0
      ),
    );
  });

  await t.step("metadata that change, and large ones, come whole", async () => {
    const title = "x".repeat(10_000);
    publisher.say("@setDataFrame", "onMetaData", amfObject({ title }));
    await until("they are heard", async () => (await heard()).events.length >= 4);
    assertEquals((await events())[3], { type: "metadata", metadata: { title } });
  });

  await t.step("a channel that is closed is closed on both sides", async () => {
    assertEquals(await page.evaluate(closeChannel), "closed");
  });

  await t.step("the stream's pause is told", async () => {
    await publisher[Symbol.asyncDispose]();
    await until(
      "it is told",
      async () => (await events()).some(({ state }) => state === "inactive"),
    );
    assertEquals((await heard()).others, [], "nothing is said on channels of other names");
    assertEquals((await gateway.status()).counters.webrtcMessagesDropped, 0);
  });
});

/** Runs in the page. */
async function openChannels(url: string): Promise<void> {
  const peer = new RTCPeerConnection();
  const heard: Heard = { events: [], cues: [], others: [] };
  const open = (label: string, list: string[], options?: RTCDataChannelInit) => {
    const channel = peer.createDataChannel(label, options);
    channel.onmessage = ({ data }: MessageEvent<string>) => list.push(data);
    return channel;
  };
  open("sluice.events", heard.events);
  open("sluice.cues", heard.cues, { ordered: false, maxRetransmits: 0 });
  const other = open("chat", heard.others);
  other.onopen = () => other.send("hello");
  Object.assign(globalThis, { heard, other, peer });
  peer.addTransceiver("audio", { direction: "recvonly" });
  peer.addTransceiver("video", { direction: "recvonly" });
  await peer.setLocalDescription();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription!.sdp,
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
}

/** Runs in the page. */
function readHeard(): Heard {
  return (globalThis as unknown as { heard: Heard }).heard;
}

/** Runs in the page. */
async function closeChannel(): Promise<RTCDataChannelState> {
  const { other } = globalThis as unknown as { other: RTCDataChannel };
  const closed = new Promise((resolve) => other.onclose = resolve);
  other.close();
  await closed;
  return other.readyState;
}
