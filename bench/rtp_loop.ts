import { splitH264NalUnits } from "../src/codec/h264/slice.ts";
import { parseH264Configuration } from "../src/codec/h264/h264.ts";
import { TAG_VIDEO } from "../src/flv/tag.ts";
import { packetizeH264 } from "../src/rtp/h264_packetizer.ts";
import { packetizeOpus } from "../src/rtp/opus_packetizer.ts";
import type { PacketSink } from "../src/rtp/packet_sink.ts";
import { FlvReader } from "../testing/flv/tag_reader.ts";

/** What browsers and OBS put into a packet. */
const MAX_PAYLOAD_SIZE = 1200;

const BODY_HEAD_SIZE = 5;
const AVC_CONFIGURATION = 0;
const AVC_NAL_UNITS = 1;
const KEY_FRAME = 1;

const SOUND_FRAME_MS = 20;
/** 64 kbit/s. */
const SOUND_FRAME_SIZE = 160;
/** Opus at 20 ms, stereo, one frame (RFC 6716 3.1). */
const SOUND_TOC = 0xfc;

const VIDEO_TICKS_PER_MS = 90;
const SOUND_TICKS_PER_MS = 48;

/** The packets of a picture or of a frame of sound, whose SSRC and numbers come later. */
export interface LoopFrame {
  readonly kind: "video" | "audio";
  /** From the loop's begin; that of the packets counts from there, too. */
  readonly timestampMs: number;
  readonly isKeyFrame: boolean;
  readonly packets: readonly Uint8Array<ArrayBuffer>[];
}

/** Pictures of an FLV file, with sound of its own, as RTP that can be sent again and again. */
export interface RtpLoop {
  readonly frames: readonly LoopFrame[];
  readonly durationMs: number;
}

/** Ticks of a timestamp in a millisecond. */
export function ticksPerMs(kind: LoopFrame["kind"]): number {
  return kind === "video" ? VIDEO_TICKS_PER_MS : SOUND_TICKS_PER_MS;
}

/** @throws {FlvError} if the file is none; its pictures must be H.264 without B-frames */
export function makeRtpLoop(file: Uint8Array): RtpLoop {
  const pictures = readPictures(file);
  const lastMs = pictures.at(-1)!.timestampMs;
  const durationMs = lastMs + Math.round(lastMs / (pictures.length - 1));
  const sounds = Array.from({ length: Math.floor(durationMs / SOUND_FRAME_MS) }, (_, at) => {
    return makeSound(at * SOUND_FRAME_MS);
  });
  const frames = [...pictures, ...sounds]
    .toSorted((one, other) => one.timestampMs - other.timestampMs);
  return { frames, durationMs };
}

function readPictures(file: Uint8Array): LoopFrame[] {
  const flv = new FlvReader();
  flv.push(file);
  const frames: LoopFrame[] = [];
  let format = { sps: [] as readonly Uint8Array[], pps: [] as readonly Uint8Array[] };
  let firstMs: number | undefined;
  for (let record; (record = flv.next()) !== undefined;) {
    if (record.kind !== "tag" || record.type !== TAG_VIDEO) continue;
    const { body, timestampMs } = record;
    const content = body.subarray(BODY_HEAD_SIZE);
    if (body[1] === AVC_CONFIGURATION) format = parseH264Configuration(content);
    if (body[1] !== AVC_NAL_UNITS) continue;
    firstMs ??= timestampMs;
    const timeMs = timestampMs - firstMs;
    const isKeyFrame = body[0]! >> 4 === KEY_FRAME;
    const nalUnits = splitH264NalUnits(content, 4);
    const unit = { nalUnits, isKeyFrame, timestamp: timeMs * VIDEO_TICKS_PER_MS, timeMs };
    const out = new Collected();
    packetizeH264(unit, { ...format, ssrc: 0, maxPayloadSize: MAX_PAYLOAD_SIZE }, out);
    frames.push({ kind: "video", timestampMs: timeMs, isKeyFrame, packets: out.packets });
  }
  return frames;
}

function makeSound(timeMs: number): LoopFrame {
  const data = crypto.getRandomValues(new Uint8Array(SOUND_FRAME_SIZE));
  data[0] = SOUND_TOC;
  const out = new Collected();
  packetizeOpus({ data, timestamp: timeMs * SOUND_TICKS_PER_MS, timeMs }, { ssrc: 0 }, out);
  return { kind: "audio", timestampMs: timeMs, isKeyFrame: false, packets: out.packets };
}

/** Keeps what it gets. */
class Collected implements PacketSink {
  readonly packets: Uint8Array<ArrayBuffer>[] = [];

  get head(): number {
    return this.packets.length;
  }

  append(packet: Uint8Array<ArrayBuffer>): void {
    this.packets.push(packet);
  }
}
