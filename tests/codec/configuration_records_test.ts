import { assertEquals, assertThrows } from "@std/assert";
import { av1CodecString, parseAv1Configuration } from "../../src/codec/av1/av1.ts";
import { av1ConfigurationOf } from "../../src/codec/av1/configuration_record.ts";
import { parseAv1SequenceHeader } from "../../src/codec/av1/sequence_header.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { vp9ConfigurationOf } from "../../src/codec/vp9/configuration_record.ts";
import { parseVp9Configuration, vp9CodecString } from "../../src/codec/vp9/vp9.ts";
import { AV1_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { AV1_SEQUENCE_HEADERS, VP9_KEY_FRAMES } from "../../testing/media/parameter_samples.ts";
import { surviveMutations } from "../../testing/mutation.ts";

Deno.test("av1C says what the sequence header says, and carries it", () => {
  for (const payload of Object.values(AV1_SEQUENCE_HEADERS)) {
    const obu = Uint8Array.of(0x0a, payload.length, ...payload);
    const record = av1ConfigurationOf(Uint8Array.of(0x12, 0, ...obu, 0x32, 1, 0x10))!;
    const header = parseAv1SequenceHeader(payload);
    const parsed = parseAv1Configuration(record);
    assertEquals(av1CodecString(parsed), av1CodecString(header));
    assertEquals(parsed.sequenceHeader?.bytes, obu);
    const { isMonochrome, chromaSubsamplingX, chromaSubsamplingY, chromaSamplePosition } = header;
    const said = { isMonochrome, chromaSubsamplingX, chromaSubsamplingY, chromaSamplePosition };
    assertEquals({ ...parsed, ...said }, parsed);
  }
  assertEquals(av1ConfigurationOf(AV1_STREAMS.realtime[1]!), undefined);
  assertThrows(() => av1ConfigurationOf(Uint8Array.of(0x0a, 1, 0)), CodecError);
});

Deno.test("vpcC says what a key frame of VP9 says", () => {
  for (const frame of Object.values(VP9_KEY_FRAMES)) {
    const { profile, bitDepth } = parseVp9Configuration(vp9ConfigurationOf(frame)!);
    assertEquals([profile, bitDepth >= 8], [profile, true]);
  }
  const small = vp9ConfigurationOf(VP_STREAMS.vp9Realtime[0]!)!;
  assertEquals(vp9CodecString(parseVp9Configuration(small)), "vp09.00.10.08");
  assertEquals(vp9ConfigurationOf(VP_STREAMS.vp9Realtime[1]!), undefined);
  // 1920x1080 and 16384x8640, of profile 0.
  const sized = (width: number, height: number) =>
    Uint8Array.of(
      0x82,
      0x49,
      0x83,
      0x42,
      (width - 1) >> 12 & 15,
      (width - 1) >> 4 & 255,
      ((width - 1) & 15) << 4 | (height - 1) >> 12,
      (height - 1) >> 4 & 255,
      ((height - 1) & 15) << 4,
    );
  const levelOf = (frame: Uint8Array) => parseVp9Configuration(vp9ConfigurationOf(frame)!).level;
  assertEquals([levelOf(sized(1920, 1080)), levelOf(sized(16_384, 8640))], [40, 60]);
});

Deno.test("records of mutated pictures are records, or the room's own error", () => {
  surviveMutations([AV1_STREAMS.realtime[0]!], (bytes) => {
    const record = av1ConfigurationOf(bytes);
    if (record !== undefined) parseAv1Configuration(record);
  }, CodecError);
  surviveMutations([VP_STREAMS.vp9Realtime[0]!.slice(0, 40)], (bytes) => {
    const record = vp9ConfigurationOf(bytes);
    if (record !== undefined) parseVp9Configuration(record);
  }, CodecError);
});
