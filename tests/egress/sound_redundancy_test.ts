import { assertEquals } from "@std/assert";
import { SoundRedundancy } from "../../src/egress/sound_redundancy.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import { RtpTrack } from "../../src/egress/rtp_track.ts";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { readRedundant } from "../../testing/webrtc/redundant_payload.ts";
import { SrtpReceiver } from "../../testing/webrtc/srtp_receiver.ts";
import { append, AUDIO } from "./rtp_samples.ts";

const MASTER = { key: new Uint8Array(16).fill(3), salt: new Uint8Array(14).fill(4) };
const RED = { ...AUDIO, payloadType: 63 };

function report(redundancy: SoundRedundancy, ...losses: number[]): void {
  for (const lossFraction of losses) redundancy.takeLoss(lossFraction);
}

Deno.test("SoundRedundancy: it begins with loss that stays, and ends with none", () => {
  const redundancy = new SoundRedundancy();
  report(redundancy, 0, 0.005, 0.5, 0, 0.3, 0, 0.02, 0.02);
  assertEquals(redundancy.count, 0);
  report(redundancy, 0.02);
  assertEquals(redundancy.count, 2);
  const heavy = new SoundRedundancy();
  report(heavy, 0, 0.1, 0.1);
  assertEquals(heavy.count, 2);
  report(redundancy, ...Array(29).fill(0));
  assertEquals(redundancy.count, 1);
  report(redundancy, 0.02, ...Array(29).fill(0));
  assertEquals(redundancy.count, 1);
  report(redundancy, 0);
  assertEquals(redundancy.count, 0);
});

/** A track of sound that has sent ten packets, the last five of them redundant. */
function open(redundant: typeof RED | undefined) {
  const ring = new PacketRing();
  const sender = new SrtpSender(new PacketArena(), MASTER);
  const receiver = new SrtpReceiver(MASTER);
  const track = new RtpTrack({
    ring,
    clock: new RtpClock(48_000, 0),
    identity: AUDIO,
    retransmission: undefined,
    redundant,
    firstSequence: 100,
  });
  for (let index = 0; index < 10; index++) append(ring, index * 10);
  track.jump(0);
  const datagrams: Uint8Array[] = [];
  track.take(5, sender, datagrams);
  track.redundancy = 2;
  track.take(5, sender, datagrams);
  const packets = datagrams.map((datagram, at) => ({
    payloadType: datagram[1]! & 0x7f,
    sequence: datagram[2]! << 8 | datagram[3]!,
    payload: receiver.unprotect(datagram, 100 + at)!,
  }));
  return { track, sender, packets };
}

Deno.test("RtpTrack: with redundancy, packets carry the two before them under another type", () => {
  const { packets, track, sender } = open(RED);
  assertEquals(packets.map(({ payloadType }) => payloadType), [
    ...Array(5).fill(111),
    ...Array(5).fill(63),
  ]);
  const carried = packets.slice(5).map(({ payload }) =>
    readRedundant(payload).map(({ data }) => data[0]! << 8 | data[1]!)
  );
  assertEquals(carried, [[3, 4, 5], [4, 5, 6], [5, 6, 7], [6, 7, 8], [7, 8, 9]]);
  const sequences = packets.map(({ sequence }) => sequence);
  assertEquals(sequences, Array.from({ length: 10 }, (_, at) => 100 + at));
  // Another packet under the same number would tell what differs between them.
  assertEquals(track.resend(107, sender, { nowMs: 0, roundTripMs: 10 }), undefined);
});

Deno.test("RtpTrack: a viewer that takes no redundancy is sent none", () => {
  const { packets, track, sender } = open(undefined);
  assertEquals(
    packets.every(({ payloadType, payload }) => payloadType === 111 && payload.length === 2),
    true,
  );
  assertEquals(track.resend(107, sender, { nowMs: 0, roundTripMs: 10 }) !== undefined, true);
});
