import { assertEquals } from "@std/assert";
import { codecWords } from "../../src/codec/codec_words.ts";

Deno.test("codecs in the words of SRS", () => {
  for (
    const [codecString, codec, profile, level] of [
      ["avc1.64001f", "H264", "High", "3.1"],
      ["avc1.42c01e", "H264", "Baseline", "3"],
      ["avc1.4d400a", "H264", "Main", "1"],
      ["avc1.010000", "H264", "", ""],
      ["avc1", "H264", "", ""],
      ["hvc1.1.6.L93.B0", "HEVC", "Main", "3.1"],
      ["hev1.2.4.H150.90", "HEVC", "Main10", "5"],
      ["hvc1.A4.41.L120", "HEVC", "Rext", "4"],
      ["av01.0.08M.08", "AV1", "Main", "4.0"],
      ["av01.0.31M.08", "AV1", "Main", ""],
      ["vp09.02.41.10", "VP9", "2", "4.1"],
      ["vp08.00.10.08", "VP8", "0", "1"],
      ["vp8", "VP8", "", ""],
      ["mp4a.40.2", "AAC", "LC", ""],
      ["mp4a.40.5", "AAC", "HE", ""],
      ["mp4a.40.29", "AAC", "HEv2", ""],
      ["mp4a", "AAC", "", ""],
      ["opus", "Opus", "", ""],
      ["g711-alaw", "PCMA", "", ""],
      ["ac-3", "AC3", "", ""],
      ["screen", "SCREEN", "", ""],
      ["", "", "", ""],
    ] as const
  ) assertEquals(codecWords(codecString), { codec, profile, level }, codecString);
});
