import { assertEquals, assertThrows } from "@std/assert";
import {
  multitrackConfiguration,
  multitrackRefusal,
} from "../../src/obs/multitrack_configuration.ts";
import { parseMultitrackRequest } from "../../src/obs/multitrack_request.ts";
import { ObsError } from "../../src/obs/obs_error.ts";
import { renditionsOf } from "../../src/obs/renditions.ts";
import { surviveMutations } from "../../testing/mutation.ts";
import { CANVAS_1080P60, obsRequest, obsRequest30 } from "../../testing/obs_request.ts";

const NO_LIMITS = { maxBitrateKbps: undefined, maxCount: undefined };
const OPTIONS = {
  endpoints: [{ protocol: "RTMP", url_template: "rtmp://host:1935/live/{stream_key}" }],
  configId: "1",
  encoder: undefined,
} as const;

function parse(request: unknown) {
  return parseMultitrackRequest(JSON.stringify(request));
}

Deno.test("a request of OBS 30.2 says the same as one of a later OBS", () => {
  const expected = {
    service: "IVS",
    schemaVersion: "2025-01-25",
    streamKey: "test?token=x",
    codecs: ["h264", "av1"],
    canvas: CANVAS_1080P60,
    maxBitrateKbps: undefined,
    maxVideoTracks: undefined,
    wantsVodTrack: false,
    audioChannels: 2,
  };
  assertEquals(parse(obsRequest()), expected);
  assertEquals(parse(obsRequest30()), { ...expected, schemaVersion: "2024-06-04" });
});

const { preferences, ...rest } = obsRequest();
const canvas = preferences.canvases[0]!;
const BAD_REQUESTS: readonly (readonly [request: unknown, reason: RegExp])[] = [
  [5, /Expected Object/],
  [{ ...rest }, /preferences: /],
  [[], /authentication: /],
  [{ ...obsRequest(), authentication: "x".repeat(4353) }, /authentication: .*4352.*4353/],
  [{ ...rest, preferences: { ...preferences, canvases: [] } }, /preferences\.canvases\.0\./],
  [{ ...rest, preferences: { ...preferences, canvases: Array(65).fill(canvas) } }, /<=64.*65/],
  [withCanvas({ width: 8193 }), /preferences\.canvases\.0\.width: .*<=8192.*8193/],
  [withCanvas({ height: 63 }), /height: .*>=64.*63/],
  [withCanvas({ height: 720.5 }), /height: .*integer/],
  [withCanvas({ framerate: { numerator: 60, denominator: 0 } }), /denominator: .*>=1.*0/],
  [withCanvas({ framerate: { numerator: 241, denominator: 1 } }), /framerate: must be 1 to 240/],
  [withCanvas({ framerate: { numerator: 1, denominator: 2 } }), /framerate: must be 1 to 240/],
];

function withCanvas(change: Record<string, unknown>) {
  return { ...rest, preferences: { ...preferences, canvases: [{ ...canvas, ...change }] } };
}

Deno.test("what is no request is told with the member and its limit", () => {
  for (const [request, reason] of BAD_REQUESTS) {
    const error = assertThrows(() => parse(request), ObsError);
    assertEquals(reason.test(error.message), true, `${reason}: ${error.message}`);
  }
  assertThrows(() => parseMultitrackRequest("{"), ObsError, "it must be JSON");
});

Deno.test("three qualities of each canvas, whose key frames come at the same times", () => {
  const rate = (numerator: number, denominator = 1) => ({ numerator, denominator });
  const cases = [
    {
      canvas: { width: 1280, height: 720, framerate: rate(30) },
      all: [[1280, 720, 30, 2000], [854, 480, 30, 700], [426, 240, 30, 250]],
    },
    {
      canvas: CANVAS_1080P60,
      all: [[1920, 1080, 60, 7182], [854, 480, 30, 700], [426, 240, 30, 250]],
    },
    {
      canvas: { width: 1080, height: 1920, framerate: rate(50) },
      all: [[1080, 1920, 50, 6151], [480, 854, 25, 600], [240, 426, 25, 214]],
    },
    {
      canvas: { width: 640, height: 360, framerate: rate(25) },
      all: [[640, 360, 25, 527], [426, 240, 25, 184], [214, 120, 25, 66]],
    },
    // 59.94 a second: half of it has no whole number of pictures from key frame to key frame.
    {
      canvas: { width: 1280, height: 720, framerate: rate(60_000, 1001) },
      all: [[1280, 720, 59.94, 3602], [854, 480, 59.94, 1262], [426, 240, 59.94, 450]],
    },
  ] as const;
  for (const { canvas, all } of cases) {
    const renditions = renditionsOf(canvas, NO_LIMITS);
    assertEquals(
      renditions.map(({ width, height, framerate: { numerator, denominator }, bitrateKbps }) => {
        const frameRate = Math.round(numerator / denominator * 100) / 100;
        return [width, height, frameRate, bitrateKbps];
      }),
      all.map((one) => [...one]),
    );
  }
});

Deno.test("qualities keep to OBS's limits on their number and bitrate", () => {
  const kbps = (limits: Partial<typeof NO_LIMITS> | Record<string, number>) =>
    renditionsOf(CANVAS_1080P60, { ...NO_LIMITS, ...limits }).map(({ bitrateKbps }) => bitrateKbps);
  assertEquals(kbps({ maxCount: 2 }), [7182, 700]);
  assertEquals(kbps({ maxCount: 1 }), [7182]);
  const limited = kbps({ maxBitrateKbps: 4000 });
  assertEquals(limited, [3532, 344, 122]);
  assertEquals(kbps({ maxBitrateKbps: 10 }), [60, 60, 60]);
});

Deno.test("OBS is told the endpoint, encoders without B-frames, and sound", () => {
  const request = parse(obsRequest());
  const configuration = multitrackConfiguration(request, OPTIONS);
  assertEquals(configuration.meta, {
    service: "IVS",
    schema_version: "2025-01-25",
    config_id: "1",
  });
  assertEquals(configuration.status, { result: "success" });
  assertEquals(configuration.ingest_endpoints, [...OPTIONS.endpoints]);
  assertEquals(configuration.encoder_configurations.map(({ type }) => type), [
    "obs_x264",
    "obs_x264",
    "obs_x264",
  ]);
  assertEquals(configuration.encoder_configurations[0]!.settings, {
    rate_control: "CBR",
    bitrate: 7182,
    keyint_sec: 2,
    profile: "main",
    bf: 0,
    preset: "veryfast",
    tune: "zerolatency",
  });
  const live = [{ codec: "aac", track_id: 1, channels: 2, settings: { bitrate: 128 } }] as const;
  assertEquals(configuration.audio_configurations, { live: [...live] });

  const wishes = { ...request, wantsVodTrack: true, audioChannels: 6, maxVideoTracks: 2 };
  const wished = multitrackConfiguration(wishes, { ...OPTIONS, encoder: "jim_nvenc" });
  assertEquals(wished.encoder_configurations.map(({ type }) => type), ["jim_nvenc", "jim_nvenc"]);
  const { vod } = wished.audio_configurations;
  assertEquals(vod?.map(({ track_id, channels }) => [track_id, channels]), [[2, 6]]);
});

Deno.test("OBS is told what is wrong as text, not as HTML", () => {
  const refusal = multitrackRefusal("Cannot <b> & more");
  assertEquals(refusal.status, { result: "error", html_en_us: "Cannot &lt;b&gt; &amp; more" });
  assertEquals([refusal.ingest_endpoints, refusal.encoder_configurations], [[], []]);
  const codecs = ["av1"];
  assertThrows(
    () => multitrackConfiguration({ ...parse(obsRequest()), codecs }, OPTIONS),
    ObsError,
    "it has av1",
  );
});

Deno.test("whatever is sent, it is answered or refused with a reason", () => {
  const requests = [obsRequest(), obsRequest30(), withCanvas({ width: 64, height: 64 })];
  surviveMutations(
    requests.map((request) => new TextEncoder().encode(JSON.stringify(request))),
    (bytes) => {
      const request = parseMultitrackRequest(new TextDecoder().decode(bytes));
      for (const { width, height, settings } of configured(request)) {
        assertEquals([width % 2, height % 2, width > 0, height > 0], [0, 0, true, true]);
        assertEquals(Number(settings["bitrate"]) >= 60, true);
      }
    },
    ObsError,
  );
});

function configured(request: Parameters<typeof multitrackConfiguration>[0]) {
  return multitrackConfiguration(request, OPTIONS).encoder_configurations;
}
