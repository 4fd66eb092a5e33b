/** What OBS posts to its configuration URL, as versions of it do. */

export const CANVAS_1080P60 = {
  width: 1920,
  height: 1080,
  framerate: { numerator: 60, denominator: 1 },
} as const;

const CLIENT = { name: "obs-studio", supported_codecs: ["h264", "av1"] };

const CAPABILITIES = {
  cpu: { physical_cores: 2, logical_cores: 4, speed: null, name: "A processor" },
  memory: { total: 16_000_000_000, free: 8_000_000_000 },
  gaming_features: null,
  system: {
    ...{ version: "13", name: "Debian", build: 0, release: "", bits: 64 },
    ...{ arm: false, armEmulation: false },
  },
  gpu: null,
};

const PREFERENCES = {
  maximum_aggregate_bitrate: null,
  maximum_video_tracks: null,
  vod_track_audio: false,
  composition_gpu_index: 0,
};

/** Of OBS 32. */
export function obsRequest(streamKey = "test?token=x") {
  return {
    service: "IVS",
    schema_version: "2025-01-25",
    authentication: streamKey,
    client: { ...CLIENT, version: "32.2.2" },
    capabilities: CAPABILITIES,
    preferences: {
      ...PREFERENCES,
      audio_samples_per_sec: 48_000,
      audio_channels: 2,
      audio_max_buffering_ms: 960,
      audio_fixed_buffering: false,
      canvases: [{ ...CANVAS_1080P60, canvas_width: 1920, canvas_height: 1080 }],
    },
  };
}

/** Of OBS 30.2. */
export function obsRequest30(streamKey = "test?token=x") {
  return {
    ...obsRequest(streamKey),
    schema_version: "2024-06-04",
    client: { ...CLIENT, version: "30.2.3" },
    preferences: {
      ...PREFERENCES,
      ...{ ...CANVAS_1080P60, canvas_width: 1920, canvas_height: 1080 },
    },
  };
}
