import { assert, assertEquals } from "@std/assert";
import type { StreamAudio, StreamVideo } from "../../../src/webrtc/sdp/codec_choice.ts";
import {
  chooseMedia,
  describeMismatches,
  type MediaChoice,
  type StreamMedia,
} from "../../../src/webrtc/sdp/media_choice.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";

const AUDIO: StreamAudio = { codec: "opus", channels: 2 };
const VIDEO: StreamVideo = {
  codec: "h264",
  profileIdc: 0x4d,
  profileCompatibility: 0x40,
  levelIdc: 31,
};
const BOTH: StreamMedia = { audio: AUDIO, video: VIDEO };

function choose(offer: string, stream: StreamMedia): MediaChoice {
  return chooseMedia(parseSdpOffer(offer), stream);
}

/** Mids and payload types of what is sent, or what is said instead. */
function outcome(choice: MediaChoice): unknown {
  if (choice.kind === "mismatch") return describeMismatches(choice.mismatches);
  const { audio, video } = choice;
  return [audio, video].map((chosen) =>
    chosen && [chosen.section.mid, chosen.choice.codec.payloadType]
  );
}

Deno.test("media: what both have is sent", () => {
  const onlyAudio = { audio: AUDIO, video: undefined };
  const onlyVideo = { audio: undefined, video: VIDEO };
  const cases = [
    [OFFERS.chromium, BOTH, [["0", 111], ["1", 116]]],
    [OFFERS.chromium, onlyAudio, [["0", 111], undefined]],
    // Sound may come yet.
    [OFFERS.chromium, onlyVideo, [["0", 111], ["1", 116]]],
    [OFFERS.chromium.replace("opus", "speex"), BOTH, [undefined, ["1", 116]]],
    [OFFERS.chromiumAudio, BOTH, [["0", 111], undefined]],
    [OFFERS.chromiumVideo, BOTH, [undefined, ["0", 116]]],
    [OFFERS.firefox, BOTH, [["1", 109], ["0", 126]]],
    [OFFERS.safari, BOTH, [["audio", 111], ["video", 96]]],
    [OFFERS.whepsrc, BOTH, [["audio0", 96], ["video1", 103]]],
    [OFFERS.chromium.replaceAll("a=recvonly", "a=sendrecv"), BOTH, [["0", 111], ["1", 116]]],
  ] as const;
  for (const [offer, stream, expected] of cases) {
    assertEquals<unknown>(outcome(choose(offer, stream)), expected);
  }
});

Deno.test("media: only what is wanted is sent", () => {
  const choose = (stream: StreamMedia, wanted: { audio: boolean; video: boolean }) =>
    outcome(chooseMedia(parseSdpOffer(OFFERS.chromium), stream, wanted));
  const pictures = { audio: false, video: true };
  const sound = { audio: true, video: false };
  assertEquals<unknown>(choose(BOTH, pictures), [undefined, ["1", 116]]);
  assertEquals<unknown>(choose(BOTH, sound), [["0", 111], undefined]);
  const nothing = "The stream has nothing of what is asked for";
  assertEquals(choose({ audio: AUDIO, video: undefined }, pictures), nothing);
  assertEquals(choose({ audio: undefined, video: VIDEO }, sound), nothing);
});

Deno.test("media: without a common codec it is said what was offered, and what there is", () => {
  assertEquals(
    outcome(choose(OFFERS.firefoxWithoutH264, BOTH)),
    "The stream's video is H.264 Main (4d401f), the offer has VP8, VP9",
  );
  assertEquals(
    outcome(choose(
      OFFERS.firefox.replaceAll("packetization-mode=1", "packetization-mode=0")
        .replaceAll("level-asymmetry-allowed=1\r\n", "packetization-mode=0\r\n"),
      BOTH,
    )),
    "The stream's video is H.264 Main (4d401f), the offer has VP8, VP9, H264 (42e01f, mode 0)",
  );
  assertEquals(
    outcome(choose(OFFERS.firefoxWithoutH264.replace("opus", "speex"), BOTH)),
    "The stream's audio is Opus, the offer has speex, G722, PCMU, PCMA, telephone-event; " +
      "The stream's video is H.264 Main (4d401f), the offer has VP8, VP9",
  );
});

Deno.test("media: variants of a codec are told apart in what is said", () => {
  const audio = undefined;
  const said = (offer: string, video: StreamVideo) => outcome(choose(offer, { audio, video }));
  assertEquals(
    said(OFFERS.firefoxWithoutH264, { codec: "av1", profile: 0, levelIndex: 8, tier: 0 }),
    "The stream's video is AV1 Main (profile 0), the offer has VP8, VP9",
  );
  assertEquals(
    said(OFFERS.safari, { codec: "h265", profileIdc: 2, tier: 0, levelIdc: 93 }),
    "The stream's video is H.265 Main 10 (profile 2), the offer has " +
      "H264 (640c1f, mode 1), H264 (42e01f, mode 1), H265 (profile 1), VP8, red",
  );
  assertEquals(
    said(OFFERS.firefoxWithoutH264, { codec: "unsendable", name: "h263" }),
    "The stream's video is h263, which WebRTC does not carry, the offer has VP8, VP9",
  );
  const chromium = said(OFFERS.chromium, { codec: "h265", profileIdc: 1, tier: 0, levelIdc: 93 });
  for (const part of ["H.265 Main (profile 1)", "VP9 (profile 2)", "AV1 (profile 1)"]) {
    assert(`${chromium}`.includes(part), `${chromium}`);
  }
});

Deno.test("media: when nothing remains to be sent it is a mismatch", () => {
  const onlyAudio = { audio: AUDIO, video: undefined };
  assertEquals(
    outcome(choose(OFFERS.chromiumVideo, onlyAudio)),
    "The stream's audio is Opus, the offer has no audio",
  );
  assertEquals(
    outcome(choose(OFFERS.chromium, { audio: undefined, video: undefined })),
    "The stream has nothing of what is asked for",
  );
});

Deno.test("media: sections that cannot receive, are closed, or not bundled are left alone", () => {
  const noVideo = "The stream's video is H.264 Main (4d401f), the offer has no video";
  const onlyVideo = { audio: undefined, video: VIDEO };
  const offer = OFFERS.chromiumVideo;
  const changed = [
    offer.replace("a=recvonly", "a=sendonly"),
    offer.replace("a=recvonly", "a=inactive"),
    offer.replace("m=video 9", "m=video 0"),
    offer.replace("BUNDLE 0", "BUNDLE"),
    offer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
  ];
  for (const text of changed) assertEquals(outcome(choose(text, onlyVideo)), noVideo);
});

Deno.test("media: of several sections the first that has the codec is taken", () => {
  const [head, audio, video] = OFFERS.firefox.split(/(?=^m=)/m) as [string, string, string];
  const second = audio.replace("a=mid:0", "a=mid:2");
  const first = audio.replaceAll("H264", "H263");
  const text = head.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + first + video + second;
  assertEquals(outcome(choose(text, BOTH)), [["1", 109], ["2", 126]]);
});
