import { assertEquals, assertThrows } from "@std/assert";
import {
  codecOptions,
  deviceOptions,
  encodingsOf,
  NONE,
  offeredCodecs,
  SCREEN,
  sizeOptions,
  SIZES,
  userMediaOf,
} from "../../src/console/publisher_choice.js";

const BOTH = { video: true, audio: true };
const CAMERA = { source: "camera", camera: "", sound: "", size: "720p" } as const;

Deno.test("userMediaOf asks for the devices that are chosen, and for no others", () => {
  const size = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  };
  const exact = (id: string) => ({ deviceId: { exact: id } });
  const table = [
    [CAMERA, BOTH, { video: size, audio: {} }],
    [{ ...CAMERA, camera: "c", sound: "m" }, BOTH, {
      video: { ...size, ...exact("c") },
      audio: exact("m"),
    }],
    [CAMERA, { video: true, audio: false }, { video: size, audio: false }],
    [{ ...CAMERA, camera: NONE }, BOTH, { video: false, audio: {} }],
    [{ ...CAMERA, sound: NONE }, BOTH, { video: size, audio: false }],
    [{ ...CAMERA, camera: NONE, sound: NONE }, BOTH, undefined],
    [{ ...CAMERA, source: "screen" }, BOTH, { video: false, audio: {} }],
    [{ ...CAMERA, source: "screen", sound: SCREEN }, BOTH, undefined],
  ] as const;
  for (const [choice, wanted, asked] of table) assertEquals(userMediaOf(choice, wanted), asked);
});

Deno.test("encodingsOf: one size, or up to three of which none is narrower than 320", () => {
  const one = { codec: "H264", inLayers: false, size: "720p" };
  assertEquals(encodingsOf(one), [{ maxBitrate: 2_500_000 }]);
  const scales = (size: string) =>
    encodingsOf({ ...one, inLayers: true, size }).map(({ rid, scaleResolutionDownBy }) => [
      rid,
      scaleResolutionDownBy,
    ]);
  assertEquals(scales("1080p"), [["q", 4], ["h", 2], ["f", 1]]);
  assertEquals(scales("720p"), [["q", 4], ["h", 2], ["f", 1]]);
  assertEquals(scales("480p"), [["h", 2], ["f", 1]]);
  assertEquals(scales("360p"), [["h", 2], ["f", 1]]);
  for (const { value } of SIZES) {
    const bitrates = encodingsOf({ ...one, inLayers: true, size: value }).map(({ maxBitrate }) =>
      maxBitrate ?? 0
    );
    assertEquals(bitrates, bitrates.toSorted((low, high) => low - high));
  }
  const modes = (codec: string) =>
    encodingsOf({ ...one, codec, inLayers: true }).map((encoding) =>
      (encoding as { scalabilityMode?: string }).scalabilityMode
    );
  assertEquals(modes("VP9"), ["L1T1", "L1T1", "L1T1"]);
  assertEquals(modes("VP8"), [undefined, undefined, undefined]);
  assertThrows(() => encodingsOf({ ...one, size: "8k" }), RangeError, "got 8k");
});

Deno.test("codecs: H.264 first where the browser has it, and no other offered beside the chosen", () => {
  const codecs = ["video/VP8", "video/rtx", "video/H264", "video/AV1", "video/red", "video/H264"]
    .map((mimeType) => ({ mimeType }));
  assertEquals(codecOptions({ codecs }).map(({ value }) => value), ["H264", "VP8", "AV1"]);
  assertEquals(codecOptions({ codecs: codecs.slice(0, 2) }), [{ value: "VP8", label: "VP8" }]);
  assertEquals(codecOptions(undefined), []);
  assertEquals(
    offeredCodecs(codecs, "H264").map(({ mimeType }) => mimeType),
    ["video/rtx", "video/H264", "video/H264"],
  );
});

Deno.test("deviceOptions: devices of a kind by their names, or by numbers", () => {
  const devices = [
    { kind: "videoinput", deviceId: "a", label: "Front" },
    { kind: "audioinput", deviceId: "m", label: "Headset" },
    { kind: "videoinput", deviceId: "b", label: "" },
    { kind: "videoinput", deviceId: "", label: "" },
  ];
  assertEquals(deviceOptions(devices, "videoinput"), [
    { value: "a", label: "Front" },
    { value: "b", label: "Camera 2" },
  ]);
  assertEquals(deviceOptions(devices, "audioinput"), [{ value: "m", label: "Headset" }]);
  assertEquals(sizeOptions().map(({ label }) => label).at(-1), "1080p · 1920×1080");
});
