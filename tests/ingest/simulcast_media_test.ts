import { assert, assertEquals } from "@std/assert";
import { isVideoMultitrack } from "../../src/flv/multitrack.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { CAMERAS } from "./cameras.ts";
import { optionsFor, SimulatedPublisher } from "./simulated_publisher.ts";

const FRAME_MS = 40;
const RID_ID = 5;

/** By the name; the smaller one is offered first. */
const LAYERS = [{ rid: "h", ssrc: 500, width: 320 }, { rid: "f", ssrc: 501, width: 640 }] as const;

/** A browser with two layers, each with numbers and a clock of its own, that answers requests. */
class Browser {
  readonly options = optionsFor("vp8");
  readonly media = new ReceivedMedia({
    ...this.options,
    tracks: [{ ...this.options.tracks[0]!, rids: LAYERS.map(({ rid }) => rid) }],
    extensions: { ...this.options.extensions, rid: RID_ID },
  });
  readonly paused = new Set<string>();
  /** SSRCs of the layers that key frames were asked for of. */
  readonly asked: number[] = [];
  /** When each picture of the first track came. */
  readonly firstTrackMs: number[] = [];
  readonly #publishers = LAYERS.map(() => new SimulatedPublisher());

  run(fromMs: number, untilMs: number): void {
    for (let nowMs = fromMs; nowMs < untilMs; nowMs += 1) {
      if (nowMs % FRAME_MS === 0) this.#takePictures(nowMs);
      if (nowMs >= this.media.nextDueMs()) this.media.handleTimeout(nowMs);
      for (let next; (next = this.media.next()) !== undefined;) {
        if (!isVideoMultitrack(next.payload)) this.firstTrackMs.push(nowMs);
      }
      for (let rtcp; (rtcp = this.media.nextFeedback(nowMs)) !== undefined;) this.#answer(rtcp);
    }
  }

  #takePictures(nowMs: number): void {
    for (const [at, { rid, ssrc, width }] of LAYERS.entries()) {
      if (this.paused.has(rid)) continue;
      const packets = this.#publishers[at]!.picture((out, timestamp, isKeyFrame) => {
        const { keyFrame, interFrames, put } = CAMERAS.vp8;
        const sized = keyFrame.slice();
        new DataView(sized.buffer).setUint16(6, width, true);
        put(out, timestamp, isKeyFrame ? sized : interFrames[0]!, isKeyFrame);
      }, nowMs);
      for (const packet of packets) {
        new DataView(packet.buffer).setUint32(8, ssrc);
        packet.set([RID_ID << 4, rid.charCodeAt(0)], 21);
        assertEquals(this.media.takeRtp(packet, nowMs), "taken");
      }
    }
  }

  #answer(compound: Uint8Array): void {
    for (const packet of parseRtcp(compound)) {
      if (packet.kind !== "pictureLossIndication") continue;
      this.asked.push(packet.mediaSsrc);
      this.#publishers[LAYERS.findIndex(({ ssrc }) => ssrc === packet.mediaSsrc)]!
        .isKeyFrameWanted = true;
    }
  }
}

Deno.test("of a layer that pauses, the next one's key frame is asked for, and its own when it is back", () => {
  const browser = new Browser();
  const placeOf = (rid: string) =>
    browser.media.describe().layers.find((layer) => layer.rid === rid)!;
  browser.run(0, 2000);
  assertEquals([browser.asked, placeOf("f").tracks, placeOf("h").tracks], [[], [0], [1]]);
  browser.paused.add("f");
  browser.run(2000, 4000);
  assertEquals([browser.asked, placeOf("f").isPaused, placeOf("h").tracks], [[500], true, [0, 1]]);
  const times = browser.firstTrackMs;
  const gapMs = Math.max(...times.slice(1).map((timeMs, at) => timeMs - times[at]!));
  assert(gapMs <= 400, `${gapMs}`);
  browser.paused.delete("f");
  browser.run(4000, 6000);
  assertEquals([browser.asked, placeOf("f").tracks, placeOf("h").tracks], [[500, 501], [0], [1]]);
});

Deno.test("a viewer's wish is for the layer that its track has", () => {
  const browser = new Browser();
  browser.run(0, 2000);
  browser.media.requestKeyFrame(2000, [1]);
  browser.run(2000, 3000);
  assertEquals(browser.asked, [500]);
  browser.media.requestKeyFrame(3000);
  browser.run(3000, 4000);
  assertEquals(browser.asked.toSorted(), [500, 500, 501]);
});
