import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { ProtectionProfileAes128CmHmacSha1_80, RtpPacket, SrtpSession } from "werift";
import { deriveSessionKeys } from "../../src/srtp/key_derivation.ts";
import { MAX_RTP_PACKET_LENGTH, PacketArena } from "../../src/srtp/packet_arena.ts";
import type { RtpIdentity } from "../../src/srtp/rtp_identity.ts";
import { SrtpError } from "../../src/srtp/srtp_error.ts";
import { MAX_PACKET_INDEX, SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import { referenceSrtp } from "../../testing/webrtc/reference_srtp.ts";
import { randomMaster, randomPacket, RFC_MASTER } from "./samples.ts";

const IDENTITY: RtpIdentity = { payloadType: 102, ssrc: 0xdead_beef, extension: undefined };

const EXTENSION = {
  bytes: fromHex("bede 0002 52000000 31ffff00"),
  transportSequenceAt: 9,
};

/** The packet as its viewer must find it. */
function marked(
  packet: Uint8Array,
  index: number,
  identity: RtpIdentity,
  transportSequence = 0,
): Uint8Array<ArrayBuffer> {
  const { extension } = identity;
  const copy = extension === undefined
    ? Uint8Array.from(packet)
    : Uint8Array.from([...packet.subarray(0, 12), ...extension.bytes, ...packet.subarray(12)]);
  if (extension !== undefined) {
    copy[0]! += 0x10;
    const at = 12 + extension.transportSequenceAt;
    if (at >= 12) new DataView(copy.buffer).setUint16(at, transportSequence % 0x1_0000);
  }
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
      extension: undefined,
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

Deno.test("timestamps are shifted modulo 2^32, in all ways of sending, and nothing else is", () => {
  const random = seededRandom(9);
  const sender = new SrtpSender(new PacketArena(8), RFC_MASTER);
  const keys = deriveSessionKeys(RFC_MASTER, "srtp");
  for (const shift of [1, -1, 90_000, -0x8000_0000, 0xffff_ffff]) {
    const packet = randomPacket(300, random);
    const shifted = packet.slice();
    const view = new DataView(shifted.buffer);
    view.setUint32(4, (view.getUint32(4) + shift) >>> 0);
    const expected = toHex(referenceSrtp(marked(shifted, 0x2_0003, IDENTITY), 0x2_0003n, keys));
    const datagrams: Uint8Array[] = [];
    sender.protectBatch([packet], 1, 0x2_0003, IDENTITY, datagrams, shift);
    assertEquals(toHex(datagrams[0]!), expected);
    assertEquals(toHex(sender.protectOne(packet, 0x2_0003, IDENTITY, shift)), expected);
    assertEquals(
      toHex(sender.protectRetransmission(packet, 7, 0x2_0003, IDENTITY, shift)),
      toHex(sender.protectRetransmission(shifted, 7, 0x2_0003, IDENTITY)),
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
    toHex(
      sender.protectOne(packet, 0x1234, {
        payloadType: 0x0f,
        ssrc: 0xcafe_babe,
        extension: undefined,
      }),
    ),
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

Deno.test("a header extension is in clear and authenticated, and numbers packets over all streams", () => {
  const random = seededRandom(9);
  const sender = new SrtpSender(new PacketArena(64), RFC_MASTER);
  const keys = deriveSessionKeys(RFC_MASTER, "srtp");
  const audio = { payloadType: 111, ssrc: 1, extension: EXTENSION };
  const video = { payloadType: 102, ssrc: 2, extension: EXTENSION };
  const rtx = { payloadType: 103, ssrc: 3, extension: EXTENSION };
  const plain = { ...audio, extension: undefined };
  const headerLength = 12 + EXTENSION.bytes.length;
  const check = (datagram: Uint8Array, marked: Uint8Array, index: number) =>
    assertEquals(toHex(datagram), toHex(referenceSrtp(marked, BigInt(index), keys, headerLength)));
  let sequence = 0;
  for (let round = 0; round < 40; round++) {
    const count = 1 + round % 20;
    const packets = Array.from(
      { length: count },
      () => randomPacket(12 + Math.floor(random() * 1449), random),
    );
    const before = packets.map(toHex);
    const index = 0xfff0 + 20 * round;
    const datagrams: Uint8Array[] = [];
    sender.protectBatch(packets, count, index, video, datagrams);
    for (const [at, datagram] of datagrams.entries()) {
      check(datagram, marked(packets[at]!, index + at, video, sequence++), index + at);
    }
    check(
      sender.protectOne(packets[0]!, index, audio),
      marked(packets[0]!, index, audio, sequence++),
      index,
    );
    const short = packets[0]!.subarray(0, 1400);
    const again = Uint8Array.from([...short.subarray(0, 12), 0xab, 0xcd, ...short.subarray(12)]);
    check(
      sender.protectRetransmission(short, 0xabcd, index, rtx),
      marked(again, index, rtx, sequence++),
      index,
    );
    // Without an extension, nothing is counted.
    assertEquals(
      toHex(sender.protectOne(packets[0]!, index, plain)),
      toHex(referenceSrtp(marked(packets[0]!, index, plain), BigInt(index), keys)),
    );
    assertEquals(sender.transportSequence, sequence);
    assertEquals(packets.map(toHex), before, "plaintext packets are not changed");
  }
});

Deno.test("transport-wide sequence numbers wrap; an extension without one stays as it is", () => {
  const sender = new SrtpSender(new PacketArena(8), RFC_MASTER);
  const packet = randomPacket(20, seededRandom(10));
  const numbered = { ...IDENTITY, extension: EXTENSION };
  const fixed = { ...IDENTITY, extension: { ...EXTENSION, transportSequenceAt: -1 } };
  const extensionOf = (datagram: Uint8Array) => toHex(datagram.subarray(12, 24));
  for (let count = 0; count < 0x1_0000; count++) sender.protectOne(packet, 0, numbered);
  assertEquals(sender.transportSequence, 0x1_0000);
  assertEquals(extensionOf(sender.protectOne(packet, 0, fixed)), toHex(EXTENSION.bytes));
  const zero = toHex(fromHex("bede 0002 52000000 31000000"));
  assertEquals(extensionOf(sender.protectOne(packet, 0, numbered)), zero);
  assertEquals(sender.transportSequence, 0x1_0001);
});

Deno.test("packets that an extension makes too long, and extensions that are none, are refused", () => {
  const sender = new SrtpSender(new PacketArena(8), RFC_MASTER);
  const identity = { ...IDENTITY, extension: EXTENSION };
  const limit = MAX_RTP_PACKET_LENGTH - EXTENSION.bytes.length;
  assertEquals(
    sender.protectOne(withLength(limit), 0, identity).length,
    MAX_RTP_PACKET_LENGTH + 10,
  );
  assertThrows(
    () => sender.protectOne(withLength(limit + 1), 0, identity),
    SrtpError,
    `got ${limit + 1}`,
  );
  assertThrows(
    () => sender.protectRetransmission(withLength(limit - 1), 0, 0, identity),
    SrtpError,
    `12..${limit - 2} bytes`,
  );
  for (const length of [0, 2, 5, 36]) {
    const extension = { bytes: new Uint8Array(length), transportSequenceAt: -1 };
    const message = `extension must be 4..32 bytes in words, got ${length}`;
    assertThrows(
      () => sender.protectOne(withLength(20), 0, { ...IDENTITY, extension }),
      SrtpError,
      message,
    );
  }
});

function withLength(length: number): Uint8Array<ArrayBuffer> {
  return randomPacket(length, seededRandom(length));
}
