import { assertEquals } from "@std/assert";
import { withStereoOpus } from "../../src/console/whep_offer.js";

const audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0";
const opus = "a=rtpmap:111 opus/48000/2";

Deno.test("withStereoOpus adds stereo=1 to Opus alone, once", () => {
  const table = [
    {
      name: "parameters of Chromium",
      before: [audio, opus, "a=fmtp:111 minptime=10;useinbandfec=1"],
      after: [audio, opus, "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1"],
    },
    { name: "no parameters", before: [audio, opus], after: [audio, opus, "a=fmtp:111 stereo=1"] },
    {
      name: "parameters before the map",
      before: [audio, "a=fmtp:111 minptime=10", opus],
      after: [audio, "a=fmtp:111 minptime=10;stereo=1", opus],
    },
    {
      name: "stereo is there",
      before: [opus, "a=fmtp:111 stereo=1;sprop-stereo=1"],
      after: [opus, "a=fmtp:111 sprop-stereo=1;stereo=1"],
    },
    {
      name: "stereo is refused",
      before: [opus, "a=fmtp:111 maxptime=60; stereo=0"],
      after: [opus, "a=fmtp:111 maxptime=60;stereo=1"],
    },
    {
      name: "RED, whose parameters name Opus, and H.264",
      before: ["a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=fmtp:1111 x=1"],
      after: ["a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=fmtp:1111 x=1"],
    },
    {
      name: "two Opus types",
      before: [opus, "a=fmtp:111 minptime=10", "a=rtpmap:112 OPUS/48000/2"],
      after: [
        opus,
        "a=fmtp:111 minptime=10;stereo=1",
        "a=rtpmap:112 OPUS/48000/2",
        "a=fmtp:112 stereo=1",
      ],
    },
    {
      name: "no audio",
      before: ["m=video 9 UDP/TLS/RTP/SAVPF 96"],
      after: ["m=video 9 UDP/TLS/RTP/SAVPF 96"],
    },
  ];
  for (const { name, before, after } of table) {
    const sdp = (lines: string[]) => ["v=0", ...lines, ""].join("\r\n");
    assertEquals(withStereoOpus(sdp(before)), sdp(after), name);
    assertEquals(withStereoOpus(sdp(after)), sdp(after), `${name}, again`);
  }
});
