import * as v from "valibot";

const soundTracks = v.array(v.strictObject({
  codec: v.literal("aac"),
  track_id: v.number(),
  channels: v.number(),
  settings: v.strictObject({ bitrate: v.number() }),
}));

/** What OBS is told, by the names that it has. */
export const MultitrackAnswer = v.strictObject({
  meta: v.strictObject({
    service: v.string(),
    schema_version: v.string(),
    config_id: v.string(),
  }),
  status: v.strictObject({
    result: v.picklist(["success", "error"]),
    html_en_us: v.optional(v.string()),
  }),
  ingest_endpoints: v.array(v.strictObject({
    protocol: v.picklist(["RTMP", "RTMPS"]),
    url_template: v.string(),
  })),
  encoder_configurations: v.array(v.strictObject({
    type: v.string(),
    width: v.number(),
    height: v.number(),
    framerate: v.strictObject({ numerator: v.number(), denominator: v.number() }),
    canvas_index: v.number(),
    settings: v.record(v.string(), v.union([v.string(), v.number()])),
  })),
  audio_configurations: v.strictObject({ live: soundTracks, vod: v.optional(soundTracks) }),
});
