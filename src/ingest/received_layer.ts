import { encodeOpusHead } from "../codec/sound/opus.ts";
import { encodeOpusBody } from "../flv/audio_body_writer.ts";
import { compactNtp } from "../rtp/ntp.ts";
import { AV1_DEPACKETIZER } from "../rtp/receive/av1_depacketizer.ts";
import type { Depacketizer } from "../rtp/receive/depacketizer.ts";
import { H264_DEPACKETIZER } from "../rtp/receive/h264_depacketizer.ts";
import { H265_DEPACKETIZER } from "../rtp/receive/h265_depacketizer.ts";
import type { PacketRoom } from "../rtp/receive/packet_room.ts";
import { PictureQueue, type ReceptionTerms } from "../rtp/receive/picture_queue.ts";
import type { ReceivedPacket } from "../rtp/receive/received_packet.ts";
import { readRedundantPayload } from "../rtp/receive/redundant_payload.ts";
import { originalPacket } from "../rtp/receive/repair.ts";
import { SoundQueue } from "../rtp/receive/sound_queue.ts";
import { SourceStatistics } from "../rtp/receive/source_statistics.ts";
import { VP8_DEPACKETIZER } from "../rtp/receive/vp8_depacketizer.ts";
import { VP9_DEPACKETIZER } from "../rtp/receive/vp9_depacketizer.ts";
import { OPUS_CLOCK_RATE_HZ } from "../rtp/opus_packetizer.ts";
import type { ReportBlock, SenderReport } from "../rtp/rtcp_report.ts";
import { extendSequence } from "../rtp/sequence.ts";
import { VIDEO_CLOCK_RATE_HZ } from "../rtp/video_payload_format.ts";
import { LayerReferences } from "./layer_references.ts";
import type { LayerPicture } from "./layer_picture.ts";
import type { ReceivedMessage } from "./received_message.ts";
import type {
  ReceivedPayload,
  ReceivedTrackOptions,
  ReceivedVideoCodec,
} from "./received_track.ts";
import type { RtpVerdict } from "./rtp_verdict.ts";
import { TrackClock } from "./track_clock.ts";

const DEPACKETIZERS: Readonly<Record<ReceivedVideoCodec, Depacketizer>> = {
  h264: H264_DEPACKETIZER,
  h265: H265_DEPACKETIZER,
  vp8: VP8_DEPACKETIZER,
  vp9: VP9_DEPACKETIZER,
  av1: AV1_DEPACKETIZER,
};

/** Another SSRC takes a layer over when the one before has been silent for so long. */
const TAKEOVER_SILENCE_MS = 300;

/**
 * Least time between two requests for a key frame; a round trip each way, if that is longer, though a
 * way that was full once is no reason to be without pictures for long.
 */
const KEY_FRAME_REQUEST_INTERVAL_MS = 500;
const MAX_KEY_FRAME_REQUEST_INTERVAL_MS = 2000;

/** Who needs a key frame so soon after one has not seen it yet: it is on the way. */
const KEY_FRAME_ON_THE_WAY_MS = 100;

/** A packet that is sent again may be so far ahead of those that came: the last ones were lost. */
const MAX_REPAIR_LEAD = 256;

/**
 * Where nothing else has come for so long, so many packets that are late are no stragglers: the source
 * counts from a smaller number than before.
 */
const BEHIND_MS = 500;
const BEHIND_PACKETS = 8;

/** What decoders of Opus put out before the sound, by its encoders in browsers (RFC 7845 5.1). */
const OPUS_PRE_SKIP = 312;

/** Reported delays are in 1/65536 s. */
const DELAY_TICKS_PER_MS = 65.536;

/** A layer, as APIs show it. */
export interface LayerDescription {
  readonly mid: string;
  readonly rid: string | undefined;
  readonly kind: "video" | "audio";
  readonly ssrc: number | undefined;
  readonly codec: ReceivedVideoCodec | "opus" | undefined;
  readonly packets: number;
  readonly lost: number;
  /** Of the packets between the last two reports, 0 to 1; `null` before the first. */
  readonly lossFraction: number | null;
  readonly repaired: number;
  readonly jitterMs: number;
  /** Times that it went on without what was lost. */
  readonly givenUp: number;
  readonly keyFrameRequests: number;
}

/** The other packets of its publisher, and the link. */
export interface LayerTerms {
  readonly roundTripMs: number;
  /** What pictures are to be in step with. */
  readonly leader: TrackClock | undefined;
}

type Media = Extract<ReceivedPayload, { kind: "media" }>;

/** Pictures or sound of one source, of which only the newest SSRC counts. */
export class ReceivedLayer {
  readonly track: ReceivedTrackOptions;
  readonly rid: string | undefined;
  readonly clock: TrackClock;
  readonly #room: PacketRoom;
  readonly #descriptorId: number | undefined;
  #ssrc: number | undefined;
  #repairSsrc: number | undefined;
  #media: Media | undefined;
  #statistics: SourceStatistics;
  #queue: PictureQueue | SoundQueue | undefined;
  #heardAtMs = -Infinity;
  #picturesHeardAtMs = -Infinity;
  readonly #references = new LayerReferences();
  /** When the last packet came in time, and how many have not since. */
  #takenAtMs = -Infinity;
  #lateSince = 0;
  #isKeyFrameWanted = false;
  #keyFrameAtMs = -Infinity;
  #requestedAtMs = -Infinity;
  #keyFrameRequests = 0;
  #repaired = 0;
  #newestMs = 0;
  #hasOpusHead = false;
  /** By the newest report. */
  #lossFraction: number | null = null;
  #senderReport: { readonly compact: number; readonly atMs: number } | undefined;

  constructor(
    track: ReceivedTrackOptions,
    { rid, epochMs, room, descriptorId }: {
      readonly rid: string | undefined;
      readonly epochMs: number;
      /** Of the pictures of all layers. */
      readonly room: PacketRoom;
      readonly descriptorId: number | undefined;
    },
  ) {
    this.track = track;
    this.rid = rid;
    this.#room = room;
    this.#descriptorId = descriptorId;
    this.clock = new TrackClock(rateOf(track), epochMs);
    this.#statistics = new SourceStatistics(rateOf(track));
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** Of the packets that it is sent again. */
  get repairSsrc(): number | undefined {
    return this.#repairSsrc;
  }

  /** Whether packets of another SSRC may be of it. */
  canBeTakenOver(nowMs: number): boolean {
    return nowMs - this.#heardAtMs >= TAKEOVER_SILENCE_MS;
  }

  /** When anything of a picture came last; -Infinity if its source says that it has ended. */
  get picturesHeardAtMs(): number {
    return this.#picturesHeardAtMs;
  }

  /** Its source says that it has ended: another one need not wait. */
  leave(): void {
    this.#heardAtMs = this.#picturesHeardAtMs = -Infinity;
  }

  /** From here on it is the source with this SSRC. */
  adopt(ssrc: number): void {
    if (this.#ssrc !== undefined) this.clock.beginAnew();
    this.#ssrc = ssrc;
    this.#statistics = new SourceStatistics(rateOf(this.track));
    this.#senderReport = undefined;
    this.#lossFraction = null;
    this.#queue?.close();
    this.#queue = undefined;
  }

  /** What it is sent again has this SSRC; `undefined` if that is not known any more. */
  adoptRepair(ssrc: number | undefined): void {
    this.#repairSsrc = ssrc;
  }

  /** Takes a packet of its SSRC over. */
  take(packet: ReceivedPacket, media: Media, nowMs: number): RtpVerdict {
    const queue = this.#queueOf(media);
    const isBehind = this.#lateSince >= BEHIND_PACKETS && nowMs - this.#takenAtMs >= BEHIND_MS;
    if (isBehind) this.#statistics.beginAnew();
    const verdict = this.#statistics.take(packet.sequence, packet.timestamp, nowMs);
    if (verdict === "far") return "late";
    this.#heardAtMs = nowMs;
    const number = this.#statistics.extended;
    if (verdict === "restarted") queue.restart(number);
    const put = queue.put(number, packet, nowMs);
    if (put === "taken") {
      this.clock.noteArrival(packet.timestamp, nowMs);
      this.#takenAtMs = nowMs;
      this.#lateSince = 0;
    } else if (put === "late") this.#lateSince++;
    if (put !== "taken") return put;
    if (packet.payload.length === 0) return "padding";
    this.#picturesHeardAtMs = nowMs;
    return put;
  }

  /** Takes a packet over that carries one of the payload type, and those before it once more. */
  takeRedundant(packet: ReceivedPacket, payloadType: number, nowMs: number): RtpVerdict {
    const media = this.track.payloads.get(payloadType);
    const blocks = readRedundantPayload(packet.payload);
    if ("kind" in blocks || media?.kind !== "media") return "malformed";
    if (blocks.some((block) => block.payloadType !== payloadType)) return "malformed";
    const [own, ...earlier] = blocks.map(({ earlierBy, payload }): ReceivedPacket => {
      return { ...packet, payloadType, timestamp: packet.timestamp - earlierBy >>> 0, payload };
    });
    const verdict = this.take(own!, media, nowMs);
    if (verdict !== "taken") return verdict;
    const number = this.#statistics.extended;
    for (const [at, one] of earlier.entries()) {
      // Without anything in it, it brings nothing back.
      if (one.payload.length === 0) continue;
      if (this.#queue!.put(number - 1 - at, one, nowMs) === "taken") this.#repaired++;
    }
    return verdict;
  }

  /** Takes a repair packet over, which brings one of the payload type again. */
  takeRepair(packet: ReceivedPacket, payloadType: number, nowMs: number): RtpVerdict {
    const { highest } = this.#statistics;
    if (this.#queue === undefined || this.#ssrc === undefined || highest === undefined) {
      return "unknown-source";
    }
    const original = originalPacket(packet, payloadType, this.#ssrc);
    if (original === undefined) return "padding";
    const number = extendSequence(original.sequence, highest);
    if (number > highest + MAX_REPAIR_LEAD) return "late";
    const put = this.#queue.put(number, original, nowMs);
    if (put !== "taken") return put;
    this.#picturesHeardAtMs = nowMs;
    this.#repaired++;
    return "repaired";
  }

  /** The pictures that are whole by now, in order. */
  *pictures(terms: LayerTerms, nowMs: number): Generator<LayerPicture> {
    const queue = this.#queue;
    if (!(queue instanceof PictureQueue)) return;
    const reception = this.#reception(terms);
    for (let picture; (picture = queue.next(reception, nowMs)) !== undefined;) {
      const { timestamp } = picture;
      const unit = this.#references.placed(picture.unit);
      if (unit.isKeyFrame) this.#noteKeyFrame(nowMs);
      const shownMs = this.clock.timeMs(timestamp, nowMs, terms.leader);
      yield { codec: this.#media!.codec as ReceivedVideoCodec, unit, shownMs };
    }
  }

  /** The sound that is whole by now, as bodies of FLV tags. */
  *sound(terms: LayerTerms, nowMs: number): Generator<ReceivedMessage> {
    const queue = this.#queue;
    if (!(queue instanceof SoundQueue)) return;
    const reception = this.#reception(terms);
    for (let packet; (packet = queue.next(reception, nowMs)) !== undefined;) {
      yield* this.#soundMessages(packet, nowMs);
    }
  }

  /** When it has something to give up. */
  dueMs(roundTripMs: number): number {
    return this.#queue?.dueMs({ roundTripMs, canAsk: this.track.nack }) ?? Infinity;
  }

  /** When packets are to be asked for; Infinity if that was not agreed on. */
  get requestsDueMs(): number {
    return this.track.nack ? this.#queue?.requestsDueMs ?? Infinity : Infinity;
  }

  /** The numbers of the packets that are to be asked for now. */
  takeRequests(roundTripMs: number, nowMs: number): readonly number[] {
    return this.requestsDueMs <= nowMs ? this.#queue!.takeRequests(roundTripMs, nowMs) : [];
  }

  /** Somebody needs a key frame: it is asked for, unless one comes before that. */
  wantKeyFrame(nowMs: number): void {
    if (nowMs - this.#keyFrameAtMs >= KEY_FRAME_ON_THE_WAY_MS) this.#isKeyFrameWanted = true;
  }

  /** When a key frame is to be asked for; Infinity if none is needed, or can be asked for. */
  keyFrameDueMs(roundTripMs: number): number {
    const queue = this.#queue;
    if (!(queue instanceof PictureQueue) || !this.track.pli) return Infinity;
    if (!this.#isKeyFrameWanted && !queue.lacksKeyFrame) return Infinity;
    const wayMs = Math.min(2 * roundTripMs, MAX_KEY_FRAME_REQUEST_INTERVAL_MS);
    return this.#requestedAtMs + Math.max(KEY_FRAME_REQUEST_INTERVAL_MS, wayMs);
  }

  /** Whether a key frame is to be asked for now: it is taken to be asked for. */
  takeKeyFrameRequest(roundTripMs: number, nowMs: number): boolean {
    if (nowMs < this.keyFrameDueMs(roundTripMs)) return false;
    this.#isKeyFrameWanted = false;
    this.#requestedAtMs = nowMs;
    this.#keyFrameRequests++;
    return true;
  }

  takeSenderReport(report: SenderReport, nowMs: number): void {
    const ntp = { seconds: report.ntpSeconds, fraction: report.ntpFraction };
    this.#senderReport = { compact: compactNtp(ntp), atMs: nowMs };
    this.clock.takeReport(ntp, report.rtpTimestamp, nowMs);
  }

  /** What is to be reported of it; `undefined` before its first packet. */
  report(nowMs: number): ReportBlock | undefined {
    if (this.#ssrc === undefined || this.#statistics.highest === undefined) return undefined;
    const { compact = 0, atMs = nowMs } = this.#senderReport ?? {};
    const report = this.#statistics.report();
    this.#lossFraction = report.lossFraction;
    return {
      ssrc: this.#ssrc,
      ...report,
      lastSenderReport: compact,
      delaySinceLastSenderReport: Math.round((nowMs - atMs) * DELAY_TICKS_PER_MS),
    };
  }

  describe(): LayerDescription {
    return {
      mid: this.track.mid,
      rid: this.rid,
      kind: this.track.kind,
      ssrc: this.#ssrc,
      codec: this.#media?.codec,
      packets: this.#statistics.received,
      lost: this.#statistics.lost,
      lossFraction: this.#lossFraction,
      repaired: this.#repaired,
      jitterMs: this.#statistics.jitterMs,
      givenUp: this.#queue?.givenUp ?? 0,
      keyFrameRequests: this.#keyFrameRequests,
    };
  }

  #reception({ roundTripMs }: LayerTerms): ReceptionTerms {
    return { roundTripMs, canAsk: this.track.nack };
  }

  #noteKeyFrame(nowMs: number): void {
    this.#keyFrameAtMs = nowMs;
    this.#isKeyFrameWanted = false;
  }

  #queueOf(media: Media): PictureQueue | SoundQueue {
    this.#media = media;
    return this.#queue ??= media.codec === "opus"
      ? new SoundQueue()
      : new PictureQueue(DEPACKETIZERS[media.codec], this.#room, this.#descriptorId);
  }

  *#soundMessages({ timestamp, payload }: ReceivedPacket, nowMs: number) {
    const timeMs = this.clock.timeMs(timestamp, nowMs);
    const timestampMs = this.#newestMs = Math.max(this.#newestMs, timeMs);
    const audio = { kind: "audio", timestampMs } as const;
    if (!this.#hasOpusHead && this.#media?.codec === "opus") {
      this.#hasOpusHead = true;
      const { channels } = this.#media;
      const head = { channels, preSkip: OPUS_PRE_SKIP, inputSampleRate: OPUS_CLOCK_RATE_HZ };
      yield { ...audio, payload: encodeOpusBody("configuration", encodeOpusHead(head)) };
    }
    yield { ...audio, payload: encodeOpusBody("frame", payload) };
  }
}

function rateOf({ kind }: ReceivedTrackOptions): number {
  return kind === "video" ? VIDEO_CLOCK_RATE_HZ : OPUS_CLOCK_RATE_HZ;
}
