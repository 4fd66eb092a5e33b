import { ByteWriter } from "../bytes/byte_writer.ts";
import type { Malformed } from "../bytes/malformed.ts";
import { parseAudioBody } from "./audio_body_parser.ts";
import { BodyReader } from "./body_reader.ts";
import { AudioPacketType } from "./enhanced_audio.ts";
import { VideoPacketType } from "./enhanced_video.ts";
import { PACKET_MOD_EX, readModifiers } from "./mod_ex.ts";
import { EX_HEADER_FLAG } from "./frame_type.ts";
import { parseVideoBody } from "./video_body_parser.ts";

/** Tracks in one message; each costs a body of its own. */
export const MAX_TRACKS_PER_MESSAGE = 32;

/** One track's part of a message. */
export interface TrackBody {
  /** As the publisher counts: 0 is the default track, others are up to 255. */
  readonly trackId: number;
  /** An Enhanced body with this track alone, as if there were no others; the caller owns it. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The parts of a message, one for each track. */
export interface SplitTracks {
  readonly kind: "tracks";
  readonly tracks: readonly TrackBody[];
}

const TRACKS_RULE = `tracks must be up to ${MAX_TRACKS_PER_MESSAGE}`;

/** AvMultitrackType. */
const ONE_TRACK = 0;
const MANY_TRACKS_MANY_CODECS = 2;

const PACKET_TYPE_BITS = 0b1111;

/** SoundFormat of an audio body with an Enhanced header. */
const SOUND_FORMAT_EX_HEADER = 9;

/**
 * Splits a video body of kind "multitrack" into those of its tracks (Enhanced RTMP v2,
 * "ExVideoTagBody"): bodies that any reader of Enhanced RTMP v1 understands. Modifiers in front, such
 * as a timestamp's offset, hold for each track, and go with each.
 *
 * It is malformed as a whole if it is cut short, not of that kind, or has more than
 * {@linkcode MAX_TRACKS_PER_MESSAGE} tracks. Nothing is thrown.
 *
 * @example
 * ```ts
 * import { splitVideoTracks } from "./multitrack.ts";
 *
 * // A key frame of track 1, VP9: as one track of its own.
 * const body = Uint8Array.of(0x96, 0x01, 0x76, 0x70, 0x30, 0x39, 1, 0x82, 0x49);
 * const split = splitVideoTracks(body);
 * if (split.kind === "tracks") split.tracks[0]!.trackId; // 1
 * if (split.kind === "tracks") split.tracks[0]!.body; // 0x91, "vp09", 0x82, 0x49
 * ```
 */
export function splitVideoTracks(body: Uint8Array): SplitTracks | Malformed {
  return splitTracks(body, VideoPacketType.multitrack);
}

/** Splits an audio body of kind "multitrack", as {@linkcode splitVideoTracks} does with video. */
export function splitAudioTracks(body: Uint8Array): SplitTracks | Malformed {
  return splitTracks(body, AudioPacketType.multitrack);
}

/** Whether a video body is one for {@linkcode splitVideoTracks}; of a broken one, nothing is said. */
export function isVideoMultitrack(body: Uint8Array): boolean {
  const first = body[0] ?? 0;
  if ((first & EX_HEADER_FLAG) === 0) return false;
  const packetType = first & PACKET_TYPE_BITS;
  if (packetType !== PACKET_MOD_EX) return packetType === VideoPacketType.multitrack;
  return parseVideoBody(body).kind === "multitrack";
}

/** Whether an audio body is one for {@linkcode splitAudioTracks}, likewise. */
export function isAudioMultitrack(body: Uint8Array): boolean {
  const first = body[0] ?? 0;
  if (first >> 4 !== SOUND_FORMAT_EX_HEADER) return false;
  const packetType = first & PACKET_TYPE_BITS;
  if (packetType !== PACKET_MOD_EX) return packetType === AudioPacketType.multitrack;
  return parseAudioBody(body).kind === "multitrack";
}

function splitTracks(body: Uint8Array, multitrack: number): SplitTracks | Malformed {
  const reader = new BodyReader(body, "split tracks");
  let packetType = reader.u8() & PACKET_TYPE_BITS;
  if (packetType === PACKET_MOD_EX) ({ packetType } = readModifiers(reader));
  if (packetType !== multitrack) return reader.refuse("packet type must be multitrack", packetType);
  const head = body.subarray(0, reader.offset);
  const types = reader.u8();
  const trackType = types >> 4;
  packetType = types & PACKET_TYPE_BITS;
  if (packetType === multitrack || packetType === PACKET_MOD_EX) {
    return reader.refuse("packet type within must be another", packetType);
  }
  if (trackType > MANY_TRACKS_MANY_CODECS) {
    return reader.refuse("multitrack type must be 0..2", trackType);
  }
  const commonFourCc = trackType === MANY_TRACKS_MANY_CODECS ? undefined : reader.u32();
  const parts: { fourCc: number; trackId: number; data: Uint8Array }[] = [];
  do {
    if (parts.length === MAX_TRACKS_PER_MESSAGE) {
      return reader.refuse(TRACKS_RULE, parts.length + 1);
    }
    const fourCc = commonFourCc ?? reader.u32();
    const trackId = reader.u8();
    const data = trackType === ONE_TRACK ? reader.rest() : reader.bytes(reader.u24());
    if (reader.fault !== undefined) return reader.fault;
    parts.push({ fourCc, trackId, data });
  } while (reader.remaining > 0);
  const prefix = withPacketType(head, packetType);
  // Only now: of a message that is broken at its end, nothing is copied.
  const tracks = parts.map(({ fourCc, trackId, data }) => {
    const size = prefix.length + 4 + data.length;
    const body = new ByteWriter(size).bytes(prefix).u32(fourCc).bytes(data).peek();
    return { trackId, body };
  });
  return { kind: "tracks", tracks };
}

/** The bytes up to the packet type, which comes last, with another one. */
function withPacketType(head: Uint8Array, packetType: number): Uint8Array {
  const prefix = head.slice();
  const last = prefix.length - 1;
  prefix[last] = (prefix[last]! & ~PACKET_TYPE_BITS) | packetType;
  return prefix;
}
