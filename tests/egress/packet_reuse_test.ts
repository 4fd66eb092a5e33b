import { assert, assertEquals } from "@std/assert";
import { RtpTrack } from "../../src/egress/rtp_track.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import type { RtpIdentity } from "../../src/srtp/rtp_identity.ts";
import type { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { append, AUDIO, RTX } from "./rtp_samples.ts";

const RED: RtpIdentity = { ...AUDIO, payloadType: 63 };
const HEADER_SIZE = 12;

/** Takes packets as SrtpSender does, and fails for two that differ under one SSRC and index. */
class ReuseWatch {
  readonly #known = new Map<string, string>();
  packets = 0;

  protectBatch(
    packets: readonly Uint8Array[],
    count: number,
    firstIndex: number,
    identity: RtpIdentity,
    datagrams: Uint8Array[],
    shift = 0,
  ): void {
    for (let at = 0; at < count; at++) {
      datagrams.push(this.protectOne(packets[at]!, firstIndex + at, identity, shift));
    }
  }

  protectOne(packet: Uint8Array, index: number, identity: RtpIdentity, shift = 0): Uint8Array {
    return this.#note(packet, index, identity, shift, "");
  }

  protectRetransmission(
    packet: Uint8Array,
    original: number,
    index: number,
    identity: RtpIdentity,
    shift = 0,
  ): Uint8Array {
    return this.#note(packet, index, identity, shift, `${original}`);
  }

  #note(
    packet: Uint8Array,
    index: number,
    { ssrc, payloadType }: RtpIdentity,
    shift: number,
    before: string,
  ): Uint8Array {
    this.packets++;
    const key = `${ssrc} ${index}`;
    const timestamp = new DataView(packet.buffer, packet.byteOffset).getInt32(4) + shift | 0;
    const text = `${payloadType} ${timestamp} ${before} ${packet.subarray(HEADER_SIZE)}`;
    assertEquals(this.#known.get(key) ?? text, text, `two packets are ${key}`);
    this.#known.set(key, text);
    return packet;
  }
}

/** Whatever is left out, switched to, given other times, carried twice, repeated or asked for. */
function harass(seed: number, hasRtx: boolean): number {
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const rings = Array.from({ length: 3 }, () => new PacketRing({ maxPackets: 64 }));
  const [ring] = rings as [PacketRing, ...PacketRing[]];
  const firstSequence = 65_400;
  const retransmission = hasRtx ? RTX : undefined;
  const clock = new RtpClock(90_000, 0);
  const options = { ring, clock, identity: AUDIO, retransmission, redundant: RED, firstSequence };
  const track = new RtpTrack(options);
  const watch = new ReuseWatch();
  const sender = watch as unknown as SrtpSender;
  const to = () => {
    const other = rings[below(3)]!;
    return { ring: other, timestampShift: below(3) * below(1000) };
  };
  for (let nowMs = 0; nowMs < 20_000; nowMs++) {
    for (const each of rings) if (below(2) === 0) append(each, nowMs);
    const from = to();
    const index = from.ring.tail + below(from.ring.head - from.ring.tail + 1);
    const actions = [
      () => track.take(1 + below(8), sender, []),
      () => track.take(1 + below(8), sender, []),
      () => track.resend(below(0x1_0000), sender, { nowMs, roundTripMs: 5 }),
      () =>
        track.resend(firstSequence + track.packetCount - below(200) & 0xffff, sender, {
          nowMs,
          roundTripMs: 5,
        }),
      () => track.jump(index, from),
      () => track.pad(sender, []),
      () => below(8) === 0 && track.pause(),
      () => below(8) === 0 && track.forgetSent(),
      () => below(8) === 0 && (track.redundancy = below(3)),
      () => track.isOvertaken && track.jump(track.ring.tail),
    ];
    if (track.isOvertaken) track.pause();
    actions[below(actions.length)]!();
  }
  return watch.packets;
}

Deno.test("no two packets that differ are protected under one number, whatever a viewer does", () => {
  for (let seed = 0; seed < 4; seed++) {
    for (const hasRtx of [false, true]) {
      const packets = harass(seed, hasRtx);
      assert(packets > 5000, `${packets} were sent`);
    }
  }
});
