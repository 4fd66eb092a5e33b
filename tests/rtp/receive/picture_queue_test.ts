import { assert, assertEquals } from "@std/assert";
import { packetizeVp8 } from "../../../src/rtp/vp8_packetizer.ts";
import { H264_DEPACKETIZER } from "../../../src/rtp/receive/h264_depacketizer.ts";
import { PacketRoom } from "../../../src/rtp/receive/packet_room.ts";
import { PictureQueue, type ReceivedPicture } from "../../../src/rtp/receive/picture_queue.ts";
import type { ReceivedPacket } from "../../../src/rtp/receive/received_packet.ts";
import { VP8_DEPACKETIZER } from "../../../src/rtp/receive/vp8_depacketizer.ts";
import { fromHex, seededRandom, toHex } from "../../../testing/mutation.ts";
import { CollectedPackets } from "../collected_packets.ts";
import { Link, type LinkTerms, Numbered } from "./link.ts";

const TERMS = { roundTripMs: 50, canAsk: true };
const MAX_BYTES = 4 << 20;
const FRAME_MS = 33;

const PACKET: ReceivedPacket = {
  kind: "packet",
  isMarked: false,
  payloadType: 96,
  sequence: 0,
  timestamp: 1,
  ssrc: 1,
  extensionProfile: 0,
  extension: new Uint8Array(0),
  payload: Uint8Array.of(0x10, 0x10),
  size: 14,
};

/** Pictures of VP8, with a key frame as every so manyth. */
class Camera {
  readonly pictures: string[] = [];
  readonly #random: () => number;
  readonly #out: CollectedPackets;
  isKeyFrameWanted = true;

  constructor(seed = 1, firstNumber = 65_500) {
    this.#random = seededRandom(seed);
    this.#out = new CollectedPackets(firstNumber);
  }

  /** The packets of the next picture. */
  next(size = 200 + this.#random() * 6000 | 0): Uint8Array<ArrayBuffer>[] {
    const at = this.pictures.length;
    const isKeyFrame = this.isKeyFrameWanted;
    this.isKeyFrameWanted = false;
    const data = Uint8Array.from({ length: size }, () => this.#random() * 256);
    data[0] = isKeyFrame ? 0x10 : 0x11;
    this.pictures.push(toHex(data));
    const before = this.#out.packets.length;
    const frame = { data, isKeyFrame, timestamp: at * 3000, timeMs: at * FRAME_MS };
    packetizeVp8(frame, { ssrc: 1 }, this.#out);
    return this.#out.packets.slice(before);
  }
}

/** A queue that is given packets by their numbers. */
class Receiver {
  readonly queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(MAX_BYTES));
  readonly pictures: ReceivedPicture[] = [];
  readonly data: string[] = [];
  readonly #numbered = new Numbered();
  readonly #terms: typeof TERMS;

  constructor(terms = TERMS) {
    this.#terms = terms;
  }

  take(packets: readonly Uint8Array[], nowMs: number): readonly string[] {
    for (const packet of packets) {
      const [number, parsed] = this.#numbered.of(packet);
      this.queue.put(number, parsed, nowMs);
      this.run(nowMs);
    }
    return this.data;
  }

  run(nowMs: number): void {
    let picture: ReceivedPicture | undefined;
    while ((picture = this.queue.next(this.#terms, nowMs)) !== undefined) {
      this.pictures.push(picture);
      this.data.push(toHex(picture.unit.data));
    }
  }
}

Deno.test("pictures leave when they are whole, in order, with what belongs to them", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  for (let at = 0; at < 30; at++) {
    assertEquals(receiver.take(camera.next(), at * FRAME_MS), camera.pictures);
  }
  assertEquals(receiver.pictures.map(({ timestamp }) => timestamp), times(30));
  assertEquals([receiver.queue.bytes, receiver.queue.givenUp], [0, 0]);
});

function times(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at * 3000);
}

Deno.test("nothing leaves before the first key frame, which is to be asked for", () => {
  const camera = new Camera();
  camera.isKeyFrameWanted = false;
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  receiver.take(camera.next(), 1);
  assertEquals([receiver.data, receiver.queue.needsKeyFrame], [[], true]);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(), 2);
  assertEquals(receiver.data, camera.pictures.slice(2));
  assertEquals(receiver.queue.needsKeyFrame, false);
});

Deno.test("packets in any order within a picture make it; duplicates do nothing", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  const packets = camera.next(9000);
  receiver.take([...packets].reverse(), 1);
  receiver.take(packets, 2);
  assertEquals(receiver.data, camera.pictures);
});

Deno.test("a packet that is sent again takes its place; those behind wait for it", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  const [first, lost, ...rest] = camera.next(5000);
  receiver.take([first!, ...rest], FRAME_MS);
  receiver.take(camera.next(), 2 * FRAME_MS);
  assertEquals(receiver.data, camera.pictures.slice(0, 1));
  const { queue } = receiver;
  assertEquals(queue.requestsDueMs, FRAME_MS + 5);
  assertEquals(queue.takeRequests(50, FRAME_MS + 4), []);
  const number = lost![2]! << 8 | lost![3]!;
  assertEquals(queue.takeRequests(50, FRAME_MS + 5), [number]);
  assertEquals(queue.takeRequests(50, FRAME_MS + 64), []);
  assertEquals(queue.takeRequests(50, FRAME_MS + 65), [number], "again after a round trip");
  receiver.take([lost!], 3 * FRAME_MS);
  assertEquals(receiver.data, camera.pictures);
  assertEquals([queue.requestsDueMs, queue.dueMs(TERMS)], [Infinity, Infinity]);
});

Deno.test("a picture that does not come whole is given up, and nothing leaves until a key frame", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  receiver.take(camera.next(5000).slice(1), 10);
  receiver.take(camera.next(), 20);
  assertEquals(receiver.queue.dueMs(TERMS), 110, "to look for a key frame");
  receiver.run(110);
  const dueMs = receiver.queue.dueMs(TERMS);
  assertEquals(dueMs, 10 + 250);
  receiver.run(dueMs - 1);
  assertEquals(receiver.queue.needsKeyFrame, false);
  receiver.run(dueMs);
  assertEquals([receiver.queue.needsKeyFrame, receiver.queue.givenUp], [true, 1]);
  receiver.take(camera.next(), dueMs + 10);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(), dueMs + 40);
  receiver.take(camera.next(), dueMs + 70);
  assertEquals(receiver.data, [0, 4, 5].map((at) => camera.pictures[at]));
});

Deno.test("the same at every packet of a picture: lost, it is never passed as a whole one", () => {
  for (let lost = 0; lost < 5; lost++) {
    const camera = new Camera();
    const receiver = new Receiver();
    receiver.take(camera.next(), 0);
    const packets = camera.next(5000);
    assertEquals(packets.length, 5);
    receiver.take(packets.filter((_, at) => at !== lost), 10);
    receiver.take(camera.next(), 20);
    receiver.run(1000);
    camera.isKeyFrameWanted = true;
    receiver.take(camera.next(5000), 1010);
    assertEquals(receiver.data, [0, 3].map((at) => camera.pictures[at]), `without ${lost}`);
  }
});

Deno.test("a key frame that lost its first packet is no key frame", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  const packets = camera.next(5000);
  receiver.take(packets.slice(1), 0);
  receiver.run(1000);
  receiver.take(camera.next(), 1010);
  assertEquals([receiver.data, receiver.queue.needsKeyFrame], [[], true]);
});

Deno.test("a whole key frame behind what is lost is not kept waiting for long", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  receiver.take(camera.next(5000).slice(1), 10);
  receiver.take(camera.next(5000).slice(0, 2), 15);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(5000), 20);
  assertEquals(receiver.data.length, 1, "it may still come");
  receiver.run(109);
  assertEquals(receiver.data.length, 1);
  receiver.run(110);
  assertEquals(receiver.data, [0, 3].map((at) => camera.pictures[at]));
  // While one is wanted, it goes at once.
  receiver.take(camera.next(5000).slice(1), 120);
  receiver.take(camera.next(5000).slice(1), 125);
  receiver.run(1000);
  assertEquals(receiver.queue.needsKeyFrame, true);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(5000), 1001);
  receiver.run(1010);
  assertEquals(receiver.data.length, 3);
});

Deno.test("packets that cannot be asked for are waited for as long as they may be overtaken", () => {
  const terms = { roundTripMs: 50, canAsk: false };
  const camera = new Camera();
  const receiver = new Receiver(terms);
  receiver.take(camera.next(), 0);
  receiver.take(camera.next(5000).slice(1), 10);
  assertEquals(receiver.queue.dueMs(terms), 60);
});

Deno.test("padding takes numbers and makes no pictures", () => {
  const camera = new Camera();
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(MAX_BYTES));
  const numbered = new Numbered();
  const parsed = [...camera.next(3000), ...camera.next(3000)].map((one) => numbered.of(one)[1]);
  const padding = { ...parsed[0]!, payload: new Uint8Array(0), isMarked: false };
  const packets = [padding, parsed[0]!, padding, ...parsed.slice(1, 3), padding, padding];
  packets.push(...parsed.slice(3), padding);
  const pictures: string[] = [];
  for (const [number, packet] of packets.entries()) {
    queue.put(number, packet, 0);
    const picture = queue.next(TERMS, 0);
    if (picture !== undefined) pictures.push(toHex(picture.unit.data));
  }
  assertEquals(pictures, camera.pictures);
});

Deno.test("pictures without a marker end where the next one begins", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  for (let at = 0; at < 4; at++) {
    const packets = camera.next();
    packets.at(-1)![1] = 0;
    receiver.take(packets, at * FRAME_MS);
  }
  assertEquals(receiver.data, camera.pictures.slice(0, 3));
});

Deno.test("what is malformed counts as lost", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(), 0);
  const [packet] = camera.next(100);
  receiver.take([packet!.slice(0, 13)], 10);
  assertEquals(receiver.queue.needsKeyFrame, true);
  receiver.take(camera.next(), 20);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(), 30);
  assertEquals(receiver.data, [0, 3].map((at) => camera.pictures[at]));
});

Deno.test("a picture of which nothing is left is none, and nothing is lost with it", () => {
  const queue = new PictureQueue(H264_DEPACKETIZER, new PacketRoom(MAX_BYTES));
  const keyFrame = Uint8Array.of(0x65, 0x88);
  const payloads = [fromHex("6742"), keyFrame, fromHex("0011"), fromHex("4188")];
  const pictures: string[] = [];
  for (const [number, payload] of payloads.entries()) {
    const timestamp = Math.max(0, number - 1) * 3000;
    queue.put(number, { ...PACKET, isMarked: number > 0, timestamp, payload }, number);
    const picture = queue.next(TERMS, number);
    if (picture !== undefined) pictures.push(toHex(picture.unit.data));
  }
  assertEquals(pictures, ["000000026742000000026588", "000000024188"]);
});

const LINKS: readonly (Omit<LinkTerms, "seed"> & { readonly name: string })[] = [
  { name: "disorder", lossFraction: 0, delayMs: 20, jitterMs: 40, duplicateFraction: 0.05 },
  { name: "5 % loss", lossFraction: 0.05, delayMs: 25, jitterMs: 0, duplicateFraction: 0 },
  {
    name: "10 % loss and all",
    lossFraction: 0.1,
    delayMs: 40,
    jitterMs: 30,
    duplicateFraction: 0.05,
  },
  { name: "30 % loss", lossFraction: 0.3, delayMs: 75, jitterMs: 20, duplicateFraction: 0.1 },
];

Deno.test("over bad links: whole pictures in order, each group from its key frame without a gap", () => {
  for (const terms of LINKS) {
    for (const seed of [1, 3]) {
      const link = new Link({ ...terms, seed });
      const camera = new Camera(seed);
      const receiver = new Receiver({ roundTripMs: 2 * terms.delayMs, canAsk: true });
      let keyFrameAtMs = Infinity;
      for (let nowMs = 0; nowMs < 9900; nowMs += 3) {
        if (nowMs >= keyFrameAtMs) {
          camera.isKeyFrameWanted = true;
          keyFrameAtMs = Infinity;
        }
        const isDue = nowMs % FRAME_MS === 0 && nowMs < 9000;
        if (isDue) { for (const packet of camera.next()) link.send(packet, nowMs); }
        receiver.take(link.arrived(nowMs), nowMs);
        receiver.run(nowMs);
        link.request(receiver.queue.takeRequests(2 * terms.delayMs, nowMs), nowMs);
        if (receiver.queue.needsKeyFrame && keyFrameAtMs === Infinity && nowMs % 510 === 0) {
          keyFrameAtMs = nowMs + terms.delayMs;
        }
        assert(receiver.queue.bytes < 1 << 20);
      }
      checkGroups(camera, receiver, `${terms.name}, seed ${seed}`);
      const share = receiver.data.length / camera.pictures.length;
      const least = terms.lossFraction >= 0.3 ? 0.4 : 0.97;
      assert(share >= least, `${terms.name}, seed ${seed}: ${share}`);
    }
  }
});

/** Every picture that left is one that was sent; behind each comes the next, or a key frame. */
function checkGroups(camera: Camera, receiver: Receiver, what: string): void {
  const places = new Map(camera.pictures.map((data, at) => [data, at]));
  let before = -1;
  for (const { unit } of receiver.pictures) {
    const at = places.get(toHex(unit.data)) ?? -1;
    assert(at >= 0, `${what}: a picture that was not sent`);
    assert(at === before + 1 || (at > before && unit.isKeyFrame), `${what}: ${before} to ${at}`);
    before = at;
  }
}

Deno.test("whatever comes, it is bounded, and goes on with the next key frame", () => {
  const random = seededRandom(9);
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(100_000));
  const payload = new Uint8Array(1000);
  const packet = (changes: Partial<ReceivedPacket>): ReceivedPacket => ({
    ...PACKET,
    isMarked: random() < 0.1,
    timestamp: random() * 8 | 0,
    payload: payload.subarray(0, random() * 1000 | 0),
    size: 1000,
    ...changes,
  });
  let number = 0;
  for (let round = 0; round < 200_000; round++) {
    const step = random() < 0.01 ? random() * 5000 : random() * 6 - 2;
    number = Math.max(0, number + Math.floor(step));
    queue.put(number, packet({}), round / 100);
    while (queue.next(TERMS, round / 100) !== undefined);
    if (round % 50 === 0) queue.takeRequests(50, round / 100);
    assert(queue.bytes <= 100_000);
  }
  const start = number + 10_000;
  queue.restart(start);
  const keyFrame = Uint8Array.of(0x10, 0x10, 0, 0);
  queue.put(start, packet({ payload: keyFrame, isMarked: true }), 3000);
  assertEquals(queue.next(TERMS, 3000)?.unit.data, keyFrame.subarray(1));
});

Deno.test("100,000 packets of one picture without end, backwards: no harm to the thread", () => {
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(MAX_BYTES));
  const begin = performance.now();
  for (let round = 0; round < 100_000; round++) {
    const number = (round >> 11 << 11) + 2047 - (round & 2047);
    queue.put(number, PACKET, round / 100);
    queue.next(TERMS, round / 100);
  }
  // A second's worth of an attack, which takes some 20 ms.
  assert(performance.now() - begin < 2000);
});

Deno.test("each packet is looked into once, however often a key frame is looked for", () => {
  let looks = 0;
  const isOfKeyFrame = (payload: Uint8Array) => {
    looks++;
    return H264_DEPACKETIZER.isOfKeyFrame(payload);
  };
  const queue = new PictureQueue({ ...H264_DEPACKETIZER, isOfKeyFrame }, new PacketRoom(MAX_BYTES));
  // Nothing but NAL units of no bytes: to look into it takes long.
  const packet = { ...PACKET, payload: new Uint8Array(1150).fill(24, 0, 1) };
  queue.put(0, packet, 0);
  for (let number = 2; number < 1500; number++) {
    queue.put(number, packet, number / 10);
    queue.next({ roundTripMs: 500, canAsk: true }, number / 10);
    assert(queue.lacksKeyFrame);
  }
  assertEquals(looks, 1499);
});

Deno.test("what is held is counted with all that comes along", () => {
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(100_000));
  let overflows = 0;
  for (let number = 0; number < 20; number++) {
    if (queue.put(2 * number, { ...PACKET, size: 60_000 }, 0) === "overflow") overflows++;
    assert(queue.bytes <= 100_000);
  }
  assertEquals(overflows, 19);
});

Deno.test("layers share their room: one has all of it while others need none, and gives it back", () => {
  const room = new PacketRoom(20_000);
  const [large, small] = [1, 2].map(() => new PictureQueue(VP8_DEPACKETIZER, room));
  const put = (queue: PictureQueue | undefined, number: number) =>
    queue!.put(number, { ...PACKET, size: 1000 }, 0);
  for (let number = 0; number < 13; number++) assertEquals(put(large, number), "taken");
  assertEquals(put(small, 1), "overflow");
  large!.close();
  for (let number = 2; number < 15; number++) assertEquals(put(small, number), "taken");
  assertEquals(put(large, 20), "overflow");
});

Deno.test("packets of a few bytes are counted with what each takes beside them", () => {
  const queue = new PictureQueue(VP8_DEPACKETIZER, new PacketRoom(100_000));
  let most = 0;
  for (let number = 1; queue.put(number, { ...PACKET, size: 13 }, 0) !== "overflow"; number++) {
    most = number;
    assert(number < 2000, "they are without end");
  }
  assert(most * 500 < 100_000, `${most}`);
  assert(queue.bytes < 1000);
});

Deno.test("behind what is lost, a key frame leaves though nothing comes any more", () => {
  const camera = new Camera();
  const receiver = new Receiver();
  receiver.take(camera.next(5000).slice(1), 0);
  receiver.take(camera.next(5000).slice(1), 1);
  camera.isKeyFrameWanted = true;
  receiver.take(camera.next(5000), 2);
  assertEquals(receiver.data, []);
  const dueMs = receiver.queue.dueMs(TERMS);
  assert(dueMs <= 7, `${dueMs}`);
  receiver.run(dueMs);
  assertEquals(receiver.data, camera.pictures.slice(2));
});
