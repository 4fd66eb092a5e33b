import type { MultitrackRequest } from "./multitrack_request.ts";
import { ObsError } from "./obs_error.ts";
import { KEY_FRAME_SECONDS, renditionsOf } from "./renditions.ts";

/** It is in every OBS. */
const DEFAULT_ENCODER = "obs_x264";

const AUDIO_KBPS = 128;

/** Where to publish to. */
export interface IngestEndpoint {
  readonly protocol: "RTMP" | "RTMPS";
  /** With "{stream_key}" where the key belongs. */
  readonly url_template: string;
}

/** What OBS takes for its "Multitrack Video", by the names that it has. */
export interface MultitrackConfiguration {
  readonly meta: {
    readonly service: string;
    readonly schema_version: string;
    readonly config_id: string;
  };
  readonly status: { readonly result: "success" | "error"; readonly html_en_us?: string };
  readonly ingest_endpoints: readonly IngestEndpoint[];
  readonly encoder_configurations: readonly {
    readonly type: string;
    readonly width: number;
    readonly height: number;
    readonly framerate: { readonly numerator: number; readonly denominator: number };
    readonly canvas_index: number;
    readonly settings: Readonly<Record<string, string | number>>;
  }[];
  readonly audio_configurations: {
    readonly live: readonly AudioConfiguration[];
    readonly vod?: readonly AudioConfiguration[];
  };
}

interface AudioConfiguration {
  readonly codec: "aac";
  readonly track_id: number;
  readonly channels: number;
  readonly settings: { readonly bitrate: number };
}

/** What is not in the request. */
export interface MultitrackOptions {
  /** The one that OBS is to prefer first. */
  readonly endpoints: readonly IngestEndpoint[];
  /** OBS puts it into the query of what it publishes, so that logs of both sides fit together. */
  readonly configId: string;
  /** OBS's name of an encoder for H.264; `undefined` for x264, which it has in any case. */
  readonly encoder: string | undefined;
}

/**
 * What OBS is to publish: its canvas in three qualities, whose key frames come at the same times.
 *
 * @throws {ObsError} if it has no encoder that all viewers can be shown
 */
export function multitrackConfiguration(
  request: MultitrackRequest,
  { endpoints, configId, encoder = DEFAULT_ENCODER }: MultitrackOptions,
): MultitrackConfiguration {
  const { canvas, codecs, maxBitrateKbps, maxVideoTracks, audioChannels: channels } = request;
  if (!codecs.includes("h264")) {
    throw new ObsError(
      `Cannot choose an encoder: OBS must have one for h264, it has ${codecs.join(", ")}`,
    );
  }
  const tracks = request.wantsVodTrack ? 2 : 1;
  const renditions = renditionsOf(canvas, {
    maxBitrateKbps: maxBitrateKbps && Math.max(0, maxBitrateKbps - tracks * AUDIO_KBPS),
    maxCount: maxVideoTracks,
  });
  const sound = (track_id: number): AudioConfiguration => {
    return { codec: "aac", track_id, channels, settings: { bitrate: AUDIO_KBPS } };
  };
  return {
    meta: metaOf(request, configId),
    status: { result: "success" },
    ingest_endpoints: endpoints,
    encoder_configurations: renditions.map(({ width, height, framerate, bitrateKbps }) => ({
      type: encoder,
      width,
      height,
      framerate,
      canvas_index: 0,
      settings: encoderSettings(encoder, bitrateKbps),
    })),
    audio_configurations: {
      live: [sound(1)],
      ...(request.wantsVodTrack && { vod: [sound(2)] }),
    },
  };
}

/**
 * What tells OBS's user why there is nothing to publish with. OBS reads no answer that has not the
 * status 200, and shows this one.
 */
export function multitrackRefusal(
  reason: string,
  request: Pick<MultitrackRequest, "service" | "schemaVersion"> = {
    service: "",
    schemaVersion: "",
  },
): MultitrackConfiguration {
  return {
    meta: metaOf(request, ""),
    status: { result: "error", html_en_us: escaped(reason) },
    ingest_endpoints: [],
    encoder_configurations: [],
    audio_configurations: { live: [] },
  };
}

function metaOf(
  { service, schemaVersion }: Pick<MultitrackRequest, "service" | "schemaVersion">,
  configId: string,
): MultitrackConfiguration["meta"] {
  return { service, schema_version: schemaVersion, config_id: configId };
}

/** No B-frames: browsers cannot show them by WebRTC. Main profile: every browser has it. */
function encoderSettings(
  encoder: string,
  bitrateKbps: number,
): Readonly<Record<string, string | number>> {
  const common = {
    rate_control: "CBR",
    bitrate: bitrateKbps,
    keyint_sec: KEY_FRAME_SECONDS,
    profile: "main",
    bf: 0,
  };
  if (encoder !== DEFAULT_ENCODER) return common;
  return { ...common, preset: "veryfast", tune: "zerolatency" };
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return text.replace(/[&<>]/g, (character) => entities[character]!);
}
