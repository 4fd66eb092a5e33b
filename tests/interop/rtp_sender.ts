/** Sends packets of rings as plain RTP, with reports, in the place of a gateway and its viewer. */
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import type { PacketRing } from "../../src/rtp/packet_ring.ts";
import { writeCname, writeSenderReport } from "../../src/rtp/rtcp_writer.ts";
import { writeBye } from "../../testing/webrtc/rtcp_bye.ts";
import type { ClockTie, RtpClock } from "../../src/rtp/rtp_clock.ts";
import { delay, until } from "../../testing/waiting.ts";
import { PAYLOAD_TYPES, type RtpPorts, unreadBytes } from "./rtp_receiver.ts";

/** How much faster than real time the test sends. */
const SPEED = 3;

/** Steps of sending; what is due goes out together. */
const STEP_MS = 5;

/** For ffmpeg to read what its sockets hold, before BYE ends it. */
const DRAIN_MS = 500;

/** A track on its way: its packets, and what the receiver sees of them. */
export interface SentTrack {
  readonly name: "video" | "audio";
  readonly ring: PacketRing;
  readonly clock: RtpClock;
  readonly ssrc: number;
  /** Sequence number less index: so that it wraps soon. */
  readonly offset: number;
}

/** Sends reports first, so that both tracks are in step from the beginning, and BYE at the end. */
export async function sendRtp(tracks: readonly SentTrack[], ports: RtpPorts): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = (port: number, datagram: Uint8Array) =>
    socket.send(datagram, { transport: "udp", hostname: "127.0.0.1", port });
  const tie = { streamMs: 0, unixMs: Date.now() };
  for (const track of tracks) await to(ports[track.name] + 1, report(track, tie).take());
  const cursors = tracks.map(() => 0);
  for (
    let streamMs = 0;
    tracks.some(({ ring }, at) => cursors[at]! < ring.head);
    streamMs += STEP_MS * SPEED
  ) {
    // Nothing else tells how fast the receiver is, and what its socket cannot hold is lost.
    for (const { name } of tracks) {
      await until("the receiver has read all", async () => await unreadBytes(ports[name]) === 0);
    }
    for (const [at, track] of tracks.entries()) {
      for (; track.ring.timeMs(cursors[at]!)! <= streamMs; cursors[at]!++) {
        await to(ports[track.name], viewerPacket(track, cursors[at]!));
      }
    }
    await delay(STEP_MS);
  }
  await delay(DRAIN_MS);
  for (const track of tracks) {
    const writer = report(track, tie);
    writeBye(writer, [track.ssrc]);
    await to(ports[track.name] + 1, writer.take());
  }
  socket.close();
}

/** The beginning of a compound: SR and CNAME. The moment of the report is any. */
function report({ clock, ring, ssrc }: SentTrack, tie: ClockTie): ByteWriter {
  const writer = new ByteWriter();
  const time = clock.reportTime(tie, tie.unixMs - 1234.5);
  writeSenderReport(writer, { ssrc, ...time, packetCount: ring.head, octetCount: 0 });
  writeCname(writer, ssrc, "same");
  return writer;
}

function viewerPacket({ name, ring, offset, ssrc }: SentTrack, index: number): Uint8Array {
  const packet = ring.get(index)!;
  const datagram = packet.slice();
  const { isMarked, timestamp } = parseRtpPacket(packet);
  const type = PAYLOAD_TYPES[name] | (isMarked ? RTP_MARKER : 0);
  writeRtpHeader(datagram, 0, type, index + offset, timestamp, ssrc);
  return datagram;
}
