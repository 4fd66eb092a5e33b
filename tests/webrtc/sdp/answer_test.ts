import { assert, assertEquals } from "@std/assert";
import type { StreamVideo } from "../../../src/webrtc/sdp/codec_choice.ts";
import type { StreamMedia } from "../../../src/webrtc/sdp/media_choice.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { bundleTag } from "../../../src/webrtc/sdp/answer.ts";
import { writeTrickleFragment } from "../../../src/webrtc/sdp/trickle_fragment.ts";
import { answerOffer, TRANSPORT } from "../../../testing/webrtc/answers.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";

const STREAM: StreamMedia = {
  audio: { codec: "opus", channels: 2 },
  video: { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 },
};

const TRANSPORT_LINES = [
  "a=ice-ufrag:ours1234",
  "a=ice-pwd:password/of/the/server+1",
  "a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:" +
  "B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF",
  "a=setup:passive",
];

const CANDIDATE_LINES = [
  "a=candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host",
  "a=candidate:2 1 udp 2130706175 2001:db8::1 8000 typ host",
  "a=candidate:3 1 tcp 1520434687 192.0.2.1 8000 typ host tcptype passive",
  "a=end-of-candidates",
];

Deno.test("answer: to Chromium, line by line", () => {
  assertEquals(answerOffer(OFFERS.chromium, STREAM).answer.split("\r\n"), [
    "v=0",
    "o=- 7001 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "a=ice-lite",
    "a=ice-options:trickle",
    "a=msid-semantic:WMS live",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=sendonly",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...TRANSPORT_LINES,
    ...CANDIDATE_LINES,
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=msid:live live-audio",
    "a=ssrc:1001 cname:sluice",
    "a=ssrc:1001 msid:live live-audio",
    "m=video 9 UDP/TLS/RTP/SAVPF 116 117",
    "c=IN IP4 0.0.0.0",
    "a=mid:1",
    "a=sendonly",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...TRANSPORT_LINES,
    "a=rtpmap:116 H264/90000",
    "a=fmtp:116 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
    "a=rtcp-fb:116 nack",
    "a=rtcp-fb:116 nack pli",
    "a=rtcp-fb:116 ccm fir",
    "a=rtcp-fb:116 goog-remb",
    "a=rtpmap:117 rtx/90000",
    "a=fmtp:117 apt=116",
    "a=msid:live live-video",
    "a=ssrc-group:FID 2001 2002",
    "a=ssrc:2001 cname:sluice",
    "a=ssrc:2001 msid:live live-video",
    "a=ssrc:2002 cname:sluice",
    "a=ssrc:2002 msid:live live-video",
    "",
  ]);
});

Deno.test("answer: to Safari, the data channel is bundled, in the offer's order", () => {
  const { answer, sections } = answerOffer(OFFERS.safari, STREAM);
  assert(answer.includes("a=group:BUNDLE video audio data\r\n"));
  assert(answer.endsWith(
    [
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "c=IN IP4 0.0.0.0",
      "a=mid:data",
      ...TRANSPORT_LINES,
      "a=sctp-port:5000",
      "a=max-message-size:65536",
      "",
    ].join("\r\n"),
  ));
  // The order is the offer's, whatever the order of what was settled.
  assertEquals(answer.match(/^m=\w+/gm), ["m=video", "m=audio", "m=application"]);
  assertEquals(sections.map(({ kind, rtcpReducedSize }) => [kind, rtcpReducedSize]), [
    ["audio", false],
    ["video", true],
  ]);
  assertEquals(answer.match(/a=rtcp-rsize/g)?.length, 1);
});

Deno.test("answer: where nothing can come the section is inactive, and leads the bundle", () => {
  const { answer } = answerOffer(OFFERS.chromium, STREAM, {
    wanted: { audio: false, video: true },
  });
  const [head, audio, video] = answer.split(/(?=^m=)/m);
  assert(head!.includes("a=group:BUNDLE 0 1\r\n"));
  assertEquals(audio!.split("\r\n"), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=inactive",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...TRANSPORT_LINES,
    ...CANDIDATE_LINES,
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "",
  ]);
  assert(video!.includes("a=sendonly") && !video!.includes("candidate"), video);
});

Deno.test("answer: sound that is not there yet is accepted, pictures are not", () => {
  const { answer } = answerOffer(OFFERS.chromium, { ...STREAM, audio: undefined });
  assertEquals(answer.match(/^a=(?:sendonly|inactive)|^m=\w+ \d+/gm), [
    ...["m=audio 9", "a=sendonly", "m=video 9", "a=sendonly"],
  ]);
  assert(answer.includes("stereo=1;sprop-stereo=1\r\n") && answer.includes("a=ssrc:1001"));
  const sound = answerOffer(OFFERS.chromium, { ...STREAM, video: undefined }).answer;
  assertEquals(sound.match(/^a=(?:sendonly|inactive)|^m=.*|^a=(?:rtpmap|fmtp):.*/gm), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
    "a=sendonly",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "a=rtpmap:96 VP8/90000",
  ]);
});

Deno.test("answer: a codec that is not offered, second sections, and what is not bundled", () => {
  const [head, audio, video] = OFFERS.chromium.split(/(?=^m=)/m) as [string, string, string];
  const offer = head.replace("BUNDLE 0 1", "BUNDLE 0 1 2 4") + audio.replace("opus", "speex") +
    video + video.replace("a=mid:1", "a=mid:2") + video.replace("a=mid:1", "a=mid:3") +
    "m=audio 9 UDP/TLS/RTP/SAVPF 0 8\r\na=mid:4\r\na=rtcp-mux\r\n";
  const { answer } = answerOffer(offer, STREAM);
  assert(answer.includes("a=group:BUNDLE 0 1 2 4\r\n"));
  assertEquals(answer.match(/^m=.*|^a=(?:sendonly|inactive|rtpmap:(?!\d+ rtx).*)/gm), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=inactive",
    "a=rtpmap:111 speex/48000/2",
    "m=video 9 UDP/TLS/RTP/SAVPF 116 117",
    "a=sendonly",
    "a=rtpmap:116 H264/90000",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "a=rtpmap:96 VP8/90000",
    video.replace("m=video 9", "m=video 0").split("\r\n")[0]!,
    "a=inactive",
    "m=audio 9 UDP/TLS/RTP/SAVPF 0",
    "a=inactive",
  ]);
});

Deno.test("answer: audio only, mono as offered, and without a group if none was offered", () => {
  const text = OFFERS.chromiumAudio.replace(/a=group.*\r\n/, "");
  const { answer } = answerOffer(text, { audio: { codec: "opus", channels: 1 }, video: undefined });
  assert(!answer.includes("a=group"));
  assert(answer.includes("a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
  assert(!answer.includes("m=video"));
});

Deno.test("answer: Firefox's own stereo is not said twice", () => {
  const { answer, sections } = answerOffer(OFFERS.firefox, STREAM);
  assert(answer.includes(
    "a=fmtp:109 maxplaybackrate=48000;useinbandfec=1;stereo=1;sprop-stereo=1\r\n",
  ));
  assert(answer.includes("a=rtcp-fb:126 nack\r\n"));
  assertEquals(sections.map(({ payloadType, rtxPayloadType }) => [payloadType, rtxPayloadType]), [
    [109, undefined],
    [126, 127],
  ]);
});

Deno.test("answer: to GStreamer's whepsrc, with what it says of its codecs and no more", () => {
  const { answer } = answerOffer(OFFERS.whepsrc, STREAM);
  assertEquals(answer.match(/^m=.*|^a=(?:rtpmap|fmtp|rtcp-fb|group):?.*|^a=sendonly/gm), [
    "a=group:BUNDLE audio0 video1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 96",
    "a=sendonly",
    "a=rtpmap:96 OPUS/48000",
    "a=fmtp:96 stereo=1;sprop-stereo=1",
    "m=video 9 UDP/TLS/RTP/SAVPF 103",
    "a=sendonly",
    "a=rtpmap:103 H264/90000",
    "a=rtcp-fb:103 nack pli",
    "a=rtcp-fb:103 ccm fir",
  ]);
});

Deno.test("answer: only what is both wished for and offered", () => {
  const twcc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
  const delay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
  const wishes = {
    feedback: ["transport-cc", "nack", "never heard of"],
    extensions: [delay, twcc, "urn:x-unknown"],
  };
  const { answer, sections } = answerOffer(OFFERS.chromium, STREAM, { wishes });
  assertEquals(sections.map(({ feedback, extensions }) => ({ feedback, extensions })), [
    { feedback: ["transport-cc"], extensions: [{ id: 3, uri: twcc }] },
    {
      feedback: ["transport-cc", "nack"],
      extensions: [{ id: 3, uri: twcc }, { id: 5, uri: delay }],
    },
  ]);
  assertEquals(answer.match(/a=extmap:.*/g), [
    `a=extmap:3 ${twcc}`,
    `a=extmap:3 ${twcc}`,
    `a=extmap:5 ${delay}`,
  ]);
});

Deno.test("answer: each codec is answered with the parameters that were offered", () => {
  const lines = (offer: string, video: StreamVideo) =>
    answerOffer(offer, { audio: undefined, video }).answer.split(/(?=^m=)/m)
      .find((section) => section.startsWith("m=video"))?.match(/^m=.*|^a=(?:rtpmap|fmtp):.*/gm);
  const av1: StreamVideo = { codec: "av1", profile: 0, levelIndex: 8, tier: 0 };
  assertEquals(lines(OFFERS.chromium, av1), [
    "m=video 9 UDP/TLS/RTP/SAVPF 45 46",
    "a=rtpmap:45 AV1/90000",
    "a=fmtp:45 level-idx=5;profile=0;tier=0",
    "a=rtpmap:46 rtx/90000",
    "a=fmtp:46 apt=45",
  ]);
  assertEquals(lines(OFFERS.chromium, { codec: "vp9", profile: 2 }), [
    "m=video 9 UDP/TLS/RTP/SAVPF 100 101",
    "a=rtpmap:100 VP9/90000",
    "a=fmtp:100 profile-id=2",
    "a=rtpmap:101 rtx/90000",
    "a=fmtp:101 apt=100",
  ]);
  assertEquals(lines(OFFERS.safari, { codec: "h265", profileIdc: 1, tier: 0, levelIdc: 93 }), [
    "m=video 9 UDP/TLS/RTP/SAVPF 100 101",
    "a=rtpmap:100 H265/90000",
    "a=fmtp:100 level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST",
    "a=rtpmap:101 rtx/90000",
    "a=fmtp:101 apt=100",
  ]);
  assertEquals(lines(OFFERS.firefox, { codec: "vp8" })?.slice(0, 3), [
    "m=video 9 UDP/TLS/RTP/SAVPF 120 124",
    "a=rtpmap:120 VP8/90000",
    "a=fmtp:120 max-fs=12288;max-fr=60",
  ]);
});

Deno.test("answer: no RTX if it is not offered", () => {
  const text = OFFERS.chromium.replaceAll(/a=rtpmap:\d+ rtx.*\r\n/g, "");
  const { answer, sections } = answerOffer(text, STREAM);
  assertEquals([sections[1]?.rtxPayloadType, sections[1]?.rtxSsrc], [undefined, undefined]);
  assert(!answer.includes("rtx") && !answer.includes("FID") && !answer.includes("2002"));
});

Deno.test("answer: it is SDP by our own reader, turned around", () => {
  const { answer } = answerOffer(OFFERS.chromium, STREAM);
  const parsed = parseSdpOffer(answer.replaceAll("setup:passive", "setup:actpass"));
  assertEquals(parsed.bundleMids, ["0", "1"]);
  assertEquals(parsed.sections.map(({ direction }) => direction), ["sendonly", "sendonly"]);
  assertEquals(parsed.sections[1]?.codecs[0]?.rtxPayloadType, 117);
});

Deno.test("answer: a restart is answered by the section that leads the bundle", () => {
  const fragment = (offer: string, stream: StreamMedia) =>
    writeTrickleFragment(
      TRANSPORT,
      bundleTag(parseSdpOffer(offer), answerOffer(offer, stream).sections),
    )
      .split("\r\n").filter((line) => /^(?:m=|a=mid|a=group)/.test(line));
  assertEquals(fragment(OFFERS.safari, STREAM), [
    "a=group:BUNDLE video audio data",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=mid:video",
  ]);
  assertEquals(fragment(OFFERS.chromium, { ...STREAM, audio: undefined }), [
    "a=group:BUNDLE 0 1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
  ]);
});
