import { assert, assertEquals } from "@std/assert";
import { layerBits, type LayerSwitch } from "../../src/codec/picture_layer.ts";
import { TemporalChoice } from "../../src/egress/temporal_choice.ts";
import { seededRandom } from "../../testing/mutation.ts";

/** T0 T2 T1 T2, of which T0 takes half of all, T1 and both T2 a quarter each. */
const PATTERN = [0, 2, 1, 2];
const BYTES = [800, 400, 200];
const FULL_BPS = 1_000_000;

interface Sent {
  readonly at: number;
  readonly temporalId: number;
}

/** Publishes pictures; how those of higher layers refer to others is up to `switchOf`. */
class Stream {
  readonly choice = new TemporalChoice();
  readonly #switchOf: (at: number) => LayerSwitch;
  readonly sent: Sent[] = [];
  #at = 0;

  constructor(switchOf: (at: number) => LayerSwitch) {
    this.#switchOf = switchOf;
  }

  /** The layers that were sent of so many pictures. */
  go(count: number, roomBps: number, keyFrameAt = -1): string {
    let layers = "";
    for (let left = count; left > 0; left--, this.#at++) {
      const temporalId = PATTERN[this.#at % PATTERN.length]!;
      const layer = layerBits({
        temporalId,
        layerSwitch: this.#switchOf(this.#at),
        isUnreferenced: false,
      });
      const isKeyFrame = count - left === keyFrameAt;
      const picture = { layer, isKeyFrame, bytes: () => BYTES[temporalId]! };
      if (this.choice.leavesOut(picture, { roomBps, fullBps: FULL_BPS })) continue;
      layers += temporalId;
      this.sent.push({ at: this.#at, temporalId });
    }
    return layers;
  }
}

/** As VP9 says it: behind each T0, others refer to nothing higher before it. */
const BEHIND_T0 = (at: number) => at % 4 === 0 ? "behind" as const : "none";

Deno.test("TemporalChoice: higher layers are left out as far as there is no room, at once", () => {
  const stream = new Stream(BEHIND_T0);
  assertEquals(stream.go(8, FULL_BPS), "02120212");
  assertEquals(stream.go(8, 800_000), "0101");
  assertEquals(stream.choice.isWhole, false);
  assertEquals(stream.go(8, 600_000), "00");
  assertEquals(stream.go(8, 100_000), "00", "the lowest is not its business");
});

Deno.test("TemporalChoice: they come again behind a picture that says so", () => {
  const stream = new Stream(BEHIND_T0);
  stream.go(200, 800_000);
  assertEquals(stream.go(2, 500_000), "0");
  // The T1 that comes next may refer to one that was left out, but for what the T0 said before it.
  assertEquals(stream.go(2, FULL_BPS), "");
  assertEquals(stream.go(8, FULL_BPS), "02120212");
  assertEquals(stream.choice.isWhole, true);
});

Deno.test("TemporalChoice: they come again layer by layer at pictures that refer to the lowest alone", () => {
  const at = { first: 40, second: 45 };
  const stream = new Stream((index) =>
    index === at.first + 2 || index === at.second ? "here" : "none"
  );
  stream.go(32, 500_000);
  assertEquals(stream.go(8, FULL_BPS), "00");
  assertEquals(stream.go(8, FULL_BPS), "01" + "0212");
});

Deno.test("TemporalChoice: without a word they come again at a key frame", () => {
  const stream = new Stream(() => "none");
  stream.go(32, 500_000);
  assertEquals(stream.choice.isHeldBack, false);
  assertEquals(stream.go(16, FULL_BPS), "0000");
  assertEquals(stream.choice.isHeldBack, false);
  stream.go(64, FULL_BPS);
  assertEquals(stream.choice.isHeldBack, true);
  assertEquals(stream.go(8, FULL_BPS, 4), "00212");
  assertEquals(stream.choice.isHeldBack, false);
});

Deno.test("TemporalChoice: one layer more needs something to spare", () => {
  const stream = new Stream(BEHIND_T0);
  stream.go(400, 500_000);
  // T0 and T1 take three quarters.
  assertEquals(stream.go(8, 780_000), "00");
  assertEquals(stream.go(8, 850_000), "0101");
  assertEquals(stream.go(8, 760_000), "0101");
});

Deno.test("TemporalChoice: no picture is sent without those that it may refer to", () => {
  const random = seededRandom(5);
  const stream = new Stream(BEHIND_T0);
  for (let turn = 0; turn < 500; turn++) stream.go(1 + random() * 8 | 0, random() * 1_500_000);
  const sent = new Set(stream.sent.map(({ at }) => at));
  for (const { at, temporalId } of stream.sent) {
    // T1 refers to the T0 before it, T2 to both before it in its group.
    if (temporalId === 1) assert(sent.has(at - 2));
    if (temporalId === 2) assert(sent.has(at - 1));
  }
});

Deno.test("TemporalChoice: where there are no layers any more, nothing is left out", () => {
  const stream = new Stream(() => "none");
  stream.go(32, 500_000);
  const bytes = () => 800;
  const room = { roomBps: 500_000, fullBps: FULL_BPS };
  for (let at = 0; at < 600; at++) {
    assertEquals(stream.choice.leavesOut({ layer: 0, isKeyFrame: at === 0, bytes }, room), false);
  }
  assertEquals(stream.choice.isWhole, true);
});

Deno.test("TemporalChoice: streams without layers are not looked into", () => {
  const choice = new TemporalChoice();
  const bytes = () => {
    throw new Error("nobody asks");
  };
  for (const roomBps of [0, FULL_BPS]) {
    const room = { roomBps, fullBps: FULL_BPS };
    for (const isUnreferenced of [false, true]) {
      const layer = layerBits({ temporalId: 0, layerSwitch: "none", isUnreferenced });
      assertEquals(choice.leavesOut({ layer, isKeyFrame: false, bytes }, room), false);
      assertEquals(choice.isWhole, true);
    }
  }
});
