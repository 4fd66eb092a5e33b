import { ByteWriter } from "../src/bytes/byte_writer.ts";
import { ntpTime } from "../src/rtp/ntp.ts";
import type { RtpIdentity } from "../src/srtp/rtp_identity.ts";
import { writeSenderReport } from "../src/rtp/rtcp_writer.ts";
import { PICTURE_PAYLOAD_TYPE, WhipSender } from "../testing/webrtc/whip_sender.ts";
import { SOURCE_FPS } from "./source.ts";
import { type LoopFrame, type RtpLoop, ticksPerMs } from "./rtp_loop.ts";

const PAYLOAD_TYPES = { video: PICTURE_PAYLOAD_TYPE, audio: 111 } as const;
const SSRCS = { video: 0x1000, audio: 0x2000 } as const;
/** Of the offer. */
const TRANSPORT_SEQUENCE_ID = 3;
const REPORT_INTERVAL_MS = 1000;
/**
 * Packets of pictures that are sent at a tick: browsers send key frames by and by, too, as sockets and
 * links have no room for all of one at once.
 */
const PACKETS_A_TICK = 4;
/** What is later than a picture lasts is a stall. */
const STALL_MS = 1000 / SOURCE_FPS;

/** One-byte elements: the transport-wide number, of two bytes, and padding. */
const EXTENSION = {
  bytes: Uint8Array.of(0xbe, 0xde, 0, 1, TRANSPORT_SEQUENCE_ID << 4 | 1, 0, 0, 0),
  transportSequenceAt: 5,
};

/** What has been sent of a track. */
interface Track {
  readonly identity: RtpIdentity;
  packets: number;
  bytes: number;
  /** Of the newest packet. */
  timestamp: number;
}

/** One session that publishes an {@linkcode RtpLoop} by WHIP in real time, as far as it is driven. */
export class WhipPublisher {
  bytesSent = 0;
  /** Key frames that it was asked for and has sent. */
  keyFramesAsked = 0;
  /** Frames that were sent later than a picture lasts. */
  stalls = 0;
  readonly #sender: WhipSender;
  readonly #loop: RtpLoop;
  readonly #tracks: Readonly<Record<LoopFrame["kind"], Track>> = {
    video: trackOf("video"),
    audio: trackOf("audio"),
  };
  /** The next frame of the loop. */
  #next: number;
  /** When the loop's begin was sent, or would have been. */
  #originMs: number;
  /** What timestamps of the loop are moved by. */
  #shiftMs = 0;
  /** Of pictures that are being sent. */
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #reportDueMs = 0;
  #requestsSeen = 0;

  private constructor(sender: WhipSender, loop: RtpLoop, at: number, nowMs: number) {
    this.#sender = sender;
    this.#loop = loop;
    this.#next = at;
    this.#originMs = nowMs - loop.frames[at]!.timestampMs;
  }

  /**
   * Connects, and publishes `name` in `live`, from frame `at` of the loop on.
   *
   * @throws {Error} when it is refused, or does not connect
   */
  static async start(
    httpPort: number,
    name: string,
    loop: RtpLoop,
    at: number,
    nowMs: () => number,
  ): Promise<WhipPublisher> {
    const gateway = { httpUrl: (path: string) => `http://127.0.0.1:${httpPort}${path}` };
    const sender = await WhipSender.connect(gateway, `live/${name}`, { hasPictures: true });
    return new WhipPublisher(sender, loop, at, nowMs());
  }

  /** Why it can publish no more. */
  get failure(): string | undefined {
    const { failure, isToldOfEnd } = this.#sender.peer;
    return failure ?? (isToldOfEnd ? "the server has ended it" : undefined);
  }

  /** Leaves. */
  async close(): Promise<void> {
    await this.#sender.peer.delete();
    await this.#sender[Symbol.asyncDispose]();
  }

  /** Sends what is due at `nowMs`; a key frame at once, if one was asked for. */
  tick(nowMs: number): void {
    if (this.failure !== undefined) return;
    this.#sendPictures();
    const requests = this.#sender.peer.feedback.get("pictureLossIndication") ?? 0;
    // What has been begun is sent to its end first.
    if (requests > this.#requestsSeen && this.#waiting.length === 0) {
      this.#requestsSeen = requests;
      this.#begin(nowMs);
    }
    const { frames, durationMs } = this.#loop;
    for (let frame; (frame = this.#due(nowMs)) !== undefined;) {
      if (nowMs - this.#originMs - frame.timestampMs > STALL_MS) this.stalls++;
      if (frame.kind === "audio") this.#send("audio", frame.packets);
      else this.#waiting.push(...frame.packets);
      if (++this.#next < frames.length) continue;
      this.#next = 0;
      this.#originMs += durationMs;
      this.#shiftMs += durationMs;
    }
    if (nowMs < this.#reportDueMs) return;
    this.#reportDueMs = nowMs + REPORT_INTERVAL_MS;
    for (const track of Object.values(this.#tracks)) this.#report(track);
  }

  /** Goes on with the loop's begin, which is a key frame. */
  #begin(nowMs: number): void {
    const playedMs = Math.ceil(nowMs - this.#originMs);
    this.#originMs += playedMs;
    this.#shiftMs += playedMs;
    this.#next = 0;
    this.keyFramesAsked++;
  }

  /** The next frame, if its time has come; at the loop's end the pictures before it go first. */
  #due(nowMs: number): LoopFrame | undefined {
    const frame = this.#loop.frames[this.#next]!;
    if (this.#originMs + frame.timestampMs > nowMs) return undefined;
    return this.#next === 0 && this.#waiting.length > 0 ? undefined : frame;
  }

  #sendPictures(): void {
    const packets = this.#waiting.splice(0, PACKETS_A_TICK);
    if (packets.length > 0) this.#send("video", packets);
  }

  #send(kind: LoopFrame["kind"], packets: readonly Uint8Array<ArrayBuffer>[]): void {
    const track = this.#tracks[kind];
    const shift = this.#shiftMs * ticksPerMs(kind) | 0;
    const { peer } = this.#sender;
    for (const datagram of peer.protectAll(packets, track.packets, track.identity, shift)) {
      peer.send(datagram);
      track.bytes += datagram.length;
      this.bytesSent += datagram.length;
    }
    track.packets += packets.length;
    const packet = packets.at(-1)!;
    track.timestamp = new DataView(packet.buffer, packet.byteOffset).getUint32(4) + shift >>> 0;
  }

  #report({ identity: { ssrc }, packets, bytes, timestamp }: Track): void {
    if (packets === 0) return;
    const writer = new ByteWriter();
    const ntp = ntpTime(Date.now());
    const counts = { packetCount: packets, octetCount: bytes };
    writeSenderReport(writer, { ssrc, ntp, rtpTimestamp: timestamp, ...counts });
    this.#sender.peer.sendRtcp(writer.take());
  }
}

function trackOf(kind: LoopFrame["kind"]): Track {
  const identity = { payloadType: PAYLOAD_TYPES[kind], ssrc: SSRCS[kind], extension: EXTENSION };
  return { identity, packets: 0, bytes: 0, timestamp: 0 };
}
