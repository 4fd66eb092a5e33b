import * as v from "valibot";
import { ObsError } from "./obs_error.ts";

/** Characters of a stream key: a name, and a query with a long token. */
const MAX_KEY_LENGTH = 4352;

/** Canvases that OBS may have; the first one is published. */
const MAX_CANVASES = 64;

/** Pixels of a side. */
const MIN_SIDE = 64;
const MAX_SIDE = 8192;

const MAX_FRAME_RATE = 240;

const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31));
const side = v.pipe(v.number(), v.integer(), v.minValue(MIN_SIDE), v.maxValue(MAX_SIDE));

const Canvas = v.object({
  width: side,
  height: side,
  framerate: v.pipe(
    v.object({ numerator: positive, denominator: positive }),
    v.check(
      ({ numerator, denominator }) =>
        numerator >= denominator && numerator <= MAX_FRAME_RATE * denominator,
      `must be 1 to ${MAX_FRAME_RATE} frames a second`,
    ),
  ),
});

/** What is used of OBS's request: it says much more of its computer. */
const Request = v.object({
  service: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
  schema_version: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
  authentication: v.pipe(v.string(), v.maxLength(MAX_KEY_LENGTH)),
  client: v.optional(
    v.object({ supported_codecs: v.optional(v.array(v.string()), ["h264"]) }),
    {},
  ),
  preferences: v.looseObject({
    /** In kbit/s. */
    maximum_aggregate_bitrate: v.nullish(positive),
    maximum_video_tracks: v.nullish(positive),
    vod_track_audio: v.optional(v.boolean(), false),
    audio_channels: v.optional(v.pipe(positive, v.maxValue(8)), 2),
    canvases: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(MAX_CANVASES))),
  }),
});

/** A picture that OBS makes: its size in pixels, its rate as a fraction. */
export type Canvas = Readonly<v.InferOutput<typeof Canvas>>;

/** What OBS asks with: whom it publishes as, and what it has. */
export interface MultitrackRequest {
  readonly service: string;
  readonly schemaVersion: string;
  /** As its user has typed it, with a query if need be. A secret. */
  readonly streamKey: string;
  /** "h264", "h265", "av1". */
  readonly codecs: readonly string[];
  readonly canvas: Canvas;
  /** Of all pictures and sound together; `undefined` if there is no limit. */
  readonly maxBitrateKbps: number | undefined;
  readonly maxVideoTracks: number | undefined;
  /** Whether it wants a second sound track, for recordings. */
  readonly wantsVodTrack: boolean;
  readonly audioChannels: number;
}

/**
 * Reads what OBS posts to its configuration URL when it starts to stream several qualities: the JSON
 * of its "Multitrack Video", as of OBS 30.2 and of later versions, which have canvases in it.
 *
 * @throws {ObsError} if it is nothing of the kind
 *
 * @example
 * ```ts
 * import { parseMultitrackRequest } from "./multitrack_request.ts";
 *
 * const { streamKey } = parseMultitrackRequest(JSON.stringify({
 *   authentication: "test?token=x",
 *   preferences: { width: 1280, height: 720, framerate: { numerator: 30, denominator: 1 } },
 * }));
 * // "test?token=x"
 * ```
 */
export function parseMultitrackRequest(text: string): MultitrackRequest {
  const { service, schema_version, authentication, client, preferences } = checked(
    Request,
    jsonOf(text),
    "",
  );
  const { canvases } = preferences;
  // OBS 30.2 and 31 have one, among the preferences.
  const canvas = canvases === undefined
    ? checked(Canvas, preferences, "preferences.")
    : checked(Canvas, canvases[0], "preferences.canvases.0.");
  return {
    service,
    schemaVersion: schema_version,
    streamKey: authentication,
    codecs: client.supported_codecs,
    canvas,
    maxBitrateKbps: preferences.maximum_aggregate_bitrate ?? undefined,
    maxVideoTracks: preferences.maximum_video_tracks ?? undefined,
    wantsVodTrack: preferences.vod_track_audio,
    audioChannels: preferences.audio_channels,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ObsError("Cannot read OBS's request: it must be JSON");
  }
}

function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  place: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new ObsError(
    `Cannot read OBS's request: ${place}${v.getDotPath(issue) ?? ""}: ${issue.message}`,
  );
}
