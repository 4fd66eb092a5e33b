import { assertEquals } from "@std/assert";
import { encodeEnhancedVideoBody } from "../../src/flv/enhanced_video_writer.ts";
import { splitVideoTracks } from "../../src/flv/multitrack.ts";
import type { ConfiguredVideoCodec } from "../../src/flv/video_body.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { wellFormed } from "../../testing/malformed.ts";

const DATA = Uint8Array.of(1, 2, 3);
const CODECS: readonly ConfiguredVideoCodec[] = ["h264", "h265", "av1", "vp9", "vp8"];

Deno.test("Enhanced video bodies are read as they were written, alone and as a track", () => {
  for (const codec of CODECS) {
    for (const isKeyFrame of [true, false]) {
      for (const compositionTimeMs of codec.startsWith("h26") ? [0, 80, -40] : [0]) {
        const head = { kind: "frame", codec, isKeyFrame, compositionTimeMs } as const;
        const body = encodeEnhancedVideoBody({ ...head, trackId: 0 }, DATA);
        assertEquals(parseVideoBody(body), {
          ...head,
          isDisposable: false,
          timestampOffsetNs: 0,
          data: DATA,
        });
        const track = wellFormed(
          splitVideoTracks(encodeEnhancedVideoBody({ ...head, trackId: 7 }, DATA)),
        );
        assertEquals(track, { kind: "tracks", tracks: [{ trackId: 7, body }] });
      }
    }
    const head = { codec, isKeyFrame: false, compositionTimeMs: 0, trackId: 0 };
    const body = encodeEnhancedVideoBody({ kind: "configuration", ...head }, DATA);
    assertEquals(parseVideoBody(body), { kind: "configuration", codec, data: DATA });
    assertEquals(body[0]! >> 4, 0b1001, "configurations are key frames");
  }
});
