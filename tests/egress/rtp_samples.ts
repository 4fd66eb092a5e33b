/** Packets, tracks and viewers for tests, and what arrives at the viewers. */
import { SrtpReceiver } from "../../testing/webrtc/srtp_receiver.ts";
import { RtpFeed } from "../../src/egress/rtp_feed.ts";
import { StreamClock } from "../../src/egress/stream_clock.ts";
import { type Retransmission, RtpTrack } from "../../src/egress/rtp_track.ts";
import { RtpViewer } from "../../src/egress/rtp_viewer.ts";
import type { ViewerLink } from "../../src/egress/viewer_link.ts";
import type { ViewerTrack } from "../../src/egress/viewer_track.ts";
import { RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { parseRtcp, type RtcpPacket } from "../../src/rtp/rtcp.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import { extendSequence } from "../../src/rtp/sequence.ts";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import { SrtcpReceiver } from "../../src/srtp/srtcp.ts";
import type { SrtpMasterKey } from "../../src/srtp/key_derivation.ts";
import { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { openLog } from "../stream/log_samples.ts";

const MASTER: SrtpMasterKey = {
  key: new Uint8Array(16).fill(3),
  salt: new Uint8Array(14).fill(4),
};

export const VIDEO = { payloadType: 102, ssrc: 0xa, extension: undefined };
export const AUDIO = { payloadType: 111, ssrc: 0xb, extension: undefined };
export const RTX: Retransmission = {
  payloadType: 103,
  ssrc: 0xc,
  extension: undefined,
  firstSequence: 500,
};

/** Where in a stream packets are, by name. */
export const Place = {
  keyFrame: PacketFlag.accessUnitStart | PacketFlag.keyFrameStart,
  accessUnit: PacketFlag.accessUnitStart,
  inside: 0,
} as const;

/** Appends a packet whose payload is its index in the ring, in two bytes. */
export function append(ring: PacketRing, timeMs: number, flags: number = Place.accessUnit): void {
  const packet = new Uint8Array(14);
  writeRtpHeader(packet, 0, RTP_MARKER, ring.head, timeMs * 90, 0);
  packet[12] = ring.head >> 8;
  packet[13] = ring.head;
  ring.append(packet, timeMs, flags);
}

/** What came of a packet. */
export interface Arrived {
  readonly ssrc: number;
  readonly payloadType: number;
  /** Sequence number with its wraps in front. */
  readonly sequence: number;
  readonly timestamp: number;
  /** Index in the ring of what it carries. */
  readonly index: number;
  /** Of a retransmission: the sequence number of what is sent again. */
  readonly original: number | undefined;
}

/** Decrypts what is sent to a viewer. */
export class Receiver {
  readonly rtcp: RtcpPacket[] = [];
  readonly #srtp = new SrtpReceiver(MASTER);
  readonly #srtcp = new SrtcpReceiver(MASTER);
  readonly #newest = new Map<number, number>();

  /** The RTP packets among `datagrams`; RTCP goes to {@linkcode rtcp}. */
  take(datagrams: readonly Uint8Array[]): Arrived[] {
    return datagrams.flatMap((datagram) => {
      if (datagram[1]! < 192 || datagram[1]! > 223) return this.#takeRtp(datagram);
      this.rtcp.push(...parseRtcp(this.#srtcp.unprotect(datagram)));
      return [];
    });
  }

  #takeRtp(datagram: Uint8Array): Arrived {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const ssrc = view.getUint32(8);
    const sequence = extendSequence(view.getUint16(2), this.#newest.get(ssrc) ?? view.getUint16(2));
    const payload = this.#srtp.unprotect(datagram, sequence);
    if (payload === undefined) throw new Error(`Packet ${sequence} of ${ssrc} is not authentic`);
    this.#newest.set(ssrc, Math.max(sequence, this.#newest.get(ssrc) ?? 0));
    const at = payload.length - 2;
    return {
      ssrc,
      payloadType: datagram[1]! & 0x7f,
      sequence,
      timestamp: view.getUint32(4),
      index: payload[at]! << 8 | payload[at + 1]!,
      original: at === 0 ? undefined : payload[0]! << 8 | payload[1]!,
    };
  }
}

/** A track on a ring of its own, and what is sent by it. */
export function openTrack(
  options: { readonly retransmission?: Retransmission; readonly firstSequence?: number } = {},
) {
  const ring = new PacketRing({ maxPackets: 8 });
  const track = new RtpTrack({
    ring,
    clock: new RtpClock(90_000, 0),
    identity: VIDEO,
    retransmission: options.retransmission,
    firstSequence: options.firstSequence ?? 65_530,
  });
  const sender = new SrtpSender(new PacketArena(64), MASTER);
  const receiver = new Receiver();
  let resentMs = 0;
  return {
    ring,
    track,
    /** Takes up to so many packets. */
    take: (count: number) => {
      const datagrams: Uint8Array[] = [];
      track.take(count, sender, datagrams);
      return receiver.take(datagrams);
    },
    /** So many packets of padding. */
    pad: (count: number) => {
      const datagrams: Uint8Array[] = [];
      for (let at = 0; at < count; at++) track.pad(sender, datagrams);
      return receiver.take(datagrams);
    },
    /** A second after what was sent again before, unless another time is given. */
    resend: (sequence: number, nowMs = resentMs + 1000, roundTripMs = 100) => {
      resentMs = nowMs;
      const datagram = track.resend(sequence & 0xffff, sender, { nowMs, roundTripMs });
      return datagram === undefined ? undefined : receiver.take([datagram])[0];
    },
  };
}

/** A viewer of a feed, whose rings a test fills. */
export function openViewer(
  options: {
    readonly video?: Partial<ViewerTrack> | null;
    readonly audio?: Partial<ViewerTrack> | null;
    readonly link?: ViewerLink;
  } = {},
) {
  const { shared, writer } = openLog();
  const log = new LogReader(shared);
  const feed = new RtpFeed(log, new StreamClock(log, { audio: 0, video: 0 }));
  const events = {
    jumps: 0,
    resent: 0,
    nacks: 0,
    keyFrameRequests: 0,
    keyFrameWaits: 0,
    narrowings: 0,
  };
  const track = { retransmission: undefined, firstSequence: 65_500 };
  const viewer = new RtpViewer({
    feed,
    video: options.video === null ? undefined : { identity: VIDEO, ...track, ...options.video },
    audio: options.audio === null ? undefined : { identity: AUDIO, ...track, ...options.audio },
    cname: "test",
    link: options.link,
    arena: new PacketArena(),
    master: MASTER,
    events: {
      jumped: () => events.jumps++,
      resent: (count) => events.resent += count,
      nacked: () => events.nacks++,
      keyFrameRequested: () => events.keyFrameRequests++,
      keyFrameAwaited: () => events.keyFrameWaits++,
      narrowed: () => events.narrowings++,
    },
  });
  const receiver = new Receiver();
  return {
    viewer,
    events,
    feed,
    /** Of the stream's own log, which the feed reads when it is told to. */
    writer,
    receiver,
    video: feed.video.ring,
    audio: feed.audio.ring,
    /** What one turn gives, and whether there is more that is due. */
    turn: (nowMs: number) => {
      const datagrams: Uint8Array[] = [];
      const hasMore = viewer.take(nowMs, 1_600_000_000_000 + nowMs, datagrams);
      return { arrived: receiver.take(datagrams), hasMore };
    },
    /** All that is due at a moment. */
    takeAll: (nowMs: number) => {
      const arrived: Arrived[] = [];
      for (let hasMore = true; hasMore;) {
        const datagrams: Uint8Array[] = [];
        hasMore = viewer.take(nowMs, 1_600_000_000_000 + nowMs, datagrams);
        arrived.push(...receiver.take(datagrams));
      }
      return arrived;
    },
  };
}
