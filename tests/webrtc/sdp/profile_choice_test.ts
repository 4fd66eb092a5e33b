import { assertEquals } from "@std/assert";
import type { VideoPayloadFormat } from "../../../src/rtp/video_payload_format.ts";
import { chooseVideoCodec, describeVideo } from "../../../src/webrtc/sdp/codec_choice.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";

const MAIN: VideoPayloadFormat = { codec: "h265", profileIdc: 1, tier: 0, levelIdc: 93 };
const AV1: VideoPayloadFormat = { codec: "av1", profile: 0, levelIndex: 5, tier: 0 };
const VP9: VideoPayloadFormat = { codec: "vp9", profile: 0 };
const VP8: VideoPayloadFormat = { codec: "vp8" };

function choose(offer: string, video: VideoPayloadFormat) {
  const section = parseSdpOffer(offer).sections.find(({ kind }) => kind === "video")!;
  const choice = chooseVideoCodec(section.codecs, video);
  return choice && [choice.codec.payloadType, choice.fit, choice.levelExceeded];
}

/** Chromium's offer with the parameters of one payload type replaced. */
function chromiumWith(payloadType: number, fmtp: string): string {
  const line = new RegExp(`^a=fmtp:${payloadType} .*`, "m");
  return OFFERS.chromium.replace(line, `a=fmtp:${payloadType} ${fmtp}`);
}

Deno.test("VP8, VP9, AV1 and H.265 in the offers of browsers", () => {
  const cases: [string, VideoPayloadFormat, unknown][] = [
    ["chromium", VP8, [96, "exact", false]],
    ["firefox", VP8, [120, "exact", false]],
    ["safari", VP8, [102, "exact", false]],
    ["chromium", VP9, [98, "exact", false]],
    ["chromium", { ...VP9, profile: 1 }, [35, "exact", false]],
    ["chromium", { ...VP9, profile: 2 }, [100, "exact", false]],
    ["chromium", { ...VP9, profile: 3 }, [37, "exact", false]],
    // Without profile-id it is profile 0 that is offered.
    ["firefox", VP9, [121, "exact", false]],
    ["firefox", { ...VP9, profile: 2 }, undefined],
    ["safari", VP9, undefined],
    ["chromium", AV1, [45, "exact", false]],
    ["chromium", { ...AV1, profile: 1 }, [47, "exact", false]],
    ["chromium", { ...AV1, profile: 2 }, undefined],
    ["chromium", { ...AV1, levelIndex: 8 }, [45, "exact", true]],
    ["chromium", { ...AV1, tier: 1 }, [45, "exact", true]],
    ["firefoxWithoutH264", AV1, undefined],
    ["safari", MAIN, [100, "exact", false]],
    ["safari", { ...MAIN, levelIdc: 120 }, [100, "exact", true]],
    ["safari", { ...MAIN, tier: 1 }, [100, "exact", true]],
    ["safari", { ...MAIN, profileIdc: 3 }, [100, "compatible", false]],
    ["safari", { ...MAIN, profileIdc: 2 }, undefined],
    ["chromium", MAIN, undefined],
  ];
  for (const [offer, video, expected] of cases) {
    const text = OFFERS[offer as keyof typeof OFFERS];
    assertEquals<unknown>(choose(text, video), expected, `${describeVideo(video)} in ${offer}`);
  }
});

Deno.test("AV1: a profile that includes the stream's, and what is left out", () => {
  const professional = chromiumWith(45, "profile=2").replace(
    /^a=fmtp:47 .*/m,
    "a=fmtp:47 profile=2",
  );
  assertEquals(choose(professional, AV1), [45, "compatible", false]);
  assertEquals(choose(professional, { ...AV1, profile: 1 }), [45, "compatible", false]);
  // High comes before Professional for Main.
  assertEquals(choose(chromiumWith(45, "profile=2"), AV1), [47, "compatible", false]);
  assertEquals(choose(chromiumWith(45, "x=1"), AV1), [45, "exact", false]);
  assertEquals(choose(chromiumWith(45, "x=1"), { ...AV1, levelIndex: 6 }), [45, "exact", true]);
  // What cannot be read is no profile at all.
  assertEquals(choose(chromiumWith(45, "profile=main"), AV1), [47, "compatible", false]);
});

Deno.test("H.265: profiles that include others, defaults, and the only way of transmission", () => {
  const safariWith = (fmtp: string) =>
    OFFERS.safari.replace(/^a=fmtp:100 .*/m, `a=fmtp:100 ${fmtp}`);
  assertEquals(choose(safariWith("profile-id=2"), MAIN), [100, "compatible", false]);
  assertEquals(choose(safariWith("profile-id=2"), { ...MAIN, profileIdc: 2 }), [
    100,
    "exact",
    false,
  ]);
  assertEquals(choose(safariWith("x=1"), MAIN), [100, "exact", false]);
  assertEquals(choose(safariWith("x=1"), { ...MAIN, levelIdc: 94 }), [100, "exact", true]);
  assertEquals(choose(safariWith("profile-id=1;tx-mode=MRST"), MAIN), undefined);
  assertEquals(choose(safariWith("profile-id=1;tx-mode=srst"), MAIN), [100, "exact", false]);
});

Deno.test("video: another clock rate is another format", () => {
  assertEquals(choose(OFFERS.safari.replace("VP8/90000", "VP8/48000"), VP8), undefined);
  assertEquals(choose(OFFERS.safari.replace("VP8/90000", "vp8/90000"), VP8), [102, "exact", false]);
});

Deno.test("video: described for people", () => {
  const cases: [VideoPayloadFormat, string][] = [
    [MAIN, "H.265 Main (profile 1)"],
    [{ ...MAIN, profileIdc: 2 }, "H.265 Main 10 (profile 2)"],
    [{ ...MAIN, profileIdc: 4 }, "H.265 (profile 4)"],
    [AV1, "AV1 Main (profile 0)"],
    [{ ...AV1, profile: 2 }, "AV1 Professional (profile 2)"],
    [{ ...AV1, profile: 7 }, "AV1 (profile 7)"],
    [{ ...VP9, profile: 2 }, "VP9 (profile 2)"],
    [VP8, "VP8"],
  ];
  for (const [video, text] of cases) assertEquals(describeVideo(video), text);
});
