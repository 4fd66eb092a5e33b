import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeSdpAnswer } from "../../../src/webrtc/sdp/answer.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { chooseReceived } from "../../../src/webrtc/sdp/received_section.ts";
import { NAMES, TRANSPORT } from "../../../testing/webrtc/answers.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";
import { PUBLISH_OFFERS } from "../../../testing/webrtc/publish_offers.ts";

/** What is received of an offer, and the answer to it. */
function answer(text: string) {
  const offer = parseSdpOffer(text);
  const choice = chooseReceived(offer);
  if (choice.kind === "mismatch") throw new Error(choice.reason);
  const sdp = writeSdpAnswer(offer, choice.sections, TRANSPORT, NAMES);
  return { sdp, sections: choice.sections, lines: sdp.split("\r\n") };
}

function refusal(text: string): string {
  const choice = chooseReceived(parseSdpOffer(text));
  if (choice.kind === "match") throw new Error("It is taken");
  return choice.reason;
}

/** Leaves out the codecs of these names. */
function without(text: string, names: RegExp): string {
  return text.split(/\r?\n/).filter((line) => !(line.startsWith("a=rtpmap:") && names.test(line)))
    .join("\r\n");
}

/** What is agreed on with whom: codec, payload types, feedback, extensions, sources, layers. */
const AGREED = {
  chromium: [
    ["opus", 111, undefined, ["transport-cc"], [3, 4], 1, []],
    [
      "h264",
      108,
      109,
      ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"],
      [3, 4, 10, 11],
      1,
      [],
    ],
  ],
  chromiumSimulcast: [
    ["opus", 111, undefined, ["transport-cc"], [3, 4], 1, []],
    [
      "h264",
      108,
      109,
      ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"],
      [3, 4, 10, 11],
      0,
      ["q", "h", "f"],
    ],
  ],
  gstreamer: [
    ["opus", 97, 99, ["nack", "transport-cc"], [], 1, []],
    ["h264", 96, 98, ["nack", "nack pli", "ccm fir", "transport-cc"], [], 1, []],
  ],
  obs: [
    ["opus", 111, undefined, [], [], 1, []],
    ["h264", 96, undefined, ["nack", "nack pli", "goog-remb"], [], 1, []],
  ],
} as const;

for (const [name, agreed] of Object.entries(AGREED)) {
  Deno.test(`received: what is agreed on with ${name}`, () => {
    const { sections } = answer(PUBLISH_OFFERS[name as keyof typeof AGREED]);
    assertEquals<unknown>(
      sections.map((section) => [
        section.codec,
        section.payloadType,
        section.rtxPayloadType,
        section.feedback,
        section.extensions.map(({ id }) => id),
        section.chosen.section.sources.ssrcs.length,
        section.rids,
      ]),
      agreed,
    );
  });
}

Deno.test("received: sources of media are told from those of repairs", () => {
  const video = parseSdpOffer(PUBLISH_OFFERS.gstreamer).sections[0]!;
  assertEquals(video.sources, {
    ssrcs: [1622834578],
    repairSsrcs: new Set([303236912]),
    rids: [],
  });
});

for (const [name, text] of Object.entries(PUBLISH_OFFERS)) {
  Deno.test(`received: the answer to ${name} takes both kinds, passive, in one bundle`, () => {
    const { lines, sdp, sections } = answer(text);
    assertEquals(sections.map(({ kind }) => kind), ["audio", "video"]);
    assertEquals(lines.filter((line) => line === "a=recvonly").length, 2, sdp);
    assertEquals(lines.filter((line) => line === "a=setup:passive").length, 2);
    assertEquals(lines.filter((line) => /^a=(?:ssrc|msid:|inactive|sendonly)/.test(line)), []);
    assertEquals(lines.filter((line) => line.startsWith("m=")).map((line) => line.split(" ")[1]), [
      "9",
      "9",
    ]);
    for (const { payloadType, fmtp } of sections) {
      assertEquals(lines.includes(`a=fmtp:${payloadType} ${fmtp}`), fmtp !== "", sdp);
    }
    // Browsers turn pictures themselves where nobody else does.
    assert(!sdp.includes("video-orientation"));
    assert(!/ (?:red\/90000|ulpfec|CN|telephone-event)/.test(sdp));
    assertMatch(sdp, /stereo=1/);
  });
}

Deno.test("received: sound that carries earlier packets once more comes first where it is offered", () => {
  const sound = (text: string) =>
    answer(text).lines.filter((line) => /^(?:m=audio|a=(?:rtpmap|fmtp):63 )/.test(line));
  assertEquals(sound(PUBLISH_OFFERS.chromium), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 111",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
  ]);
  assertEquals(sound(PUBLISH_OFFERS.chromium.replace("63 111/111", "63 110/110")), [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  ]);
  assertEquals(sound(PUBLISH_OFFERS.obs), ["m=audio 9 UDP/TLS/RTP/SAVPF 111"]);
});

Deno.test("received: layers of simulcast are taken by their names, up to four", () => {
  const { lines } = answer(PUBLISH_OFFERS.chromiumSimulcast);
  assertEquals(lines.filter((line) => /^a=(?:rid|simulcast)/.test(line)), [
    "a=rid:q recv",
    "a=rid:h recv",
    "a=rid:f recv",
    "a=simulcast:recv q;h;f",
  ]);
  const many = PUBLISH_OFFERS.chromiumSimulcast.replace(
    /a=simulcast.*/,
    "a=rid:x1 send\r\na=rid:x2 send\r\na=rid:in recv\r\na=simulcast:recv in send q,f;~h;x1;in;a b;x2;f",
  );
  const [, video] = answer(many).sections;
  assertEquals(video!.rids, ["q", "h", "x1"]);
  const five = many.replace(/a=simulcast.*/, "a=simulcast:send q;h;f;x1;x2");
  assertEquals(answer(five).sections[1]!.rids, ["q", "h", "f", "x1"]);
});

Deno.test("received: H.264 before VP8 before VP9 before AV1, each in the profile that most play", () => {
  const { chromium } = PUBLISH_OFFERS;
  const codecOf = (text: string) => {
    const { codec, fmtp } = answer(text).sections[1]!;
    return `${codec} ${fmtp}`;
  };
  assertMatch(codecOf(chromium), /^h264 .*packetization-mode=1;profile-level-id=42e01f/);
  const noH264 = without(chromium, /H264/);
  assertEquals(codecOf(noH264), "vp8 ");
  const noVp8 = without(noH264, /VP8/);
  assertEquals(codecOf(noVp8), "vp9 profile-id=0");
  assertMatch(codecOf(without(noVp8, /VP9/)), /^av1 .*profile=0/);
});

Deno.test("received: an offer without a codec is refused with what it has", () => {
  const { obs } = PUBLISH_OFFERS;
  assertEquals(
    refusal(without(obs, /H264/)),
    "The offer must have H264, VP8, VP9, AV1 or H265, and has no codec",
  );
  assertEquals(
    refusal(obs.replaceAll("H264/90000", "MP4V-ES/90000")),
    "The offer must have H264, VP8, VP9, AV1 or H265, and has MP4V-ES",
  );
  // Sound is not left out without a word.
  assertEquals(
    refusal(obs.replaceAll("opus/48000/2", "PCMU/8000")),
    "The offer must have opus, and has PCMU",
  );
  const sound = obs.slice(0, obs.indexOf("m=video")).replace("BUNDLE 0 1", "BUNDLE 0");
  assertEquals(answer(sound).sections.map(({ kind }) => kind), ["audio"]);
  assertEquals(
    refusal(sound.replaceAll("opus/48000/2", "PCMU/8000")),
    "The offer must have opus, and has PCMU",
  );
});

Deno.test("received: all that an offer sends, or nothing", () => {
  const { obs } = PUBLISH_OFFERS;
  const video = obs.slice(obs.indexOf("m=video"));
  const second = video.replaceAll(/^a=(mid|msid|ssrc)\b.*\r\n/gm, "") + "a=mid:second\r\n";
  const twice = (offer: string) => offer + second;
  assertEquals(
    refusal(twice(obs.replace("BUNDLE 0 1", "BUNDLE 0 1 second"))),
    "The offer may have one section of video that sends, and has 2",
  );
  assertEquals(
    refusal(twice(obs)),
    "The offer must have all media in its BUNDLE group, by SRTP, and has mid second beside",
  );
  const idle = second.replace("a=sendonly", "a=inactive");
  const kinds = answer(obs.replace("BUNDLE 0 1", "BUNDLE 0 1 second") + idle).sections;
  assertEquals(kinds.map(({ kind }) => kind), ["audio", "video"]);
});

Deno.test("received: sections that have no port of their own need not say rtcp-mux", () => {
  const { obs } = PUBLISH_OFFERS;
  const at = obs.indexOf("m=video");
  // As RFC 9725's own example has it.
  const video = obs.slice(at).replace("m=video 9", "m=video 0")
    .replace("a=rtcp-mux\r\n", "a=bundle-only\r\n");
  const { sections } = answer(obs.slice(0, at) + video);
  assertEquals(sections.map(({ kind }) => kind), ["audio", "video"]);
});

Deno.test("received: what is said of RTCP and of trickling is what was offered", () => {
  const { gstreamer, chromium, obs, aiortc } = PUBLISH_OFFERS;
  const said = (offer: string, line: string) =>
    answer(offer).lines.filter((one) => one === line).length;
  assertEquals(said(gstreamer, "a=rtcp-mux-only"), 2);
  assertEquals(said(chromium, "a=rtcp-mux-only"), 0);
  assertEquals(said(chromium, "a=ice-options:trickle"), 1);
  assertEquals(said(obs, "a=ice-options:trickle"), 1);
  assertEquals(said(aiortc, "a=ice-options:trickle"), 0);
});

Deno.test("received: a viewer's offer sends nothing", () => {
  assertEquals(
    refusal(OFFERS.chromium),
    "The offer has no section that sends sound or pictures",
  );
});
