/** A viewer of a feed at the end of a simulated link, which reports, asks again and counts. */
import { SimulatedLink } from "../../testing/network/simulated_link.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { ViewerLink } from "../../src/egress/viewer_link.ts";
import { RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import type { PacketRing } from "../../src/rtp/packet_ring.ts";
import { layerBits } from "../../src/codec/picture_layer.ts";
import { layerPacketFlags, PacketFlag } from "../../src/rtp/packet_sink.ts";
import type { RtcpPacket } from "../../src/rtp/rtcp.ts";
import { type Arrived, AUDIO, openViewer, Place, RTX, VIDEO } from "./rtp_samples.ts";

const STEP_MS = 4;
const REPORT_MS = 1000;
const SECOND_MS = 1000;
const CHECK_BYTES = 148;
const DATAGRAM_OVERHEAD = 28;

/** In one step: more are for a sender that never ends. */
const MAX_TURNS = 10;

const SOUND_MS = 20;
const SOUND_BYTES = 200;
const PICTURE_MS = 100 / 3;
export const PICTURES_PER_GROUP = 60;
const PACKET_BYTES = 1160;
const PICTURE_PACKETS = 7;
const KEY_FRAME_PACKETS = 34;

/** A picture as it was published, and what came of it. */
export interface SimulatedPicture {
  readonly atMs: number;
  readonly isKeyFrame: boolean;
  readonly isUnreferenced: boolean;
  readonly begin: number;
  readonly end: number;
  readonly sent: Set<number>;
  readonly arrived: Set<number>;
  /** When it could be decoded: it and all that it refers to were there. */
  decodedMs: number | undefined;
}

/** What is published. */
export interface SimulatedStream {
  /** Every second picture but key frames is referred to by nobody. */
  readonly hasUnreferenced?: boolean;
  /** Pictures are of temporal layers, T0, T2, T1, T2 and so on, each with a reference in a lower one. */
  readonly hasLayers?: boolean;
  /** When the viewer joins; at once by default. */
  readonly joinMs?: number;
}

const RED = { ...AUDIO, payloadType: 63 };

export class NarrowViewer {
  /** How long the viewer is told to hold pictures. */
  heldMs = 0;
  readonly opened = openViewer({
    video: {
      retransmission: RTX,
      held: {
        leastMs: 110,
        extension: (heldMs) => {
          this.heldMs = heldMs;
          return undefined;
        },
      },
    },
    audio: { redundant: RED },
    link: new ViewerLink(0),
  });
  readonly link: SimulatedLink;
  readonly pictures: SimulatedPicture[] = [];
  /** When each packet of sound was published, and arrived. */
  readonly sound: { readonly atMs: number; arrivedMs: number | undefined }[] = [];
  readonly videoSequences: number[] = [];
  readonly queuesMs: number[] = [];
  /** Of what was asked for again, and of padding. */
  retransmittedBytes = 0;
  /** The longest datagram of sound since this was set to 0: how many earlier ones it carries. */
  longestSoundBytes = 0;
  nowMs = 0;
  readonly #stream: SimulatedStream;
  #soundDueMs = 0;
  #pictureDueMs = 0;
  #reportDueMs = REPORT_MS;
  /** There is something new for the viewer, or from it. */
  #isWoken = false;
  #highest = -1;
  #reported = -1;
  #soundReported = 0;
  #arrivedSinceReport = 0;
  readonly #missing = new Map<number, { tries: number; dueMs: number }>();

  /** @param link may be that of others, too */
  constructor(stream: SimulatedStream = {}, link = wideLink()) {
    this.#stream = stream;
    this.link = link;
  }

  run(untilMs: number): void {
    for (; this.nowMs < untilMs; this.nowMs += STEP_MS) {
      this.link.advance(this.nowMs);
      this.#publish();
      this.#report();
      this.#send();
      this.queuesMs.push(this.link.queueMs);
      if (this.nowMs % SECOND_MS === 0) this.opened.viewer.tick();
    }
  }

  /** Pictures that were decoded in a time, by when they were. */
  decoded(fromMs: number, untilMs = Infinity): SimulatedPicture[] {
    return this.pictures.filter(({ decodedMs = -1 }) => decodedMs >= fromMs && decodedMs < untilMs);
  }

  /** The longest time without a new picture. */
  longestGapMs(fromMs: number, untilMs: number): number {
    const times = this.decoded(fromMs, untilMs).map(({ decodedMs }) => decodedMs!);
    const moments = [fromMs, ...times, untilMs].sort((one, other) => one - other);
    return Math.max(...moments.slice(1).map((atMs, at) => atMs - moments[at]!));
  }

  /** Part of the sound of a time that came too late, or not at all. */
  missedSound(fromMs: number, untilMs: number): number {
    const published = this.sound.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs - 200);
    const missed = published.filter(({ atMs, arrivedMs = Infinity }) => arrivedMs - atMs > 150);
    return missed.length / published.length;
  }

  queueP95Ms(fromMs: number, untilMs: number): number {
    const queues = this.queuesMs.slice(fromMs / STEP_MS, untilMs / STEP_MS);
    return queues.sort((one, other) => one - other)[Math.floor(0.95 * queues.length)]!;
  }

  /** How many earlier packets of sound one has carried once more, at most. */
  get redundancy(): number {
    return Math.floor(this.longestSoundBytes / SOUND_BYTES) - 1;
  }

  /** The viewer reports on its sound: it has lost this part of 60 packets more. */
  reportSoundLoss(lossFraction: number): void {
    this.#soundReported += 60;
    const block = {
      ssrc: AUDIO.ssrc,
      lossFraction,
      cumulativeLost: 0,
      extendedHighestSequence: this.#soundReported,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    this.#tell([{ kind: "receiverReport", ssrc: 1, blocks: [block] }]);
  }

  #publish(): void {
    const { audio, video } = this.opened;
    for (; this.#soundDueMs <= this.nowMs; this.#soundDueMs += SOUND_MS) {
      this.sound.push({ atMs: this.nowMs, arrivedMs: undefined });
      this.#isWoken = true;
      put(audio, this.#soundDueMs, SOUND_BYTES, Place.accessUnit);
    }
    for (; this.#pictureDueMs <= this.nowMs; this.#pictureDueMs += PICTURE_MS) {
      this.#isWoken = true;
      const number = this.pictures.length;
      const isKeyFrame = number % PICTURES_PER_GROUP === 0;
      const isUnreferenced = this.#stream.hasUnreferenced === true && number % 2 === 1;
      const begin = video.head;
      const count = isKeyFrame ? KEY_FRAME_PACKETS : PICTURE_PACKETS;
      for (let at = 0; at < count; at++) {
        let flags = at === 0 ? PacketFlag.accessUnitStart as number : 0;
        if (at === 0 && isKeyFrame) flags |= PacketFlag.keyFrameStart;
        if (at === 0 && isUnreferenced) flags |= PacketFlag.unreferencedStart;
        if (at === 0 && this.#stream.hasLayers) flags |= layerPacketFlags(layerAt(number));
        put(video, this.#pictureDueMs, PACKET_BYTES, flags);
      }
      const state = { sent: new Set<number>(), arrived: new Set<number>(), decodedMs: undefined };
      const atMs = this.nowMs;
      this.pictures.push({ atMs, isKeyFrame, isUnreferenced, begin, end: begin + count, ...state });
      // As the feed has it: four seconds before the newest key frame.
      if (isKeyFrame) {
        video.release(Math.min(video.findTime(this.#pictureDueMs - 4000), begin));
      }
    }
  }

  #send(): void {
    const { viewer } = this.opened;
    if (this.nowMs < (this.#stream.joinMs ?? 0)) return;
    if (!this.#isWoken && !((viewer.nextMs ?? Infinity) <= this.nowMs)) return;
    this.#isWoken = false;
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      if (!this.#sendNext()) return;
    }
  }

  /** As a session does: whether there is more that is due. */
  #sendNext(): boolean {
    const { viewer, receiver } = this.opened;
    this.#askForEcho();
    const datagrams: Uint8Array[] = [];
    const hasMore = viewer.take(this.nowMs, this.nowMs, datagrams);
    for (const datagram of datagrams) {
      const [packet] = receiver.take([datagram]);
      const bytes = datagram.length + DATAGRAM_OVERHEAD;
      if (packet === undefined) continue;
      this.#noteSent(packet, bytes);
      this.link.send(bytes, this.nowMs, (atMs) => this.#arrive(packet, atMs));
    }
    this.#askForEcho();
    return hasMore;
  }

  #askForEcho(): void {
    const { viewer } = this.opened;
    if (!viewer.wantsEcho(this.nowMs)) return;
    const sentMs = viewer.echoAsked(this.nowMs);
    this.link.send(CHECK_BYTES, this.nowMs, (thereMs) => {
      this.link.answer(thereMs, (atMs) => viewer.takeRoundTrip(atMs - sentMs, sentMs, atMs));
    });
  }

  #noteSent(packet: Arrived, bytes: number): void {
    if (packet.ssrc === AUDIO.ssrc) {
      this.longestSoundBytes = Math.max(this.longestSoundBytes, bytes);
    }
    if (packet.ssrc === RTX.ssrc) this.retransmittedBytes += bytes;
    if (packet.ssrc !== VIDEO.ssrc) return;
    this.videoSequences.push(packet.sequence);
    this.#pictureOf(packet.index)!.sent.add(packet.index);
  }

  #pictureOf(index: number): SimulatedPicture | undefined {
    for (let at = this.pictures.length - 1; at >= 0; at--) {
      const picture = this.pictures[at]!;
      if (index >= picture.begin && index < picture.end) return picture;
    }
    return undefined;
  }

  #arrive(packet: Arrived, atMs: number): void {
    if (packet.ssrc === AUDIO.ssrc) {
      this.sound[packet.index]!.arrivedMs ??= atMs;
      return;
    }
    if (packet.ssrc === VIDEO.ssrc) this.#noteArrival(packet.sequence, atMs);
    else this.#missing.delete(packet.original!);
    this.#pictureOf(packet.index)?.arrived.add(packet.index);
    this.#decode(atMs);
  }

  #noteArrival(sequence: number, atMs: number): void {
    this.#arrivedSinceReport++;
    if (this.#highest >= 0) {
      for (let lost = this.#highest + 1; lost < sequence; lost++) {
        this.#missing.set(lost & 0xffff, { tries: 0, dueMs: atMs });
      }
    } else this.#reported = sequence - 1;
    this.#highest = Math.max(this.#highest, sequence);
  }

  /** Whole pictures whose references were decoded; of those that are older than others, none. */
  #decode(atMs: number): void {
    const newest = this.pictures.findLastIndex(({ decodedMs }) => decodedMs !== undefined);
    for (let at = newest + 1; at < this.pictures.length; at++) {
      const picture = this.pictures[at]!;
      if (picture.arrived.size < picture.end - picture.begin) continue;
      if (picture.isKeyFrame || this.#hasReference(at)) picture.decodedMs ??= atMs;
    }
  }

  #hasReference(at: number): boolean {
    let reference = this.#stream.hasLayers ? referenceAt(at) : at - 1;
    while (this.pictures[reference]?.isUnreferenced) reference--;
    return this.pictures[reference]?.decodedMs !== undefined;
  }

  #report(): void {
    const asked = [...this.#missing].filter(([, { dueMs }]) => dueMs <= this.nowMs);
    if (asked.length > 0) {
      const entries = new Uint8Array(4 * asked.length);
      const view = new DataView(entries.buffer);
      for (const [at, [sequence, miss]] of asked.entries()) {
        view.setUint16(4 * at, sequence);
        miss.dueMs = this.nowMs + 100;
        if (++miss.tries === 5) this.#missing.delete(sequence);
      }
      this.#tell([{ kind: "nack", senderSsrc: 1, mediaSsrc: VIDEO.ssrc, entries }]);
    }
    if (this.nowMs < this.#reportDueMs || this.#highest < 0) return;
    this.#reportDueMs += REPORT_MS;
    const expected = this.#highest - this.#reported;
    const lossFraction = expected === 0 ? 0 : Math.max(0, 1 - this.#arrivedSinceReport / expected);
    this.#reported = this.#highest;
    this.#arrivedSinceReport = 0;
    const block = {
      ssrc: VIDEO.ssrc,
      lossFraction,
      cumulativeLost: 0,
      extendedHighestSequence: this.#highest,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    this.#tell([{ kind: "receiverReport", ssrc: 1, blocks: [block] }]);
  }

  #tell(packets: readonly RtcpPacket[]): void {
    const { viewer } = this.opened;
    this.link.answer(this.nowMs, (atMs) => {
      viewer.handle(packets, atMs);
      viewer.resend(packets);
      this.#isWoken = true;
    });
  }
}

/** Behind each T0, higher layers refer to nothing of theirs before it. */
function layerAt(number: number): number {
  const temporalId = [0, 2, 1, 2][number % 4]!;
  const layerSwitch = temporalId === 0 ? "behind" : "none";
  return layerBits({ temporalId, layerSwitch, isUnreferenced: false });
}

/** The picture that another of its layers refers to. */
export function referenceAt(number: number): number {
  return number - [4, 1, 2, 1][number % 4]!;
}

function wideLink(): SimulatedLink {
  return new SimulatedLink(
    { capacityBps: 100e6, queueMs: 300, roundTripMs: 10, lossFraction: 0, burstBytes: 1600 },
    seededRandom(5),
  );
}

/** Appends a packet that ends with its index. */
function put(ring: PacketRing, timeMs: number, size: number, flags: number): void {
  const packet = new Uint8Array(size);
  writeRtpHeader(packet, 0, RTP_MARKER, ring.head, timeMs * 90, 0);
  packet[size - 2] = ring.head >> 8;
  packet[size - 1] = ring.head;
  ring.append(packet, timeMs, flags);
}
