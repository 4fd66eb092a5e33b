import { assertEquals } from "@std/assert";
import { parseAc3SyncFrame } from "../../src/codec/sound/ac3.ts";
import { isAv1KeyFrame, parseAv1Configuration } from "../../src/codec/av1/av1.ts";
import { splitObus } from "../../src/codec/av1/obu.ts";
import { lengthPrefixed, splitByteStream } from "../../src/codec/annex_b.ts";
import { encodeNalConfiguration } from "../../src/codec/nal_configuration.ts";
import { nalFacts } from "../../src/codec/nal_facts.ts";
import { NalParameterSets } from "../../src/codec/nal_parameter_sets.ts";
import { readNalRecord } from "../../src/codec/nal_record.ts";
import { splitNalUnits } from "../../src/codec/nal_units.ts";
import { AVCC_SAMPLES } from "../../testing/media/corpus.ts";
import {
  av1LayerSizes,
  av1SequenceHeaderOf,
  highestAv1SpatialId,
  withoutHigherAv1Layers,
} from "../../src/codec/av1/lower_layers.ts";
import { parseAv1SequenceHeader } from "../../src/codec/av1/sequence_header.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { parseFlacStreamInfo } from "../../src/codec/sound/flac.ts";
import { h265CodecString, parseH265Configuration } from "../../src/codec/h265/h265.ts";
import {
  h265PictureKind,
  isH265KeyFrame,
  splitH265NalUnits,
} from "../../src/codec/h265/access_unit.ts";
import { parseH265Pps } from "../../src/codec/h265/pps.ts";
import { parseH265Sps } from "../../src/codec/h265/sps.ts";
import { isVp8KeyFrame, parseVp8FrameHeader } from "../../src/codec/vp8/vp8.ts";
import { parseVp9Configuration, vp9CodecString } from "../../src/codec/vp9/vp9.ts";
import { Vp9LargestShown } from "../../src/codec/vp9/largest_shown.ts";
import { splitVp9Frames } from "../../src/codec/vp9/superframe.ts";
import { isVp9KeyFrame, parseVp9FrameHeader } from "../../src/codec/vp9/frame.ts";
import { splitVp9Superframe } from "../../testing/media/vp9_superframe.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import {
  AC3_SAMPLES,
  AV1_SEQUENCE_HEADERS,
  AV1C,
  FLAC_SAMPLES,
  H265_PPS_SAMPLES,
  H265_SPS,
  HVCC,
  VP9_KEY_FRAMES,
  VPCC,
} from "../../testing/media/parameter_samples.ts";
import { toHex } from "../../testing/mutation.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { NoError } from "../../testing/malformed.ts";

/** NAL units of a byte stream come out of the form with lengths as they went in. */
function readByteStream(bytes: Uint8Array): void {
  for (const codec of ["h264", "h265"] as const) nalFacts(codec, bytes, 4);
  const units = splitByteStream(bytes);
  if (units !== undefined) assertEquals(splitNalUnits(lengthPrefixed(units), 4, 1), units);
}

/** What is made of the sets in a record has the shape of one. */
function remakeConfiguration(bytes: Uint8Array): void {
  for (const codec of ["h264", "h265"] as const) {
    const read = readNalRecord(codec, bytes);
    const sets = new NalParameterSets(codec);
    for (const set of read?.sets ?? []) sets.take(set);
    if (read === undefined || !sets.isComplete) continue;
    const made = encodeNalConfiguration(codec, sets, read.nalLengthSize);
    const again = readNalRecord(codec, made);
    assertEquals([again?.isRecord, again?.nalLengthSize], [true, read.nalLengthSize]);
  }
}

const ACCESS_UNITS = [...H265_STREAMS.openGop, ...H265_STREAMS.lowDelay.slice(0, 2)];
const TEMPORAL_UNITS = [...AV1_STREAMS.hiddenFrames.slice(0, 4), ...AV1_STREAMS.still];
const VP9_FRAMES = [...Object.values(VP9_KEY_FRAMES), ...VP_STREAMS.vp9AltRef.slice(17, 20)];

/** Targets for what publishers send of H.265, AV1, VP9, VP8, FLAC and AC-3. */
export const CODEC_TARGETS: readonly FuzzTarget[] = [
  {
    name: "hvcc",
    corpus: Object.values(HVCC),
    allowed: CodecError,
    run: (bytes) => h265CodecString(parseH265Configuration(bytes)),
  },
  { name: "h265-sps", corpus: Object.values(H265_SPS), allowed: CodecError, run: parseH265Sps },
  { name: "h265-pps", corpus: H265_PPS_SAMPLES, allowed: CodecError, run: parseH265Pps },
  {
    name: "h265-picture-kind",
    corpus: ACCESS_UNITS,
    allowed: CodecError,
    run: readH265Picture,
  },
  {
    name: "h265-nal-units",
    corpus: ACCESS_UNITS,
    allowed: CodecError,
    run: (bytes) => splitH265NalUnits(bytes, 4),
  },
  {
    name: "byte-stream",
    corpus: ACCESS_UNITS.map((unit) => unit.with(2, 0).with(3, 1)),
    allowed: NoError,
    run: readByteStream,
  },
  {
    name: "nal-configuration",
    corpus: [...Object.values(HVCC), ...AVCC_SAMPLES],
    allowed: NoError,
    run: (bytes) => remakeConfiguration(bytes),
  },
  { name: "av1c", corpus: Object.values(AV1C), allowed: CodecError, run: parseAv1Configuration },
  {
    name: "av1-sequence-header",
    corpus: Object.values(AV1_SEQUENCE_HEADERS),
    allowed: CodecError,
    run: parseAv1SequenceHeader,
  },
  {
    name: "av1-layers",
    corpus: AV1_STREAMS.spatial.slice(0, 2),
    allowed: CodecError,
    run: leaveOutLayers,
  },
  { name: "obus", corpus: TEMPORAL_UNITS, allowed: CodecError, run: splitWholeObus },
  {
    name: "vpcc",
    corpus: Object.values(VPCC),
    allowed: CodecError,
    run: (bytes) => vp9CodecString(parseVp9Configuration(bytes)),
  },
  { name: "vp9-frame", corpus: VP9_FRAMES, allowed: CodecError, run: readVp9 },
  {
    name: "vp9-layers",
    corpus: VP_STREAMS.vp9Spatial.slice(0, 3),
    allowed: NoError,
    run: showLargest,
  },
  { name: "vp8-frame", corpus: VP_STREAMS.vp8Realtime, allowed: CodecError, run: readVp8 },
  { name: "flac", corpus: FLAC_SAMPLES, allowed: CodecError, run: parseFlacStreamInfo },
  { name: "ac3", corpus: Object.values(AC3_SAMPLES), allowed: NoError, run: parseAc3SyncFrame },
];

/** What is split must make up the whole, and walking must agree with splitting. */
function splitWholeObus(bytes: Uint8Array): void {
  const obus = splitObus(bytes);
  assertEquals(obus.map((obu) => toHex(obu.bytes)).join(""), toHex(bytes));
  isAv1KeyFrame(bytes);
}

/** Both must agree on key frames. */
function readH265Picture(bytes: Uint8Array): void {
  const picture = h265PictureKind(bytes, 4);
  const isKeyFrame = picture?.kind !== "malformed" && picture?.isKeyFrame;
  assertEquals(isH265KeyFrame(bytes, 4), isKeyFrame ?? false);
}

/** What is left has no higher layer, and changes no more when it is done again. */
function leaveOutLayers(bytes: Uint8Array<ArrayBuffer>): void {
  const sequence = av1SequenceHeaderOf(bytes);
  const sizes = sequence === undefined ? [] : av1LayerSizes(bytes, sequence);
  const [size = { width: 320, height: 240 }] = sizes;
  const lower = withoutHigherAv1Layers(bytes, 0, size);
  if (lower === undefined) return;
  assertEquals(highestAv1SpatialId(lower), 0);
  assertEquals(withoutHigherAv1Layers(lower, 0, size), lower);
}

/** What is hidden of a picture's sizes changes nothing else in it, and behind it. */
function showLargest(bytes: Uint8Array<ArrayBuffer>): void {
  const largest = new Vp9LargestShown();
  for (const data of [VP_STREAMS.vp9Spatial[0]!, bytes, VP_STREAMS.vp9Spatial[1]!]) {
    const [before, after] = [data, largest.of(data)].map((made) => splitVp9Frames(made));
    assertEquals(after!.length, before!.length);
    assertEquals(after!.at(-1), before!.at(-1));
  }
}

/** The first byte must say the same as the header; frames must not exceed what they are in. */
function readVp9(bytes: Uint8Array): void {
  const frames = splitVp9Superframe(bytes);
  const size = frames.reduce((sum, frame) => sum + frame.length, 0);
  assertEquals(size <= bytes.length, true);
  assertEquals(isVp9KeyFrame(bytes), parseVp9FrameHeader(bytes).isKeyFrame);
}

function readVp8(bytes: Uint8Array): void {
  assertEquals(isVp8KeyFrame(bytes), parseVp8FrameHeader(bytes).isKeyFrame);
}
