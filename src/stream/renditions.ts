import { CodecError } from "../codec/codec_error.ts";
import { isSizedCodec, keyFrameSize } from "../codec/picture_size.ts";
import { TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_VIDEO } from "../flv/tag.ts";
import type { FlvVideoCodec } from "../flv/video_body.ts";
import { parseVideoBody } from "../flv/video_body_parser.ts";
import { distance, RecordFlag, TRACK_BITS } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import { defaultTrackId, trackFilter, trackIds } from "./track_selection.ts";
import { configuredFormat } from "./video_format.ts";

/** One of a stream's video tracks, as far as viewers may choose between them. */
export interface Rendition {
  /** The publisher's number for the track. */
  readonly trackId: number;
  /** Whether it is the track that viewers get who do not ask for another. */
  readonly isDefault: boolean;
  /** By FLV's name; `undefined` if that is not known. */
  readonly codec: FlvVideoCodec | undefined;
  readonly width: number | null;
  readonly height: number | null;
  /** What is really sent, over the last {@linkcode MEASURED_MS}. */
  readonly bitrateBps: number;
  readonly frameRate: number;
  /** Between its last two key frames; `null` if there were not two. */
  readonly keyFrameDistanceMs: number | null;
}

/** Stream time over which rates are measured: more than one group of pictures of most encoders. */
export const MEASURED_MS = 5000;

/** A track of which nothing has come for so long is none to change to. */
const STOPPED_MS = 1500;

/** How old a list may be that several viewers are given. */
const LISTED_ANEW_MS = 500;

/** What the newest records of one track are. */
interface Measured {
  bytes: number;
  frames: number;
  newestMs: number;
  oldestMs: number;
  /** Of key frames, the newest first: two at most. */
  readonly keyFramesMs: number[];
}

/** What a configuration says of a track's pictures. */
type Format = Pick<Rendition, "codec" | "width" | "height">;

const UNKNOWN: Format = { codec: undefined, width: null, height: null };

/** A stream's renditions, as they are at the moment. */
export class Renditions {
  readonly #log: LogReader;
  /** By the tracks' numbers, as of a version of what viewers are told first. */
  readonly #formats = new Map<number, Format>();
  #version = -1;
  /** By the tracks' numbers, what the newest key frame says of those whose configuration says no size. */
  readonly #keyFrames = new Map<number, { readonly sequence: number; readonly format: Format }>();
  #listed: readonly Rendition[] = [];
  #listedAtMs = -Infinity;

  constructor(log: LogReader) {
    this.#log = log;
  }

  /**
   * The video tracks that go on, and are of the codec of the default one, as no other can be changed
   * to within a session; none if there is but one. The one that takes the most bits comes first.
   *
   * @returns the same for all who ask within {@linkcode LISTED_ANEW_MS}
   */
  recent(nowMs: number): readonly Rendition[] {
    if (nowMs - this.#listedAtMs >= LISTED_ANEW_MS) {
      this.#listed = this.#list();
      this.#listedAtMs = nowMs;
    }
    return this.#listed;
  }

  /** Looks through the newest records: not to be done for each frame, or each viewer. */
  #list(): readonly Rendition[] {
    const log = this.#log;
    const { tracks } = log;
    const ids = trackIds("video", tracks);
    if (ids.length < 2) return [];
    const defaultId = defaultTrackId("video", tracks);
    const measured = measureVideo(log);
    const renditions = ids.flatMap((trackId) => {
      const { video } = trackFilter({ audio: false, video: true, videoTrack: trackId }, tracks);
      const rates = measured.get(video);
      if (rates === undefined || distance(rates.newestMs, log.lastTimestampMs) > STOPPED_MS) {
        return [];
      }
      const isDefault = trackId === defaultId;
      return [{ trackId, isDefault, ...this.#formatOf(trackId, video), ...ratesOf(rates) }];
    });
    const { codec } = this.#formatOf(defaultId, 0);
    return renditions
      .filter((rendition) => rendition.codec === codec)
      .toSorted((one, other) => other.bitrateBps - one.bitrateBps);
  }

  #formatOf(trackId: number, bits: number): Format {
    const format = this.#configuredFormat(trackId);
    return format.width === null ? this.#keyFrameFormat(trackId, bits) ?? format : format;
  }

  /** What the newest key frame says, once for each. */
  #keyFrameFormat(trackId: number, bits: number): Format | undefined {
    const sequence = this.#log.newestKeyFrameOf(bits);
    const known = this.#keyFrames.get(trackId);
    if (sequence === undefined || sequence === known?.sequence) return known?.format;
    const format = keyFrameFormat(this.#log, sequence);
    if (format !== undefined) this.#keyFrames.set(trackId, { sequence, format });
    return format;
  }

  #configuredFormat(trackId: number): Format {
    const { preambleVersion } = this.#log;
    if (preambleVersion !== this.#version) this.#formats.clear();
    this.#version = preambleVersion;
    let format = this.#formats.get(trackId);
    if (format === undefined) {
      format = formatOf(this.#log, trackId);
      this.#formats.set(trackId, format);
    }
    return format;
  }
}

/** By the bits that a track's records have. */
function measureVideo(log: LogReader): ReadonlyMap<number, Measured> {
  const { head, tail, lastTimestampMs } = log;
  const measured = new Map<number, Measured>();
  for (let at = head; distance(tail, at) > 0;) {
    at = (at - 1) | 0;
    const flags = log.flagsOf(at);
    const timestampMs = log.timestampMsOf(at);
    if (distance(timestampMs, lastTimestampMs) > MEASURED_MS) break;
    if ((flags & (RecordFlag.video | RecordFlag.configuration)) !== RecordFlag.video) continue;
    const bytes = log.lengthOf(at) - TAG_OVERHEAD;
    if (!log.isHeld(at)) break;
    note(measured, flags, timestampMs, bytes);
  }
  return measured;
}

function note(
  measured: Map<number, Measured>,
  flags: number,
  timestampMs: number,
  bytes: number,
): void {
  const bits = flags & TRACK_BITS;
  let track = measured.get(bits);
  if (track === undefined) {
    track = { bytes: 0, frames: 0, newestMs: timestampMs, oldestMs: timestampMs, keyFramesMs: [] };
    measured.set(bits, track);
  }
  track.bytes += bytes;
  track.frames++;
  track.oldestMs = timestampMs;
  if ((flags & RecordFlag.keyFrame) === 0) return;
  if (track.keyFramesMs.length < 2) track.keyFramesMs.push(timestampMs);
}

function ratesOf({ bytes, frames, newestMs, oldestMs, keyFramesMs }: Measured) {
  const [newest, before] = keyFramesMs;
  const spanMs = distance(oldestMs, newestMs);
  // What lies between the first and the last is one frame less than there are.
  const frameMs = frames > 1 && spanMs > 0 ? spanMs / (frames - 1) : MEASURED_MS;
  return {
    bitrateBps: Math.round(bytes * 8000 / (frameMs * frames)),
    frameRate: 1000 / frameMs,
    keyFrameDistanceMs: newest === undefined || before === undefined
      ? null
      : distance(before, newest),
  };
}

/** What a key frame says of its track; `undefined` if it cannot be read, or says nothing. */
function keyFrameFormat(log: LogReader, sequence: number): Format | undefined {
  const length = log.lengthOf(sequence);
  if (!log.isHeld(sequence)) return undefined;
  const tag = new Uint8Array(length);
  if (!log.copy(sequence, tag, 0, length)) return undefined;
  const end = length - (TAG_OVERHEAD - TAG_HEADER_SIZE);
  const video = parseVideoBody(tag.subarray(TAG_HEADER_SIZE, end));
  if (video.kind !== "frame") return undefined;
  const { codec, data } = video;
  const size = isSizedCodec(codec) ? keyFrameSize(codec, data) : undefined;
  return size && { codec, ...size };
}

/** What a track's configuration says of it. */
function formatOf(log: LogReader, videoTrack: number): Format {
  const tags = log.preamble({ audio: false, video: true, videoTrack })?.tags ?? [];
  for (const { type, body } of tags) {
    const video = type === TAG_VIDEO ? parseVideoBody(body) : undefined;
    if (video?.kind !== "configuration") continue;
    try {
      const { flvCodec: codec, width, height } = configuredFormat(video);
      return { codec, width, height };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
  }
  return UNKNOWN;
}
