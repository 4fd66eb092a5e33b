import { assertEquals, assertMatch } from "@std/assert";
import { type BrowserAbilities, chooseTransport } from "../../src/console/transport_choice.js";
import type { StreamInfo } from "../../src/console/stream_list.js";

const browser: BrowserAbilities = {
  webRtc: true,
  webRtcVideo: new Set(["h264", "vp8", "vp9", "av1", "rtx"]),
  webTransport: true,
  isSecure: true,
  mediaSource: true,
  mediaSourceTakes: (codec) => codec.startsWith("avc1") || codec === "opus",
};
const firefox = { ...browser, webRtcVideo: new Set(["vp8", "vp9", "av1"]) };
const safari = { ...browser, webRtcVideo: new Set(["h264", "h265", "vp8"]) };
const telephone = { ...browser, mediaSource: false };
const withoutOpus = { ...browser, mediaSourceTakes: (codec: string) => codec.startsWith("avc1") };
const old = { ...browser, webRtc: false, webRtcVideo: undefined };

function stream(video: string | null, audio: string | null, more: Partial<StreamInfo> = {}) {
  return {
    app: "live",
    name: "a",
    state: "live",
    video: video === null ? null : { codecString: video },
    audio: audio === null ? null : { codecString: audio },
    ...more,
  } satisfies StreamInfo;
}
const usual = stream("avc1.4d401f", "mp4a.40.2");
const SURROUND = {
  ...stream("avc1.4d401f", "opus"),
  audio: { codecString: "opus", channels: 6 },
};
const hevc = stream("hvc1.1.6.L93.B0", "mp4a.40.2");

function withBFrames(info: StreamInfo): StreamInfo {
  return { ...info, webrtc: { bFrames: true } };
}

Deno.test("chooseTransport prefers WebRTC where it plays, and says why it is another", () => {
  const table = [
    ["usual", usual, browser, "webrtc", undefined],
    ["not known yet", undefined, browser, "webrtc", undefined],
    ["codecs not known yet", stream("", null), browser, "webrtc", undefined],
    ["no answer on H.264", usual, { ...browser, webRtcVideo: undefined }, "webrtc", undefined],
    ["HE-AAC", stream(null, "mp4a.40.5"), browser, "webrtc", undefined],
    ["Opus", stream("avc1.4d401f", "opus"), browser, "webrtc", undefined],
    ["G.711", stream("avc1.4d401f", "g711-alaw"), browser, "webrtc", undefined],
    ["G.711, the other law", stream(null, "g711-mulaw"), browser, "webrtc", undefined],
    ["linear samples", stream("avc1.4d401f", "pcm"), browser, "webrtc", undefined],
    ["linear samples of a platform", stream(null, "pcm-native"), browser, "webrtc", undefined],
    ["Opus 5.1", SURROUND, browser, "http-flv", /no Opus of 6 channels/],
    ["MP3", stream("avc1.4d401f", "mp3"), browser, "http-flv", /does not carry MP3/],
    ["exact", { ...usual, webrtc: { exact: true } }, browser, "webrtc", undefined],
    ["exactness not known", { ...usual, webrtc: {} }, browser, "webrtc", undefined],
    ["inexact", { ...usual, webrtc: { exact: false } }, browser, "http-flv", /B-frames/],
    ["no H.264", usual, firefox, "http-flv", /no H\.264/],
    ["AV1", stream("av01.0.04M.08", "mp4a.40.2"), firefox, "webrtc", undefined],
    ["VP9", stream("vp09.00.10.08", "opus"), firefox, "webrtc", undefined],
    ["VP9, not known closer", stream("vp9", "opus"), firefox, "webrtc", undefined],
    ["VP8", stream("vp08.00.10.08", null), browser, "webrtc", undefined],
    ["HEVC", hevc, safari, "webrtc", undefined],
    ["HEVC, no answer", hevc, { ...browser, webRtcVideo: undefined }, "webrtc", undefined],
    ["no H.264, but sound alone", stream(null, "opus"), firefox, "webrtc", undefined],
    ["no WebRTC", usual, old, "http-flv", /no WebRTC/],
    ["no MSE", usual, telephone, "webrtc", undefined],
    ["Opus 5.1, not decoded by MSE", SURROUND, withoutOpus, "webrtc", undefined],
    [
      "AC-3, which FLV is not read with",
      stream("avc1.4d401f", "ac-3"),
      browser,
      "webrtc",
      undefined,
    ],
    ["B-frames of VP9", withBFrames(stream("vp09.00.10.08", "opus")), browser, "webrtc", undefined],
    ["no MSE, inexact", { ...usual, webrtc: { exact: false } }, telephone, "webrtc", undefined],
  ] as const;
  for (const [name, info, abilities, transport, note] of table) {
    const choice = chooseTransport(undefined, info, abilities);
    assertEquals([choice.transport, choice.obstacle], [transport, undefined], name);
    if (note) assertMatch(choice.note ?? "", note, name);
    else assertEquals(choice.note, undefined, name);
  }
});

Deno.test("chooseTransport: B-frames are shown by FLV, where the browser can, unless WebRTC is chosen", () => {
  const takesAll = { ...safari, mediaSourceTakes: () => true };
  const note = "WebRTC does not show this stream's B-frames";
  const seenByPublisher = { ...usual, video: { ...usual.video, bFrames: true } };
  for (const info of [withBFrames(hevc), withBFrames(usual), seenByPublisher]) {
    assertEquals(chooseTransport(undefined, info, takesAll), { transport: "http-flv", note });
    assertEquals(chooseTransport(undefined, info, telephone).transport, "webrtc");
    assertEquals(chooseTransport("webrtc", info, takesAll), { transport: "webrtc" });
  }
});

Deno.test("chooseTransport keeps to the reader's choice and names its obstacle", () => {
  const table = [
    ["webrtc", usual, browser, undefined],
    ["webrtc", hevc, browser, /^This browser has no HEVC for WebRTC$/],
    ["webrtc", usual, firefox, /no H\.264 for WebRTC: HTTP-FLV plays it$/],
    ["http-flv", stream("vp09.00.10.08", "opus"), browser, /not know VP9: WebRTC plays it$/],
    ["ws-flv", stream("vp08.00.10.08", null), browser, /not know VP8: WebRTC plays it$/],
    ["http-flv", stream("vp8", "opus"), browser, /not know VP8: WebRTC plays it$/],
    ["http-flv", stream("vp09.00.10.08", "opus"), old, /not know VP9$/],
    ["http-flv", stream("avc1.4d401f", "opus"), browser, undefined],
    ["http-flv", stream("avc1.4d401f", "opus"), withoutOpus, /not decode Opus \(opus\): WebRTC/],
    ["http-flv", stream("avc1.4d401f", "g711-alaw"), browser, /not know g711-alaw: WebRTC/],
    ["http-flv", stream("avc1.4d401f", "mp3"), browser, undefined],
    ["http-flv", stream("avc1.4d401f", "pcm"), browser, undefined],
    ["webrtc", hevc, safari, undefined],
    ["webrtc", withBFrames(hevc), safari, undefined], // the gateway's refusal says more
    ["webrtc", usual, firefox, /no H\.264/],
    ["webrtc", usual, old, /no WebRTC/],
    ["http-flv", usual, browser, undefined],
    ["ws-flv", usual, old, undefined],
    ["ws-flv", hevc, browser, /does not decode HEVC \(hvc1/],
    ["http-flv", usual, telephone, /Media Source/],
    ["webtransport", usual, browser, undefined],
    ["webtransport", usual, { ...browser, webTransport: false }, /has no WebTransport/],
    [
      "webtransport",
      usual,
      { ...browser, webTransport: false, isSecure: false },
      /needs a page from https/,
    ],
    ["webtransport", hevc, browser, /does not decode HEVC/],
  ] as const;
  for (const [via, info, abilities, obstacle] of table) {
    const choice = chooseTransport(via, info, abilities);
    assertEquals([choice.transport, choice.note], [via, undefined]);
    if (obstacle) assertMatch(choice.obstacle ?? "", obstacle);
    else assertEquals(choice.obstacle, undefined);
  }
  assertMatch(chooseTransport(undefined, hevc, browser).obstacle ?? "", /HEVC/);
});
