import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { ProtectionProfileAes128CmHmacSha1_80, SrtcpSession } from "werift";
import { deriveSessionKeys, type SrtpMasterKey } from "../../src/srtp/key_derivation.ts";
import { MAX_SRTCP_INDEX, SrtcpReceiver, SrtcpSender } from "../../src/srtp/srtcp.ts";
import { SrtpError } from "../../src/srtp/srtp_error.ts";
import { mutate, seededRandom, toHex } from "../../testing/mutation.ts";
import { referenceSrtcp } from "../../testing/webrtc/reference_srtp.ts";
import { randomBytes, randomMaster, RFC_MASTER } from "./samples.ts";

/** A sender report's header before `length` - 8 random bytes. */
function randomReport(length: number, random: () => number): Uint8Array<ArrayBuffer> {
  const packet = randomBytes(length, random);
  packet.set([0x80, 200, 0, Math.floor(length / 4) - 1]);
  return packet;
}

function weriftSession(master: SrtpMasterKey): SrtcpSession {
  const [key, salt] = [Buffer.from(master.key), Buffer.from(master.salt)];
  return new SrtcpSession({
    profile: ProtectionProfileAes128CmHmacSha1_80,
    keys: {
      localMasterKey: key,
      localMasterSalt: salt,
      remoteMasterKey: key,
      remoteMasterSalt: salt,
    },
  });
}

Deno.test("every size equals the reference and comes back", () => {
  const random = seededRandom(1);
  const master = randomMaster(random);
  const keys = deriveSessionKeys(master, "srtcp");
  const sender = new SrtcpSender(master);
  const receiver = new SrtcpReceiver(master);
  for (let length = 8; length <= 1472; length += length < 100 ? 1 : 23) {
    const packet = randomReport(length, random);
    const index = length * 1_000_003 % MAX_SRTCP_INDEX;
    const datagram = sender.protect(packet, index);
    assertEquals(toHex(datagram), toHex(referenceSrtcp(packet, index, keys)));
    assertEquals(toHex(new SrtcpReceiver(master).unprotect(datagram)), toHex(packet));
  }
  const last = randomReport(28, random);
  assertEquals(toHex(receiver.unprotect(sender.protect(last, MAX_SRTCP_INDEX))), toHex(last));
});

Deno.test("werift reads ours, and we read werift's", () => {
  const random = seededRandom(2);
  const master = randomMaster(random);
  const [reading, writing] = [weriftSession(master), weriftSession(master)];
  const sender = new SrtcpSender(master);
  const receiver = new SrtcpReceiver(master);
  for (let index = 1; index < 200; index++) {
    const packet = randomReport(8 + 4 * Math.floor(random() * 100), random);
    // werift, too, counts the packets of each SSRC.
    packet.set([1, 2, 3, 4], 4);
    assertEquals(toHex(reading.decrypt(Buffer.from(sender.protect(packet, index)))), toHex(packet));
    const datagram = writing.encrypt(Buffer.from(packet));
    assertEquals(toHex(receiver.unprotect(datagram)), toHex(packet));
  }
});

Deno.test("a datagram counts once, and its window is 64 long", () => {
  const sender = new SrtcpSender(RFC_MASTER);
  const receiver = new SrtcpReceiver(RFC_MASTER);
  const packet = randomReport(28, seededRandom(3));
  const accepts = (index: number) => {
    try {
      receiver.unprotect(sender.protect(packet, index));
      return true;
    } catch (error) {
      assert(error instanceof SrtpError && /index must be new/.test(error.message), `${error}`);
      return false;
    }
  };
  const steps: [index: number, accepted: boolean][] = [
    [0, true],
    [0, false],
    [5, true],
    [3, true],
    [3, false],
    [5, false],
    [68, true],
    [4, false],
    [5, false],
    [6, true],
    [1000, true],
    [937, true],
    [936, false],
    [68, false],
    [MAX_SRTCP_INDEX, true],
    [MAX_SRTCP_INDEX - 64, false],
    [MAX_SRTCP_INDEX - 63, true],
    [MAX_SRTCP_INDEX - 63, false],
  ];
  for (const [index, accepted] of steps) assertEquals(accepts(index), accepted, `index ${index}`);
});

Deno.test("each SSRC counts its own packets, and there are up to 32 of them", () => {
  const sender = new SrtcpSender(RFC_MASTER);
  const receiver = new SrtcpReceiver(RFC_MASTER);
  const fromSsrc = (ssrc: number) => {
    const packet = randomReport(28, seededRandom(6));
    new DataView(packet.buffer).setUint32(4, ssrc);
    return sender.protect(packet, 1);
  };
  for (let ssrc = 1; ssrc <= 32; ssrc++) receiver.unprotect(fromSsrc(ssrc));
  assertThrows(() => receiver.unprotect(fromSsrc(7)), SrtpError, "index must be new");
  assertThrows(() => receiver.unprotect(fromSsrc(33)), SrtpError, "up to 32 SSRCs");
});

Deno.test("every flipped bit, every cut and every mutation is refused and changes nothing", () => {
  const random = seededRandom(4);
  const receiver = new SrtcpReceiver(RFC_MASTER);
  const packet = randomReport(52, random);
  const datagram = new SrtcpSender(RFC_MASTER).protect(packet, 7);
  const refuse = (bytes: Uint8Array) => assertThrows(() => receiver.unprotect(bytes), SrtpError);
  for (let bit = 0; bit < datagram.length * 8; bit++) {
    const changed = Uint8Array.from(datagram);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    refuse(changed);
  }
  for (let length = 0; length < datagram.length; length++) refuse(datagram.subarray(0, length));
  for (const extra of [1, 10, 2000]) {
    refuse(Uint8Array.from([...datagram, ...Array(extra).fill(0)]));
  }
  for (let round = 0; round < 5000; round++) {
    const changed = mutate(datagram, random);
    if (toHex(changed) !== toHex(datagram)) refuse(changed);
  }
  assertEquals(toHex(receiver.unprotect(datagram)), toHex(packet));
});

Deno.test("what is not encrypted is refused though it is authentic", () => {
  const keys = deriveSessionKeys(RFC_MASTER, "srtcp");
  const random = seededRandom(5);
  // An index of 2^31 turns the E flag of the reference off again.
  const datagram = referenceSrtcp(randomReport(28, random), -0x8000_0000 + 9, keys);
  assertThrows(() => new SrtcpReceiver(RFC_MASTER).unprotect(datagram), SrtpError, "no E flag");
});

Deno.test("what can not be protected is refused", () => {
  const sender = new SrtcpSender(RFC_MASTER);
  for (const length of [0, 7, 1473]) {
    assertThrows(() => sender.protect(new Uint8Array(length), 0), SrtpError, `got ${length}`);
  }
  for (const index of [-1, 0.5, NaN, MAX_SRTCP_INDEX + 1]) {
    assertThrows(() => sender.protect(new Uint8Array(8), index), SrtpError, `got ${index}`);
  }
});
