import { assert, assertEquals } from "@std/assert";
import { deriveSessionKeys } from "../../src/srtp/key_derivation.ts";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import { MAX_RTP_SENDERS, SrtpReceiver } from "../../src/srtp/srtp_receiver.ts";
import { mutate, seededRandom, toHex } from "../../testing/mutation.ts";
import { referenceSrtp } from "../../testing/webrtc/reference_srtp.ts";
import { randomMaster, randomPacket } from "./samples.ts";

function assertTaken(receiver: SrtpReceiver, datagram: Uint8Array, packet: Uint8Array): void {
  const taken = receiver.unprotect(datagram);
  if (typeof taken === "string") throw new Error(`It is ${taken}`);
  assertEquals(toHex(taken), toHex(packet));
}

function open(seed = 1) {
  const random = seededRandom(seed);
  const master = randomMaster(random);
  const keys = deriveSessionKeys(master, "srtp");
  const receiver = new SrtpReceiver(new PacketArena(4), master);
  /** A packet and the datagram that protects it, by node:crypto alone. */
  const make = (index: number, { ssrc = 7, length = 40 } = {}) => {
    const packet = randomPacket(length, random);
    const view = new DataView(packet.buffer);
    view.setUint16(2, index % 0x1_0000);
    view.setUint32(8, ssrc);
    return { packet, datagram: referenceSrtp(packet, BigInt(index), keys) };
  };
  /** What becomes of it. */
  const take = (index: number, options?: Parameters<typeof make>[1]) => {
    const { packet, datagram } = make(index, options);
    assertTaken(receiver, datagram, packet);
  };
  return { receiver, make, take, random };
}

Deno.test("packets of every size come out as the reference put them in", () => {
  const { take } = open();
  for (let length = 12; length <= 1472; length++) take(length, { length });
});

Deno.test("a header with sources and an extension is not decrypted", () => {
  const { random } = open(2);
  const master = randomMaster(random);
  const receiver = new SrtpReceiver(new PacketArena(4), master);
  const packet = randomPacket(90, random);
  packet.set([0x92, 96, 0, 1]);
  packet.set([0xbe, 0xde, 0, 3], 12 + 2 * 4);
  const datagram = referenceSrtp(packet, 1n, deriveSessionKeys(master, "srtp"), 36);
  assertTaken(receiver, datagram, packet);
});

Deno.test("sequence numbers wrap, in any order near the wrap, and jump", () => {
  const { take } = open(3);
  for (const index of [65_533, 65_536, 65_535, 65_537, 65_534, 65_540]) take(index);
  for (let index = 80_000; index < 500_000; index += 30_000) take(index);
  // What is late belongs to the round before.
  take(489_999);
  take(479_990 + 9_500);
});

Deno.test("a packet that came before is refused, and so is one that is too old to know", () => {
  const { receiver, make, take } = open(4);
  const first = make(5);
  assertTaken(receiver, first.datagram, first.packet);
  assertEquals(receiver.unprotect(first.datagram), "replayed");
  take(2000);
  take(2000 - 1023);
  const old = make(2000 - 1024);
  assertEquals(receiver.unprotect(old.datagram), "replayed");
  const again = make(2000 - 1023);
  assertEquals(receiver.unprotect(again.datagram), "replayed");
});

Deno.test("a packet that is not authentic changes nothing, even of a number far ahead", () => {
  const { receiver, make, take } = open(5);
  take(1);
  for (const index of [2, 30_000]) {
    const { datagram, packet } = make(index);
    for (let at = 0; at < datagram.length; at++) {
      // Another source has numbers of its own, and another sequence number another index.
      const forged = Uint8Array.from(datagram);
      forged[at]! ^= 0x40;
      const refusal = receiver.unprotect(forged);
      assert(typeof refusal === "string", `byte ${at} of packet ${index}`);
      if (at >= 12) assertEquals(refusal, "forged");
    }
    assertTaken(receiver, datagram, packet);
  }
});

Deno.test("each source counts for itself, and there are so many of them", () => {
  const { receiver, make, take } = open(6);
  for (let ssrc = 1; ssrc <= MAX_RTP_SENDERS; ssrc++) take(9, { ssrc });
  const another = make(9, { ssrc: 1000 });
  assertEquals(receiver.unprotect(another.datagram), "many sources");
  take(10, { ssrc: MAX_RTP_SENDERS });
});

Deno.test("what is too short, too long, or cut off within its header is refused", () => {
  const { receiver } = open(7);
  for (const length of [0, 11, 21, 1483, 3000]) {
    const datagram = new Uint8Array(length).fill(0x80);
    assertEquals(receiver.unprotect(datagram), "malformed");
  }
  for (const first of [0x8f, 0x90, 0x9f]) {
    const datagram = new Uint8Array(24).fill(0xff);
    datagram[0] = first;
    assertEquals(receiver.unprotect(datagram), "malformed");
  }
});

Deno.test("mutations of packets throw nothing, and none is taken", () => {
  const { receiver, make, random } = open(8);
  for (let round = 0; round < 5000; round++) {
    const { datagram } = make(round);
    const mutant = mutate(datagram, random);
    if (toHex(mutant) === toHex(datagram)) continue;
    assert(typeof receiver.unprotect(mutant) === "string", toHex(mutant));
  }
});
