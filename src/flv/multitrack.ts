import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { parseAudioBody } from "./audio_body.ts";
import { AudioPacketType } from "./enhanced_audio.ts";
import { VideoPacketType } from "./enhanced_video.ts";
import { FlvError } from "./flv_error.ts";
import { PACKET_MOD_EX, readModifiers } from "./mod_ex.ts";
import { parseVideoBody } from "./video_body.ts";

/** Tracks in one message; each costs a body of its own. */
export const MAX_TRACKS_PER_MESSAGE = 32;

/** One track's part of a message. */
export interface TrackBody {
  /** As the publisher counts: 0 is the default track, others are up to 255. */
  readonly trackId: number;
  /** An Enhanced body with this track alone, as if there were no others; the caller owns it. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** AvMultitrackType. */
const ONE_TRACK = 0;
const MANY_TRACKS_MANY_CODECS = 2;

const PACKET_TYPE_BITS = 0b1111;

/** Of the first byte of a video body with an Enhanced header. */
const EX_HEADER_FLAG = 0x80;

/** SoundFormat of an audio body with an Enhanced header. */
const SOUND_FORMAT_EX_HEADER = 9;

/**
 * Splits a video body of kind "multitrack" into those of its tracks (Enhanced RTMP v2,
 * "ExVideoTagBody"): bodies that any reader of Enhanced RTMP v1 understands. Modifiers in front, such
 * as a timestamp's offset, hold for each track, and go with each.
 *
 * @throws {FlvError} if it is cut short, not of that kind, or has more than
 * {@linkcode MAX_TRACKS_PER_MESSAGE} tracks
 *
 * @example
 * ```ts
 * import { splitVideoTracks } from "./multitrack.ts";
 *
 * // A key frame of track 1, VP9: as one track of its own.
 * const body = Uint8Array.of(0x96, 0x01, 0x76, 0x70, 0x30, 0x39, 1, 0x82, 0x49);
 * const [track] = splitVideoTracks(body);
 * track!.trackId; // 1
 * track!.body; // 0x91, "vp09", 0x82, 0x49
 * ```
 */
export function splitVideoTracks(body: Uint8Array): readonly TrackBody[] {
  return splitTracks(body, VideoPacketType.multitrack);
}

/** Splits an audio body of kind "multitrack", as {@linkcode splitVideoTracks} does with video. */
export function splitAudioTracks(body: Uint8Array): readonly TrackBody[] {
  return splitTracks(body, AudioPacketType.multitrack);
}

/** Whether a video body is one for {@linkcode splitVideoTracks}; of a broken one, nothing is said. */
export function isVideoMultitrack(body: Uint8Array): boolean {
  const first = body[0] ?? 0;
  if ((first & EX_HEADER_FLAG) === 0) return false;
  const packetType = first & PACKET_TYPE_BITS;
  if (packetType !== PACKET_MOD_EX) return packetType === VideoPacketType.multitrack;
  return kindOf(parseVideoBody, body) === "multitrack";
}

/** Whether an audio body is one for {@linkcode splitAudioTracks}, likewise. */
export function isAudioMultitrack(body: Uint8Array): boolean {
  const first = body[0] ?? 0;
  if (first >> 4 !== SOUND_FORMAT_EX_HEADER) return false;
  const packetType = first & PACKET_TYPE_BITS;
  if (packetType !== PACKET_MOD_EX) return packetType === AudioPacketType.multitrack;
  return kindOf(parseAudioBody, body) === "multitrack";
}

function splitTracks(body: Uint8Array, multitrack: number): readonly TrackBody[] {
  const reader = new ByteReader(body, FlvError);
  let packetType = reader.u8() & PACKET_TYPE_BITS;
  if (packetType === PACKET_MOD_EX) ({ packetType } = readModifiers(reader));
  if (packetType !== multitrack) {
    throw new FlvError(`Cannot split tracks: packet type must be ${multitrack}, got ${packetType}`);
  }
  const head = body.subarray(0, reader.offset);
  const types = reader.u8();
  const trackType = types >> 4;
  packetType = types & PACKET_TYPE_BITS;
  if (packetType === multitrack || packetType === PACKET_MOD_EX) {
    throw new FlvError(
      `Cannot split tracks: packet type within must be another, got ${packetType}`,
    );
  }
  if (trackType > MANY_TRACKS_MANY_CODECS) {
    throw new FlvError(`Cannot split tracks: multitrack type must be 0..2, got ${trackType}`);
  }
  const prefix = withPacketType(head, packetType);
  const commonFourCc = trackType === MANY_TRACKS_MANY_CODECS ? undefined : reader.u32();
  const tracks: TrackBody[] = [];
  do {
    if (tracks.length === MAX_TRACKS_PER_MESSAGE) {
      throw new FlvError(`Cannot split tracks: must be up to ${MAX_TRACKS_PER_MESSAGE}, got more`);
    }
    const fourCc = commonFourCc ?? reader.u32();
    const trackId = reader.u8();
    const data = trackType === ONE_TRACK ? reader.rest() : reader.bytes(reader.u24());
    const size = prefix.length + 4 + data.length;
    tracks.push({
      trackId,
      body: new ByteWriter(size).bytes(prefix).u32(fourCc).bytes(data).peek(),
    });
  } while (reader.remaining > 0);
  return tracks;
}

function kindOf(parse: (body: Uint8Array) => { readonly kind: string }, body: Uint8Array) {
  try {
    return parse(body).kind;
  } catch (error) {
    if (error instanceof FlvError) return undefined;
    throw error;
  }
}

/** The bytes up to the packet type, which comes last, with another one. */
function withPacketType(head: Uint8Array, packetType: number): Uint8Array {
  const prefix = head.slice();
  const last = prefix.length - 1;
  prefix[last] = (prefix[last]! & ~PACKET_TYPE_BITS) | packetType;
  return prefix;
}
