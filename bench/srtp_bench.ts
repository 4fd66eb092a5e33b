/**
 * What it costs to protect packets for one viewer, and to check and decrypt those of a publisher, per
 * packet, beside werift's SrtpSession:
 * `deno bench -A bench/srtp_bench.ts`. A round is 1,000 packets: its milliseconds are microseconds
 * per packet.
 */
import { Buffer } from "node:buffer";
import { ProtectionProfileAes128CmHmacSha1_80, RtpHeader, SrtpSession } from "werift";
import { PacketArena } from "../src/srtp/packet_arena.ts";
import type { RtpIdentity } from "../src/srtp/rtp_identity.ts";
import { SrtpReceiver } from "../src/srtp/srtp_receiver.ts";
import { SrtpSender } from "../src/srtp/srtp_sender.ts";

const PACKETS = 1000;
const BATCHES = [1, 4, 7, 8, 16, 30];
const LENGTHS = { video: 1200, audio: 332 };
const IDENTITY: RtpIdentity = { payloadType: 102, ssrc: 0xcafe, extension: undefined };
const NUMBERED = {
  bytes: Uint8Array.of(0xbe, 0xde, 0, 1, 0x31, 0, 0, 0),
  transportSequenceAt: 5,
};
const master = { key: new Uint8Array(16).fill(1), salt: new Uint8Array(14).fill(2) };
const arena = new PacketArena();

function protectAll(
  sender: SrtpSender,
  packets: Uint8Array[],
  batch: number,
  identity = IDENTITY,
): void {
  const datagrams: Uint8Array[] = [];
  for (let index = 0; index < PACKETS; index += batch) {
    datagrams.length = 0;
    sender.protectBatch(packets, Math.min(batch, PACKETS - index), index, identity, datagrams);
  }
}

for (const [name, length] of Object.entries(LENGTHS)) {
  const packets = Array.from({ length: 30 }, () => {
    const packet = new Uint8Array(length).fill(length);
    packet[0] = 0x80;
    return packet;
  });
  const sender = new SrtpSender(arena, master);
  for (const batch of BATCHES) {
    Deno.bench(`${name} of ${length} bytes, batches of ${batch}`, { group: name }, () => {
      protectAll(sender, packets, batch);
    });
  }
  const numbered = { ...IDENTITY, extension: NUMBERED };
  Deno.bench(`${name} of ${length} bytes with an extension, batches of 8`, { group: name }, () => {
    protectAll(sender, packets, 8, numbered);
  });
  const datagrams = packets.concat(Array(PACKETS - packets.length).fill(packets[0]))
    .map((packet, index) => sender.protectOne(packet, index, IDENTITY).slice());
  Deno.bench(`${name} of ${length} bytes, received`, { group: name }, (b) => {
    const receiver = new SrtpReceiver(new PacketArena(4), master);
    b.start();
    for (const datagram of datagrams) receiver.unprotect(datagram);
    b.end();
    receiver.close();
  });
  const key = { master: Buffer.from(master.key), salt: Buffer.from(master.salt) };
  const session = new SrtpSession({
    profile: ProtectionProfileAes128CmHmacSha1_80,
    keys: {
      localMasterKey: key.master,
      localMasterSalt: key.salt,
      remoteMasterKey: key.master,
      remoteMasterSalt: key.salt,
    },
  });
  const payload = Buffer.from(packets[0]!.subarray(12));
  Deno.bench(`${name} of ${length} bytes, werift`, { group: name }, () => {
    for (let index = 0; index < PACKETS; index++) {
      session.encrypt(
        payload,
        new RtpHeader({ payloadType: 102, sequenceNumber: index, ssrc: 0xcafe }),
      );
    }
  });
}
