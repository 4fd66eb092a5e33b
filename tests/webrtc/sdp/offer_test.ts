import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  MAX_SDP_ATTRIBUTES,
  MAX_SDP_FORMATS,
  MAX_SDP_LENGTH,
  MAX_SDP_LINE_LENGTH,
  MAX_SDP_LINES,
  MAX_SDP_SECTIONS,
} from "../../../src/webrtc/sdp/lines.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";
import { worstOffers } from "./worst_offers.ts";

const TOO_LONG = `a=x:${"y".repeat(MAX_SDP_LINE_LENGTH)}`;

Deno.test("offer: Chromium's transport and sections", () => {
  const { sections, ...rest } = parseSdpOffer(OFFERS.chromium);
  assertEquals(rest, {
    bundleMids: ["0", "1"],
    hasBundleGroup: true,
    transport: {
      iceUfrag: "ib+b",
      icePassword: "zIDjjN8oRBTbs2h1dLAkXEAK",
      fingerprints: [{
        algorithm: "sha-256",
        value: "C4:EC:E7:5E:5E:7D:B0:7C:47:4D:3F:65:44:AE:B0:0E:95:08:9F:A5:29:77:C5:08:6A:B0:" +
          "82:C4:26:D6:2C:D0",
      }],
      setup: "actpass",
      mayTrickle: true,
    },
  });
  const described = sections.map(({ codecs: _codecs, extensions: _extensions, ...section }) => ({
    ...section,
    formats: section.formats.length,
  }));
  const common = {
    protocol: "UDP/TLS/RTP/SAVPF",
    direction: "recvonly",
    rejected: false,
    rtcpMux: true,
    rtcpMuxOnly: false,
    rtcpReducedSize: true,
    sources: { ssrcs: [], repairSsrcs: new Set(), rids: [] },
  };
  assertEquals<unknown>(described, [
    { kind: "audio", media: "audio", mid: "0", formats: 8, ...common },
    { kind: "video", media: "video", mid: "1", formats: 34, ...common },
  ]);
});

Deno.test("offer: Chromium's codecs, their RTX and feedback", () => {
  const [audio, video] = parseSdpOffer(OFFERS.chromium).sections;
  assertEquals(audio!.codecs.map(({ name, payloadType }) => [name, payloadType]), [
    ["opus", 111],
    ["red", 63],
    ["G722", 9],
    ["PCMU", 0],
    ["PCMA", 8],
    ["CN", 13],
    ["telephone-event", 110],
    ["telephone-event", 126],
  ]);
  assertEquals(audio!.codecs[0], {
    payloadType: 111,
    name: "opus",
    clockRate: 48_000,
    channels: 2,
    fmtp: "minptime=10;useinbandfec=1",
    parameters: new Map([["minptime", "10"], ["useinbandfec", "1"]]),
    feedback: ["transport-cc"],
    rtxPayloadType: undefined,
  });
  assertEquals(audio!.extensions, [
    { id: 1, uri: "urn:ietf:params:rtp-hdrext:ssrc-audio-level" },
    { id: 2, uri: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" },
    {
      id: 3,
      uri: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    },
    { id: 4, uri: "urn:ietf:params:rtp-hdrext:sdes:mid" },
  ]);
  const h264 = video!.codecs.filter(({ name }) => name === "H264");
  assertEquals(
    h264.map(({ payloadType, rtxPayloadType, parameters }) => [
      payloadType,
      rtxPayloadType,
      parameters.get("profile-level-id"),
      parameters.get("packetization-mode"),
    ]),
    [
      [102, 103, "42001f", "1"],
      [104, 107, "42001f", "0"],
      [108, 109, "42e01f", "1"],
      [114, 115, "42e01f", "0"],
      [116, 117, "4d001f", "1"],
      [39, 40, "4d001f", "0"],
      [41, 42, "f4001f", "1"],
      [43, 44, "f4001f", "0"],
    ],
  );
  assertEquals(h264[0]!.feedback, ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"]);
  assert(video!.codecs.every(({ name }) => name !== "rtx"));
});

Deno.test("offer: Firefox's digits stay text, and its fingerprint is the session's", () => {
  const offer = parseSdpOffer(OFFERS.firefox);
  assertEquals(offer.transport.iceUfrag, "20261121");
  assertEquals(offer.transport.fingerprints.length, 1);
  assertEquals(offer.sections.map(({ kind, mid }) => [kind, mid]), [["video", "0"], [
    "audio",
    "1",
  ]]);
  assertEquals(offer.sections[0]!.extensions.map(({ id }) => id), [3, 4, 5, 6, 7]);
  const [vp8] = offer.sections[0]!.codecs;
  assertEquals([vp8!.name, vp8!.rtxPayloadType], ["VP8", 124]);
});

Deno.test("offer: Safari's mids are words, and a data channel has no codecs", () => {
  const offer = parseSdpOffer(OFFERS.safari);
  assertEquals(offer.bundleMids, ["video", "audio", "data"]);
  const { kind, media, formats, codecs } = offer.sections[2]!;
  assertEquals<unknown>([kind, media, formats, codecs], [
    "other",
    "application",
    ["webrtc-datachannel"],
    [],
  ]);
});

Deno.test("offer: line ends of any kind, and none at the end", () => {
  const parsed = parseSdpOffer(OFFERS.chromium);
  assertEquals(parseSdpOffer(OFFERS.chromium.replaceAll("\r\n", "\n")), parsed);
  assertEquals(parseSdpOffer(OFFERS.chromium.trimEnd()), parsed);
});

Deno.test("offer: feedback for all payload types, directions of the session, bundle-only", () => {
  const text = OFFERS.chromiumAudio
    .replace("a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 transport-cc\r\na=rtcp-fb:* nack")
    .replace("a=recvonly\r\n", "")
    .replace("t=0 0", "t=0 0\r\na=recvonly")
    .replace("m=audio 9", "m=audio 0")
    .replace("a=mid:0", "a=mid:0\r\na=bundle-only");
  const [section] = parseSdpOffer(text).sections;
  assertEquals(section!.codecs[0]!.feedback, ["transport-cc", "nack"]);
  assertEquals(section!.codecs[1]!.feedback, ["nack"]);
  assertEquals([section!.direction, section!.rejected], ["recvonly", false]);
});

Deno.test("offer: credentials may come later, a lone section needs no group", () => {
  const text = OFFERS.chromiumAudio.replace(/a=ice-(?:ufrag|pwd).*\r\n/g, "")
    .replace(/a=group.*\r\n/, "").replace(/a=setup.*\r\n/, "");
  const { transport, bundleMids, hasBundleGroup } = parseSdpOffer(text);
  assertEquals([transport.iceUfrag, transport.icePassword, transport.setup], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals([bundleMids, hasBundleGroup], [["0"], false]);
});

Deno.test("offer: refused with a reason", () => {
  const { chromium, chromiumAudio } = OFFERS;
  const media = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
  const cases: readonly (readonly [text: string, message: string])[] = [
    ["", 'must begin by "v=0"'],
    ["<html>", 'must begin by "v=0"'],
    ["v=0\r\n", "must have an m= line"],
    ["v=0\r\nhello\r\n", "a line must be"],
    [chromium.replace("minptime=10", "minptime=10\ra=x"), "without control characters"],
    [chromium.replace("m=audio 9 ", "m=audio nine "), "m=media port protocol formats"],
    [chromium.replace("m=audio 9 ", "m=audio 65536 "), "m=media port protocol formats"],
    [chromium.replace("SAVPF 111", "SAVPF 128"), "must be 0..127"],
    [chromium.replace("SAVPF 111", "SAVPF 111 111"), "must be unique in a section"],
    [chromium.replace("a=mid:0", "a=mid:1"), "each mid must be unique"],
    [chromium.replace("a=mid:0", "a=x"), "must have a mid"],
    [chromium.replace("a=mid:0", "a=mid:a b"), "must have a mid"],
    [chromium.replace(/a=group.*\r\n/, ""), "share one transport by BUNDLE"],
    [chromium.replace("a=rtcp-mux", "a=x"), "must offer rtcp-mux, got none in mid 0"],
    [chromium.replaceAll("setup:actpass", "setup:passive"), "must be actpass or active"],
    [chromium.replaceAll("setup:actpass", "setup:maybe"), "must be one of"],
    [chromium.replaceAll(/a=fingerprint.*/g, "a=x"), "must tell a certificate's fingerprint"],
    [chromium.replaceAll(/a=fingerprint:.*/g, "a=fingerprint:sha-256 AA"), "a hash and its bytes"],
    [chromium.replaceAll("a=ice-ufrag:ib+b", "a=ice-ufrag:i"), "Cannot read ice-ufrag"],
    [chromium.replaceAll(/a=ice-pwd.*/g, "a=ice-pwd:short"), "Cannot read ice-pwd"],
    [chromiumAudio + "a=x:" + "y".repeat(MAX_SDP_LENGTH), `up to ${MAX_SDP_LENGTH} characters`],
    [chromiumAudio + "a=x\r\n".repeat(MAX_SDP_LINES), `up to ${MAX_SDP_LINES} lines`],
    [chromiumAudio + TOO_LONG, `up to ${MAX_SDP_LINE_LENGTH} char`],
    ["v=0\r\n" + media.repeat(MAX_SDP_SECTIONS + 1), `up to ${MAX_SDP_SECTIONS} m= lines`],
    [
      `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF${" 1".repeat(MAX_SDP_FORMATS + 1)}\r\n`,
      `up to ${MAX_SDP_FORMATS} formats, got ${MAX_SDP_FORMATS + 1}`,
    ],
    ...[...MAX_SDP_ATTRIBUTES].map(([name, limit]) =>
      [
        `${chromiumAudio}${`a=${name}:1\r\n`.repeat(limit + 1)}`,
        `up to ${limit} a=${name} lines in a section`,
      ] as const
    ),
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseSdpOffer(text), WebrtcError, message);
  }
});

Deno.test("offer: feedback of a codec is what answers can take up, however much is listed", () => {
  const all = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];
  const lines = [...all, ...all, "ccm tmmbr smaxpr=120", "trr-int 100", "x"]
    .flatMap((kind) => [`a=rtcp-fb:* ${kind}\r\n`, `a=rtcp-fb:9 ${kind}\r\n`]).join("");
  const [section] = parseSdpOffer(OFFERS.chromiumAudio + lines).sections;
  assert(section!.codecs.length === 8);
  for (const { feedback } of section!.codecs) assertEquals(feedback.toSorted(), all.toSorted());
});

Deno.test("offer: the worst text within the limits takes no long time", () => {
  const bad = [
    ...worstOffers(),
    OFFERS.chromiumAudio + `a=fmtp:111 ${"a=b;".repeat(240)}\r\n`.repeat(12),
    OFFERS.chromiumAudio + `a=fingerprint:sha-256 ${"AA:".repeat(330)}\r\n`.repeat(7),
    OFFERS.chromiumAudio + `a=x:${" ".repeat(1000)}y\r\n`.repeat(12),
    "v=0\r\n" + `m=audio 9 A ${"1 ".repeat(60)} ,\r\n`.repeat(8),
  ];
  for (const text of bad) {
    // The least of some times: others may have had the processor meanwhile.
    const elapsedMs = Math.min(...[1, 2, 3, 4, 5].map(() => {
      const startedMs = performance.now();
      try {
        parseSdpOffer(text);
      } catch (error) {
        assert(error instanceof WebrtcError, `${error}`);
      }
      return performance.now() - startedMs;
    }));
    assert(elapsedMs < 250, `took ${elapsedMs} ms: ${text.slice(-40)}`);
  }
});

Deno.test("offer: survives mutation and every cut", () => {
  const parse = (bytes: Uint8Array) => parseSdpOffer(new TextDecoder().decode(bytes));
  const samples = Object.values(OFFERS).map((text) => new TextEncoder().encode(text));
  surviveMutations(samples, parse, WebrtcError, { count: 300 });
  for (let length = 0; length < samples[2]!.length; length++) {
    try {
      parse(samples[2]!.subarray(0, length));
    } catch (error) {
      assert(error instanceof WebrtcError, `${error}`);
    }
  }
});

Deno.test("offer: those that are called the worst are taken", () => {
  for (const text of worstOffers()) assert(parseSdpOffer(text).sections.length > 0);
});
