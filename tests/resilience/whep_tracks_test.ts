/** WebRTC viewers that name a track, beside those that do not. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import {
  enhancedAudio,
  ofTrack,
  OPUS_CONFIGURATION,
  opusFrame,
} from "../../testing/media/enhanced_samples.ts";
import { delay, until } from "../../testing/waiting.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { NUMBERS_APART, renditionTrack } from "../../testing/media/rendition_track.ts";
import type { SyntheticTrack } from "../../testing/rtmp/synthetic_publisher.ts";
import { checkFrames, checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const PATH = "live/tracks";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** With key frames in other places than the default track's. */
function pictures(trackId: number, groupFrames: number): SyntheticTrack {
  return renditionTrack(trackId, { size: 600, groupFrames, ahead: 7 });
}

/** Real sound, a unit for each picture. */
const TONE_RATE = 44_100 / 1024;

function tone(trackId: number): SyntheticTrack {
  const of = (packet: "configuration" | "frame", data: Uint8Array) =>
    ofTrack(trackId, enhancedAudio("aac", packet, data));
  return {
    kind: "audio",
    configuration: of("configuration", AAC_LC.configuration),
    frame: (at) => of("frame", AAC_LC.units[at % AAC_LC.units.length]!.data),
  };
}

function opus(trackId: number): SyntheticTrack {
  return {
    kind: "audio",
    configuration: ofTrack(trackId, OPUS_CONFIGURATION),
    frame: (at) => ofTrack(trackId, opusFrame(at & 255)),
  };
}

/** Bytes of a packet, on average, of the newest second. */
function loudness(viewer: WhepViewer): number {
  const sizes = viewer.audio!.packets.slice(-50).map(({ payload }) => payload.length);
  return sizes.reduce((sum, size) => sum + size) / sizes.length;
}

/** Of the viewers of silence, of the tone, and of what is passed through. */
const LOUD = `${[false, false, true, true, false]}`;

function trackOf(viewer: WhepViewer): number {
  return Math.floor(viewer.frames()[0]!.sequence / NUMBERS_APART);
}

for (const form of ["/live/tracks/whep?", "/rtc/v1/whep/?app=live&stream=tracks&"]) {
  Deno.test({
    name: `${form}vtrack= gives that track's pictures, and everybody else the default ones`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway({ args: ["--shards", "2"] });
      const tracks = [pictures(1, 20), pictures(3, 30)];
      await using _publisher = await publish(gateway, { path: PATH, tracks });
      await delay(600);
      await using viewers = new AsyncDisposableStack();
      const watched: { readonly viewer: WhepViewer; readonly track: number }[] = [];
      for (
        const [query, track] of [["", 0], ["vtrack=1", 1], ["vtrack=3", 3], [
          "vtrack=0",
          0,
        ]] as const
      ) {
        const viewer = await WhepViewer.join(gateway, { endpoint: `${form}${query}` });
        watched.push({ viewer: viewers.use(viewer), track });
      }
      await until("all have pictures of some groups", () => {
        return watched.every(({ viewer }) => viewer.frames().length > 80);
      });
      for (const { viewer, track } of watched) {
        checkNoGaps(viewer.video!);
        checkFrames(viewer.frames());
        assertEquals([trackOf(viewer), viewer.reception.unauthentic], [track, 0]);
      }
      await until("all are counted", async () => {
        return (await gateway.stream(PATH))?.webrtc.viewers === watched.length;
      });
      const missing = await postOffer(gateway, { endpoint: `${form}vtrack=2` });
      assertEquals([missing.response.status, missing.body], [
        404,
        "There is no video track 2: the stream has 0, 1, 3\n",
      ]);
      const senseless = await postOffer(gateway, { endpoint: `${form}vtrack=x` });
      assertEquals(senseless.response.status, 400);
    },
  });
}

Deno.test({
  name: "who watches a track that the publisher comes back without is ended, nobody else",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    const first = await publish(gateway, { path: PATH, tracks: [pictures(1, 20)] });
    await using plain = await WhepViewer.join(gateway, { path: PATH });
    await using other = await WhepViewer.join(gateway, { endpoint: "/live/tracks/whep?vtrack=1" });
    await until("its pictures", () => other.frames().length > 0);
    await first[Symbol.asyncDispose]();
    await using _second = await publish(gateway, { path: PATH, firstSequence: first.sequence });
    await until("the viewer of the track is told", () => other.isToldOfEnd);
    await until(
      "the log tells why",
      () => /has watched .*: the stream has not this track any more/.test(gateway.output()),
    );
    const before = plain.video!.packets.length;
    await until("the other goes on", () => plain.video!.packets.length > before + 20);
    assert(!plain.isToldOfEnd);
    assertEquals(trackOf(other), 1);
  },
});

Deno.test({
  name:
    "atrack= gives that track's sound, made into Opus once, and everybody else the default one's",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    const tracks = [pictures(1, 20), tone(2), opus(5)];
    // What the default track has is no sound to a decoder: it becomes silence.
    await using _publisher = await publish(gateway, { path: PATH, frameRate: TONE_RATE, tracks });
    await using viewers = new AsyncDisposableStack();
    const join = async (query: string) =>
      viewers.use(await WhepViewer.join(gateway, { endpoint: `/live/tracks/whep?${query}` }));
    const [plain, zero, second, same, fifth] = [
      await join(""),
      await join("atrack=0"),
      await join("atrack=2"),
      await join("vtrack=1&atrack=2"),
      await join("atrack=5"),
    ] as const;
    const all = [plain, zero, second, same, fifth];
    await until("all have two seconds of sound", () => {
      return all.every(({ audio }) => (audio?.packets.length ?? 0) > 100);
    });
    const areAsWanted = () => all.map((viewer) => loudness(viewer) > 100);
    await until("the newest of it is what each wanted", () => `${areAsWanted()}` === LOUD);
    for (const viewer of all) {
      checkNoGaps(viewer.audio!);
      checkFrames(viewer.frames());
    }
    assertEquals(all.map(trackOf), [0, 0, 0, 1, 0]);
    // An encoder of its own would have begun elsewhere, and written other bytes.
    const texts = ({ audio }: WhepViewer) => audio!.packets.map(({ payload }) => `${payload}`);
    const newest = texts(same).slice(-50);
    await until("the other has heard the same", () => {
      const heard = new Set(texts(second));
      return newest.every((packet) => heard.has(packet));
    });
    // Its frames hold their numbers, and are passed through; on a busy machine stale ones are not.
    let before = -1;
    for (const { payload } of fifth.audio!.packets) {
      const number = payload[1]!;
      assertEquals(payload, opusFrame(number).subarray(5));
      if (before >= 0) assertLess((number - before - 1) & 255, 128);
      before = number;
    }
    const missing = await postOffer(gateway, { endpoint: "/live/tracks/whep?atrack=1" });
    assertEquals([missing.response.status, missing.body], [
      404,
      "There is no audio track 1: the stream has 0, 2, 5\n",
    ]);
  },
});

Deno.test({
  name: "a viewer of a layer that the next publisher has not is sent that one's pictures",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    const first = await publish(gateway, { path: PATH, tracks: [pictures(1, 20)] });
    await using viewer = await WhepViewer.open(gateway, { path: PATH });
    const newestTrack = () => {
      const newest = viewer.frames().at(-1);
      return newest && Math.floor(newest.sequence / NUMBERS_APART);
    };
    await until("the layer is there", async () => {
      const init = { method: "POST", body: JSON.stringify({ rid: "1" }) };
      const response = await fetch(`${viewer.resource}/layer`, init);
      await response.body?.cancel();
      return response.ok;
    });
    await until("it is sent", () => newestTrack() === 1);
    await first[Symbol.asyncDispose]();
    await using _second = await publish(gateway, { path: PATH });
    await until("the other pictures are sent", () => newestTrack() === 0);
    checkNoGaps(viewer.video!);
  },
});
