import { assertEquals } from "@std/assert";
import { chooseAudioCodec, chooseVideoCodec } from "../../../src/webrtc/sdp/codec_choice.ts";
import {
  h264LevelRank,
  h264Profile,
  parseProfileLevelId,
} from "../../../src/webrtc/sdp/h264_profile.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";

function choose(offer: string, profileLevelId: string) {
  const video = parseSdpOffer(offer).sections.find(({ kind }) => kind === "video")!;
  const choice = chooseVideoCodec(video.codecs, {
    codec: "h264",
    ...parseProfileLevelId(profileLevelId)!,
  });
  return choice && [
    choice.codec.payloadType,
    choice.codec.parameters.get("profile-level-id"),
    choice.fit,
    choice.levelExceeded,
  ];
}

Deno.test("H.264: the payload type for each profile in Chromium's offer", () => {
  const cases = [
    ["42c01e", [108, "42e01f", "exact", false]],
    ["42e01f", [108, "42e01f", "exact", false]],
    ["42001f", [102, "42001f", "exact", false]],
    ["4d401f", [116, "4d001f", "exact", false]],
    ["4d4028", [116, "4d001f", "exact", true]],
    ["640028", [116, "4d001f", "compatible", true]],
    ["640c1f", [116, "4d001f", "compatible", false]],
    ["f4001f", [41, "f4001f", "exact", false]],
    ["6e001f", undefined],
    ["7a001f", undefined],
  ] as const;
  for (const [profile, expected] of cases) {
    assertEquals<unknown>(choose(OFFERS.chromium, profile), expected, profile);
  }
});

Deno.test("H.264: in offers of Firefox and Safari", () => {
  assertEquals(choose(OFFERS.firefox, "42c01e"), [126, "42e01f", "exact", false]);
  assertEquals(choose(OFFERS.firefox, "4d401f"), [126, "42e01f", "stretched", false]);
  assertEquals(choose(OFFERS.firefox, "640028"), [126, "42e01f", "stretched", true]);
  assertEquals(choose(OFFERS.safari, "42c01e"), [98, "42e01f", "exact", false]);
  assertEquals(choose(OFFERS.safari, "4d401f"), [96, "640c1f", "compatible", false]);
  assertEquals(choose(OFFERS.safari, "64001f"), [96, "640c1f", "compatible", false]);
  assertEquals(choose(OFFERS.firefoxWithoutH264, "42c01e"), undefined);
});

Deno.test("H.264: only what fits is left over when the better ones are not offered", () => {
  const without = (...profiles: string[]) =>
    profiles.reduce(
      (text, profile) => text.replaceAll(`profile-level-id=${profile}`, "profile-level-id=580000"),
      OFFERS.chromium,
    );
  const steps = [
    [[], "42e01f"],
    [["42e01f"], "42001f"],
    [["42e01f", "42001f"], "4d001f"],
    [["42e01f", "42001f", "4d001f"], "580000"],
    [["42e01f", "42001f", "4d001f", "f4001f"], "580000"],
  ] as const;
  for (const [removed, expected] of steps) {
    assertEquals(choose(without(...removed), "42c01e")?.[1], expected, removed.join());
  }
  // Last of all, 4:4:4.
  assertEquals(choose(without("42e01f", "42001f", "4d001f"), "640028"), [
    41,
    "f4001f",
    "stretched",
    true,
  ]);
});

Deno.test("H.264: packetization-mode 0 will not do, and no profile-level-id means Baseline", () => {
  const single = OFFERS.firefox
    .replace(/a=fmtp:126 .*/, "a=fmtp:126 profile-level-id=42e01f;packetization-mode=0")
    .replace(/a=fmtp:97 .*/, "a=fmtp:97 profile-level-id=42e01f;packetization-mode=0");
  assertEquals(choose(single, "42c01e"), undefined);
  const bare = OFFERS.firefox.replace(
    /a=fmtp:126 .*/,
    "a=fmtp:126 packetization-mode=1",
  );
  assertEquals(choose(bare, "42000a"), [126, undefined, "exact", false]);
});

Deno.test("H.264: who says nothing of modes gets what there is, with a line in the log", () => {
  const silent = (fmtp: string) =>
    parseSdpOffer([
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:actpass\r\na=mid:0\r\n" +
      `a=fingerprint:sha-256 ${"00:".repeat(31)}00\r\n` +
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\na=rtcp-mux\r\n" +
      "a=rtpmap:96 H264/90000\r\na=rtpmap:97 H264/90000\r\n" + fmtp,
    ].join("")).sections[0]!.codecs;
  const lapse = "H264 without packetization-mode=1";
  const cases = [
    ["", "4d401f", 96, "stretched", lapse],
    ["", "6e001f", 96, "stretched", lapse],
    ["a=fmtp:97 profile-level-id=4d001f\r\n", "4d401f", 97, "exact", lapse],
    [
      "a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\r\n",
      "4d401f",
      97,
      "stretched",
      undefined,
    ],
    [
      "a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\r\n",
      "6e001f",
      96,
      "stretched",
      lapse,
    ],
  ] as const;
  for (const [fmtp, profile, payloadType, fit, lapse] of cases) {
    const choice = chooseVideoCodec(silent(fmtp), {
      codec: "h264",
      ...parseProfileLevelId(profile)!,
    });
    assertEquals(
      [choice?.codec.payloadType, choice?.fit, choice?.lapse],
      [payloadType, fit, lapse],
      `${profile} for ${fmtp}`,
    );
  }
});

Deno.test("H.264: profiles by RFC 6184 8.1, table 5", () => {
  const cases = [
    ["42e01f", "Constrained Baseline"],
    ["42401f", "Constrained Baseline"],
    ["42001f", "Baseline"],
    ["42801f", "Baseline"],
    ["4d801f", "Constrained Baseline"],
    ["4d001f", "Main"],
    ["4d401f", "Main"],
    ["58c01f", "Constrained Baseline"],
    ["58801f", "Baseline"],
    ["58001f", "Extended"],
    ["64001f", "High"],
    ["640c1f", "Constrained High"],
    ["64081f", "High"],
    ["6e001f", "High 10"],
    ["7a001f", "High 4:2:2"],
    ["f4001f", "High 4:4:4"],
    ["00001f", "unknown"],
  ] as const;
  for (const [text, profile] of cases) {
    assertEquals(h264Profile(parseProfileLevelId(text)!), profile, text);
  }
  const ranks = ["42000a", "42100b", "42000b", "42000c"].map((text) =>
    h264LevelRank(parseProfileLevelId(text)!)
  );
  assertEquals(ranks, [10, 10.5, 11, 12]);
  assertEquals(h264LevelRank(parseProfileLevelId("640009")!), 10.5);
  for (const text of ["", "42e01", "42e01f0", "42e01g", "0x42e0"]) {
    assertEquals(parseProfileLevelId(text), undefined, text);
  }
});

Deno.test("Opus: at 48 kHz with two channels, whatever the case of its name", () => {
  const chosen = (text: string) => {
    const audio = parseSdpOffer(text).sections.find(({ kind }) => kind === "audio")!;
    return chooseAudioCodec(audio.codecs, { codec: "opus", channels: 2 })?.codec.payloadType;
  };
  assertEquals(chosen(OFFERS.chromium), 111);
  assertEquals(chosen(OFFERS.firefox), 109);
  assertEquals(chosen(OFFERS.firefox.replace("opus/48000/2", "OPUS/48000/2")), 109);
  // As GStreamer writes it.
  assertEquals(chosen(OFFERS.firefox.replace("opus/48000/2", "OPUS/48000")), 109);
  assertEquals(chosen(OFFERS.firefox.replace("opus/48000/2", "opus/48000/6")), undefined);
  assertEquals(chosen(OFFERS.firefox.replace("opus/48000/2", "opus/16000/2")), undefined);
});
