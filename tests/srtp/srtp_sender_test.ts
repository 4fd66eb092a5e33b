import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { ProtectionProfileAes128CmHmacSha1_80, RtpPacket, SrtpSession } from "werift";
import { deriveSessionKeys } from "../../src/srtp/key_derivation.ts";
import { MAX_RTP_PACKET_LENGTH, PacketArena } from "../../src/srtp/packet_arena.ts";
import { SrtpError } from "../../src/srtp/srtp_error.ts";
import { MAX_PACKET_INDEX, type RtpIdentity, SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { fromHex, seededRandom, toHex } from "../mutation.ts";
import { referenceSrtp } from "./reference.ts";
import { randomMaster, randomPacket, RFC_MASTER } from "./samples.ts";

const IDENTITY: RtpIdentity = { payloadType: 102, ssrc: 0xdead_beef };

/** The packet as its viewer must find it. */
function marked(packet: Uint8Array, index: number, identity: RtpIdentity): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(packet);
  const view = new DataView(copy.buffer);
  view.setUint8(1, (packet[1]! & 0x80) + identity.payloadType);
  view.setUint16(2, index % 0x1_0000);
  view.setUint32(8, identity.ssrc);
  return copy;
}

Deno.test("every size from 12 to 1472 equals the reference, alone and in batches of any size", () => {
  const random = seededRandom(1);
  const arena = new PacketArena(64);
  const master = randomMaster(random);
  const keys = deriveSessionKeys(master, "srtp");
  const sender = new SrtpSender(arena, master);
  const packets = [];
  for (let length = 12; length <= 1472; length++) packets.push(randomPacket(length, random));
  const before = packets.map(toHex);
  let index = 0xfe00;
  for (let from = 0, count = 1; from < packets.length; from += count, count = count % 47 + 1) {
    count = Math.min(count, packets.length - from);
    const datagrams: Uint8Array[] = [];
    const batch = packets.slice(from, from + 50);
    sender.protectBatch(batch, count, index, IDENTITY, datagrams);
    assertEquals(datagrams.length, count);
    for (const [at, datagram] of datagrams.entries()) {
      const plain = marked(batch[at]!, index + at, IDENTITY);
      assertEquals(
        toHex(datagram),
        toHex(referenceSrtp(plain, BigInt(index + at), keys)),
        `${plain.length} bytes in a batch of ${count}`,
      );
    }
    assertEquals(
      toHex(sender.protectOne(batch[0]!, index, IDENTITY)),
      toHex(referenceSrtp(marked(batch[0]!, index, IDENTITY), BigInt(index), keys)),
    );
    index += count;
  }
  assert(index > 0x1_0000, "the sequence number wrapped");
  assertEquals(packets.map(toHex), before, "plaintext packets are not changed");
});

Deno.test("random lengths, indexes of 48 bits, SSRCs and keys equal the reference", () => {
  const random = seededRandom(2);
  const arena = new PacketArena(32);
  for (let round = 0; round < 400; round++) {
    const master = randomMaster(random);
    const sender = new SrtpSender(arena, master);
    const keys = deriveSessionKeys(master, "srtp");
    const count = 1 + Math.floor(random() * 20);
    const packets = Array.from(
      { length: count },
      () => randomPacket(12 + Math.floor(random() * 1461), random),
    );
    const index = Math.floor(random() * 2 ** (17 + 31 * random()));
    const identity = {
      payloadType: Math.floor(random() * 128),
      ssrc: Math.floor(random() * 2 ** 32),
    };
    const datagrams: Uint8Array[] = [];
    sender.protectBatch(packets, count, index, identity, datagrams);
    assertEquals(
      datagrams.map(toHex),
      packets.map((packet, at) =>
        toHex(referenceSrtp(marked(packet, index + at, identity), BigInt(index + at), keys))
      ),
      `round ${round}`,
    );
  }
});

Deno.test("the last index of all, wraps within a batch, and old packets after a wrap", () => {
  const random = seededRandom(3);
  const sender = new SrtpSender(new PacketArena(64), RFC_MASTER);
  const keys = deriveSessionKeys(RFC_MASTER, "srtp");
  const packets = Array.from({ length: 20 }, () => randomPacket(300, random));
  for (const first of [0xfff6, 0xffff_fff6, 2 ** 31 - 10, 2 ** 47 - 10, MAX_PACKET_INDEX - 19]) {
    const datagrams: Uint8Array[] = [];
    sender.protectBatch(packets, 20, first, IDENTITY, datagrams);
    for (const [at, datagram] of datagrams.entries()) {
      const plain = marked(packets[at]!, first + at, IDENTITY);
      assertEquals(toHex(datagram), toHex(referenceSrtp(plain, BigInt(first + at), keys)));
    }
    const again = sender.protectOne(packets[1]!, first + 1, IDENTITY);
    assertEquals(toHex(again), toHex(datagrams[1]!), "the same packet gives the same bytes");
  }
});

Deno.test("RTX: the original sequence number goes before the payload", () => {
  const random = seededRandom(4);
  const sender = new SrtpSender(new PacketArena(8), RFC_MASTER);
  const keys = deriveSessionKeys(RFC_MASTER, "srtp");
  for (const length of [12, 13, 300, MAX_RTP_PACKET_LENGTH - 2]) {
    const packet = randomPacket(length, random);
    const plain = marked(
      Uint8Array.from([...packet.subarray(0, 12), 0xab, 0xcd, ...packet.subarray(12)]),
      0x2_0003,
      IDENTITY,
    );
    assertEquals(
      toHex(sender.protectRetransmission(packet, 0xabcd, 0x2_0003, IDENTITY)),
      toHex(referenceSrtp(plain, 0x2_0003n, keys)),
    );
  }
});

Deno.test("werift decrypts what is sent, over a wrap; what it encrypts is the same", () => {
  const random = seededRandom(5);
  const master = randomMaster(random);
  const sender = new SrtpSender(new PacketArena(), master);
  const session = () =>
    new SrtpSession({
      profile: ProtectionProfileAes128CmHmacSha1_80,
      keys: {
        localMasterKey: Buffer.from(master.key),
        localMasterSalt: Buffer.from(master.salt),
        remoteMasterKey: Buffer.from(master.key),
        remoteMasterSalt: Buffer.from(master.salt),
      },
    });
  const receiving = session();
  const sending = session();
  for (let index = 0xffc0; index < 0x1_0040; index++) {
    const packet = randomPacket(12 + Math.floor(random() * 1400), random);
    const plain = marked(packet, index, IDENTITY);
    const datagram = sender.protectOne(packet, index, IDENTITY);
    assertEquals(toHex(receiving.decrypt(Buffer.from(datagram))), toHex(plain));
    const { header } = RtpPacket.deSerialize(Buffer.from(plain));
    const theirs = sending.encrypt(Buffer.from(plain.subarray(12)), header);
    assertEquals(toHex(datagram), toHex(theirs));
  }
});

Deno.test("a slot lives until as many packets as there are slots follow", () => {
  const random = seededRandom(6);
  const arena = new PacketArena(8);
  const senders = [new SrtpSender(arena, RFC_MASTER), new SrtpSender(arena, randomMaster(random))];
  const packet = randomPacket(100, random);
  const first = senders[0]!.protectOne(packet, 1, IDENTITY);
  const bytes = toHex(first);
  for (let index = 2; index <= 8; index++) senders[index % 2]!.protectOne(packet, index, IDENTITY);
  assertEquals(toHex(first), bytes);
  const ninth = senders[0]!.protectOne(packet, 9, IDENTITY);
  assertEquals(toHex(first), toHex(ninth));
});

Deno.test("the memory does not grow", () => {
  const arena = new PacketArena(8);
  const sender = new SrtpSender(arena, RFC_MASTER);
  const packets = Array.from({ length: 8 }, () => randomPacket(1472, seededRandom(7)));
  const { buffer } = arena.memory;
  for (let index = 0; index < 800; index += 8) {
    sender.protectBatch(packets, 8, index, IDENTITY, []);
  }
  assertEquals(arena.memory.buffer, buffer);
  assert(buffer.byteLength < 131_072);
});

Deno.test("what can not be protected is refused before anything is written", () => {
  const sender = new SrtpSender(new PacketArena(8), RFC_MASTER);
  const good = randomPacket(100, seededRandom(8));
  const withFlags = (flags: number) => Uint8Array.from(good, (byte, at) => at === 0 ? flags : byte);
  const cases: [RegExp, () => void][] = [
    [/12\.\.1472 bytes, got 11/, () => sender.protectOne(good.subarray(0, 11), 0, IDENTITY)],
    [/got 1473/, () => sender.protectOne(new Uint8Array(1473), 0, IDENTITY)],
    [
      /12\.\.1470 bytes, got 1471/,
      () => sender.protectRetransmission(new Uint8Array(1471), 0, 0, IDENTITY),
    ],
    [/index must be .* got -1/, () => sender.protectOne(good, -1, IDENTITY)],
    [/got 0\.5/, () => sender.protectOne(good, 0.5, IDENTITY)],
    [/got NaN/, () => sender.protectOne(good, NaN, IDENTITY)],
    [/index/, () => sender.protectOne(good, 2 ** 48, IDENTITY)],
    [/index/, () => sender.protectBatch([good, good], 2, 2 ** 48 - 1, IDENTITY, [])],
    [/up to 1, got 2/, () => sender.protectBatch([good], 2, 0, IDENTITY, [])],
    [/up to 8, got 9/, () => sender.protectBatch(Array(9).fill(good), 9, 0, IDENTITY, [])],
    [/flags 144/, () => sender.protectOne(withFlags(0x90), 0, IDENTITY)],
    [/flags 129/, () => sender.protectOne(withFlags(0x81), 0, IDENTITY)],
    [/flags 64/, () => sender.protectOne(withFlags(0x40), 0, IDENTITY)],
  ];
  for (const [message, run] of cases) {
    const error = assertThrows(run, SrtpError);
    assert(message.test(error.message), error.message);
  }
  sender.protectOne(withFlags(0xa0), 0, IDENTITY);
  for (const slotCount of [3, 4097, 4.5, NaN]) {
    assertThrows(() => new PacketArena(slotCount), SrtpError, `got ${slotCount}`);
  }
});

Deno.test("the packet that libsrtp validates itself with", () => {
  const sender = new SrtpSender(new PacketArena(4), RFC_MASTER);
  const packet = Uint8Array.from([
    ...fromHex("800f 0000 decafbad 00000000"),
    ...Array(16).fill(0xab),
  ]);
  assertEquals(
    toHex(sender.protectOne(packet, 0x1234, { payloadType: 0x0f, ssrc: 0xcafe_babe })),
    "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
  );
});

Deno.test("RFC 3711 B.2: the reference's keystream", () => {
  const keys = {
    cipherKey: fromHex("2B7E151628AED2A6ABF7158809CF4F3C"),
    authenticationKey: new Uint8Array(20),
    salt: fromHex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
  };
  const zeros = new Uint8Array(12 + 48);
  assertEquals(
    toHex(referenceSrtp(zeros, 0n, keys).subarray(12, 60)).toUpperCase(),
    "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0",
  );
});
