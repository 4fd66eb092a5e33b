import { ByteWriter } from "../bytes/byte_writer.ts";
import { encodeAacBody, parseAudioBody } from "./audio_body.ts";
import { FrameType } from "./frame_type.ts";
import { parseVideoBody } from "./video_body.ts";

/** CodecID of H.264 (FLV 10.1 E.4.3.1), and the first bit of an Enhanced header. */
const CODEC_ID_H264 = 7;
const EX_HEADER_FLAG = 0x80;

/** SoundFormat of an Enhanced header (FLV 10.1 E.4.2.1). */
const SOUND_FORMAT_EX_HEADER = 9;

const PACKET_CONFIGURATION = 0;
const PACKET_FRAME = 1;
const PACKET_END_OF_SEQUENCE = 2;

/**
 * A video body as players read it that know nothing of Enhanced RTMP, as most do: H.264 with an
 * Enhanced header gets the legacy one (FLV 10.1 E.4.3), which says the same but for parts of a
 * millisecond. Any other body is returned as it is, and one that is malformed.
 *
 * @param isKeyFrame whether a frame is one, whatever its own header says
 * @returns `undefined` for what the legacy form has no words for, such as colours
 *
 * @example
 * ```ts
 * import { legacyVideoBody } from "./legacy_body.ts";
 *
 * // A key frame without composition time, "avc1".
 * legacyVideoBody(Uint8Array.of(0x93, 0x61, 0x76, 0x63, 0x31, 0, 0, 0, 1, 0x65), true);
 * // 0x17, 1, 0, 0, 0, and the same picture
 * ```
 */
export function legacyVideoBody(body: Uint8Array, isKeyFrame: boolean): Uint8Array | undefined {
  if (((body[0] ?? 0) & EX_HEADER_FLAG) === 0) return body;
  const video = parseVideoBody(body);
  if (!("codec" in video) || video.codec !== "h264") return body;
  switch (video.kind) {
    case "configuration":
      return videoPacket(true, PACKET_CONFIGURATION, 0, video.data);
    case "frame":
      return videoPacket(isKeyFrame, PACKET_FRAME, video.compositionTimeMs, video.data);
    case "end-of-sequence":
      return videoPacket(true, PACKET_END_OF_SEQUENCE, 0, new Uint8Array(0));
    case "metadata":
      return undefined;
  }
}

/**
 * An audio body as such players read it: AAC with an Enhanced header gets the legacy one. Any other
 * body is returned as it is, and one that is malformed.
 *
 * @returns `undefined` for what the legacy form has no words for: speakers, the end of a sequence
 */
export function legacyAudioBody(body: Uint8Array): Uint8Array | undefined {
  if ((body[0] ?? 0) >> 4 !== SOUND_FORMAT_EX_HEADER) return body;
  const audio = parseAudioBody(body);
  if (!("codec" in audio) || audio.codec !== "aac") return body;
  switch (audio.kind) {
    case "configuration":
      return encodeAacBody("configuration", audio.data);
    case "frame":
      return encodeAacBody("frame", audio.data);
    case "channels":
    case "end-of-sequence":
      return undefined;
  }
}

function videoPacket(
  isKeyFrame: boolean,
  packetType: number,
  compositionTimeMs: number,
  data: Uint8Array,
): Uint8Array {
  const frameType = isKeyFrame ? FrameType.key : FrameType.inter;
  return new ByteWriter(5 + data.length)
    .u8((frameType << 4) | CODEC_ID_H264)
    .u8(packetType)
    // A signed integer of 24 bits.
    .u24(compositionTimeMs & 0xffffff)
    .bytes(data)
    .peek();
}
