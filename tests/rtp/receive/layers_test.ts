import { assertEquals } from "@std/assert";
import { FrameDependencies } from "../../../src/rtp/receive/frame_dependencies.ts";
import { PacketRoom } from "../../../src/rtp/receive/packet_room.ts";
import { PictureQueue } from "../../../src/rtp/receive/picture_queue.ts";
import type { ReceivedPacket } from "../../../src/rtp/receive/received_packet.ts";
import { VP8_DEPACKETIZER } from "../../../src/rtp/receive/vp8_depacketizer.ts";
import { bytesOf } from "./bits.ts";

const TERMS = { roundTripMs: 50, canAsk: true };
const DESCRIPTOR_ID = 7;

/** Key frame and T0 of layer 0, T1 of layer 1, T2 of layer 2, one decode target. */
const LAYERS = `1 0 0 0 0  000000 00000  00 01 01 11  10 10 10 10
  0  1 0011 0  1 0001 0  1 0000 0`;

const bits = (value: number, count: number) => value.toString(2).padStart(count, "0");

/**
 * A picture of three temporal layers in a packet: T0, T2, T1, T2 and so on, of which T0 refers to the
 * T0 before, T1 to the T0, and T2 to the picture before it.
 */
function pictureAt(
  number: number,
  isKeyFrame: boolean,
  hasDescriptor = true,
  layers = LAYERS,
): ReceivedPacket {
  const place = number % 4;
  const template = isKeyFrame ? 0 : place === 0 ? 1 : place === 2 ? 2 : 3;
  const structure = isKeyFrame ? layers : "";
  const descriptor = bytesOf(`1 1 ${bits(template, 6)} ${bits(number, 16)} ${structure}`);
  const element = Uint8Array.of(DESCRIPTOR_ID, descriptor.length, ...descriptor);
  return {
    kind: "packet",
    isMarked: true,
    payloadType: 96,
    sequence: number,
    timestamp: number * 3000,
    ssrc: 1,
    extensionProfile: hasDescriptor ? 0x1000 : 0,
    extension: hasDescriptor ? element : new Uint8Array(0),
    payload: Uint8Array.of(0x10, isKeyFrame ? 0x10 : 0x11, number),
    size: 100,
  };
}

/** Which of the pictures leave, and whether a key frame is needed in the end. */
function left(lost: readonly number[], keyFrames: readonly number[] = [], hasDescriptor = true) {
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(1 << 20), DESCRIPTOR_ID);
  const numbers: number[] = [];
  for (let number = 0; number < 13; number++) {
    const isKeyFrame = number === 0 || keyFrames.includes(number);
    if (!lost.includes(number)) {
      queue.put(number, pictureAt(number, isKeyFrame, hasDescriptor), number * 1000);
    }
    for (let picture; (picture = queue.next(TERMS, number * 1000)) !== undefined;) {
      numbers.push(picture.unit.data[1]!);
    }
  }
  for (let picture; (picture = queue.next(TERMS, 20_000)) !== undefined;) {
    numbers.push(picture.unit.data[1]!);
  }
  return { numbers, needsKeyFrame: queue.needsKeyFrame };
}

const without = (...lost: number[]) =>
  Array.from({ length: 13 }, (_, number) => number).filter((number) => !lost.includes(number));

Deno.test("of temporal layers, only what refers to a lost picture is lost with it", () => {
  const cases: [string, number[], number[], boolean][] = [
    ["nothing", [], without(), false],
    ["T2", [3], without(3), false],
    ["T2, to which none refers", [1], without(1), false],
    ["T1", [2], without(2, 3), false],
    ["T1 and a later T2", [2, 5], without(2, 3, 5), false],
    ["T0", [4], [0, 1, 2, 3], true],
    ["T0 and all up to the next", [4, 5, 6, 7], [0, 1, 2, 3], true],
  ];
  for (const [name, lost, numbers, needsKeyFrame] of cases) {
    assertEquals(left(lost), { numbers, needsKeyFrame }, name);
  }
});

Deno.test("behind a lost T0, the next key frame is where it goes on", () => {
  assertEquals(left([4], [8]), { numbers: [0, 1, 2, 3, 8, 9, 10, 11, 12], needsKeyFrame: false });
});

Deno.test("a lost key frame with its structure is missed, whatever else is known", () => {
  assertEquals(left([4], [4]), { numbers: [0, 1, 2, 3], needsKeyFrame: true });
});

Deno.test("without descriptors, whatever is lost is missed", () => {
  assertEquals(left([3], [], false), { numbers: [0, 1, 2], needsKeyFrame: true });
});

Deno.test("descriptors tell a picture's place among layers", () => {
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(1 << 20), DESCRIPTOR_ID);
  // T0, T1 and T2, each of which has a target of its own.
  const structure = `1 0 0 0 0  000000 00010  00 01 01 11
    10 10 10  10 10 10  00 01 10  00 00 01  0  1 0011 0  1 0001 0  1 0000 0`;
  const places = Array.from({ length: 5 }, (_, number) => {
    queue.put(number, pictureAt(number, number === 0, true, structure), number);
    const { layers: { temporalId }, layerSwitch, isDisposable } = queue.next(TERMS, number)!.unit;
    return [temporalId, layerSwitch, isDisposable];
  });
  assertEquals(places, [
    [0, "behind", false],
    [2, "none", true],
    [1, "none", false],
    [2, "none", true],
    [0, "behind", false],
  ]);
});

Deno.test("of a picture of more frames than it can have, no more is read", () => {
  let read = 0;
  function* packets(count: number) {
    for (; read < count; read++) yield pictureAt(read, read === 0);
  }
  assertEquals(new FrameDependencies(DESCRIPTOR_ID).of(packets(8))?.numbers.length, 8);
  read = 0;
  assertEquals(new FrameDependencies(DESCRIPTOR_ID).of(packets(2000)), undefined);
  assertEquals(read, 8);
});
