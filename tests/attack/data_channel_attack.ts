import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { CHUNK, writeChunk, writeSctpPacket } from "../../src/webrtc/sctp/packet.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { delay } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import type { Attack } from "./attack.ts";
import { HealthProbe } from "./health_probe.ts";

const PATH = "live/flooded";

/** Packets between two looks at the time. */
const PACKETS_AT_ONCE = 50;

/** What a viewer may have looked at in a second, as docs/watching.md says. */
const RECORDS_PER_SECOND = 200;

const DATA_SECTION = [
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 0.0.0.0",
  "a=mid:2",
  "a=sctp-port:5000",
  "",
].join("\r\n");

/** A viewer that opens associations as fast as it can, each of which is answered. */
export const DATA_CHANNEL_ATTACK: Attack = {
  name: "SCTP of a WebRTC viewer at full speed",
  gateway: { args: ["--shards", "1"] },
  run: async (gateway, { seconds }) => {
    await using _publisher = await publish(gateway, { path: PATH });
    await using viewer = await WhepViewer.join(gateway, {
      path: PATH,
      offer: (sdp) => sdp.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 2") + DATA_SECTION,
    });
    const init = new ByteWriter().u32(1).u32(100_000).u16(1024).u16(1024).u32(1).take();
    const header = { sourcePort: 5000, destinationPort: 5000, verificationTag: 0 };
    const packet = writeSctpPacket(header, [writeChunk(CHUNK.init, 0, init)]);
    const dropped = async () => (await gateway.status()).counters.webrtcDatagramsDropped!;
    const before = await dropped();
    const probe = HealthProbe.start(gateway);
    const beganMs = performance.now();
    let sent = 0;
    while (performance.now() - beganMs < seconds * 1000) {
      for (let at = 0; at < PACKETS_AT_ONCE; at++, sent++) await viewer.sendData(packet);
      await delay(0);
    }
    const passedS = (performance.now() - beganMs) / 1000;
    const silentMs = performance.now() - viewer.video!.packets.at(-1)!.arrivedMs;
    const findings = await probe.finish();
    const taken = sent - (await dropped() - before);
    // What the system had no room for was lost before.
    return [
      ...findings,
      { what: "records sent in a second", value: Math.round(sent / passedS) },
      { what: "records not dropped in a second, or lost", value: Math.round(taken / passedS) },
      { what: "its media are silent for, ms", value: Math.round(silentMs), bar: 500 },
      {
        what: "records beyond what a viewer may have, of which none was dropped",
        value: sent > 2 * RECORDS_PER_SECOND * passedS && await dropped() === before ? 1 : 0,
        bar: 0,
      },
    ];
  },
};
