import { assertEquals, assertThrows } from "@std/assert";
import { isAv1KeyFrame } from "../../../src/codec/av1/av1.ts";
import { av1FrameSize } from "../../../src/codec/av1/frame_size.ts";
import {
  av1LayerSizes,
  av1SequenceHeaderOf,
  highestAv1SpatialId,
  withoutHigherAv1Layers,
} from "../../../src/codec/av1/lower_layers.ts";
import { AV1_OBU, splitObus } from "../../../src/codec/av1/obu.ts";
import { parseAv1SequenceHeader } from "../../../src/codec/av1/sequence_header.ts";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { keyFrameSize } from "../../../src/codec/picture_size.ts";
import { AV1_STREAMS } from "../../../testing/media/bitstreams.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";
import { surviveMutations } from "../../../testing/mutation.ts";

const [KEY_FRAME, ...OTHERS] = AV1_STREAMS.spatial as [Uint8Array, ...Uint8Array[]];
const SMALL = { width: 320, height: 240 };
const LARGE = { width: 640, height: 480 };

const sequenceOf = (unit: Uint8Array) => parseAv1SequenceHeader(av1SequenceHeaderOf(unit)!);
const sizesOf = (unit: Uint8Array, first = unit) =>
  av1LayerSizes(unit, av1SequenceHeaderOf(first)!);
const joined = (obus: readonly { readonly bytes: Uint8Array }[]) =>
  Uint8Array.from(obus.flatMap(({ bytes }) => [...bytes]));

Deno.test("AV1 layers: a key frame of Chromium says how large its layers are", () => {
  assertEquals(sizesOf(KEY_FRAME), [SMALL, LARGE]);
  assertEquals(AV1_STREAMS.spatial.map(highestAv1SpatialId), [1, 1, 1, 1, 1, 1]);
  // Of one layer, also where hidden frames are between.
  assertEquals(sizesOf(AV1_STREAMS.realtime[0]!), [{ width: 98, height: 66 }]);
  assertEquals(sizesOf(AV1_STREAMS.hiddenFrames[0]!), [{ width: 130, height: 74 }]);
  assertEquals(sizesOf(AV1_STREAMS.still[0]!), [{ width: 64, height: 64 }]);
  assertEquals(AV1_STREAMS.realtime.map(highestAv1SpatialId), Array(8).fill(0));
  // A key frame need not bring the header again.
  const [header, ...frames] = splitObus(KEY_FRAME);
  assertEquals(header!.type, AV1_OBU.SEQUENCE_HEADER);
  assertEquals(sizesOf(joined(frames), KEY_FRAME), [SMALL, LARGE]);
  assertEquals(OTHERS.map(av1SequenceHeaderOf), OTHERS.map(() => undefined));
  // Of pictures that are as large as those before, and without the smaller layer, it is not known.
  for (const unit of OTHERS) assertEquals(sizesOf(unit, KEY_FRAME), []);
  assertEquals(sizesOf(joined(frames.filter(({ spatialId }) => spatialId === 1)), KEY_FRAME), []);
});

Deno.test("AV1 layers: without the higher ones, decoders find a stream of the smaller size", () => {
  const lower = withoutHigherAv1Layers(KEY_FRAME, 0, SMALL)!;
  assertEquals(keyFrameSize("av1", lower), SMALL);
  assertEquals(isAv1KeyFrame(lower), true);
  assertEquals(sizesOf(lower), [SMALL]);
  const points = sequenceOf(KEY_FRAME).operatingPoints.map(({ idc }) => idc);
  assertEquals(points, [0x303, 0x301, 0x103, 0x101]);
  // The point of all layers is still there, behind that of those that are.
  const own = sequenceOf(lower).operatingPoints.map(({ idc }) => idc);
  assertEquals(own, [0x103, 0x301, 0x303, 0x101]);
  const { places: _, ...rest } = sequenceOf(KEY_FRAME);
  const { places: _other, ...others } = sequenceOf(lower);
  assertEquals({ ...others, operatingPoints: rest.operatingPoints }, { ...rest, ...SMALL });
  for (const unit of OTHERS) {
    const obus = splitObus(unit).filter(({ spatialId }) => spatialId === 0);
    assertEquals(withoutHigherAv1Layers(unit, 0, SMALL), joined(obus));
    // Without a frame of the smaller layer there is nothing to be shown.
    const large = splitObus(unit).filter(({ spatialId }) => spatialId === 1);
    assertEquals(withoutHigherAv1Layers(joined(large), 0, SMALL), undefined);
  }
  assertEquals(withoutHigherAv1Layers(KEY_FRAME, 1, LARGE), KEY_FRAME.slice());
});

Deno.test("AV1 layers: a size that the header has no room for changes none", () => {
  const lower = withoutHigherAv1Layers(KEY_FRAME, 0, { width: 5000, height: 10 })!;
  assertEquals(keyFrameSize("av1", lower), LARGE);
});

Deno.test("AV1 layers: of several sequence headers all are as the first, others are left out", () => {
  const [header, ...frames] = splitObus(KEY_FRAME);
  const other = { bytes: header!.bytes.slice() };
  other.bytes[other.bytes.length - 1]! ^= 1;
  const lower = withoutHigherAv1Layers(joined([header!, header!, other, ...frames]), 0, SMALL)!;
  const expected = withoutHigherAv1Layers(KEY_FRAME, 0, SMALL)!;
  assertEquals(lower, Uint8Array.of(...expected.subarray(0, header!.bytes.length), ...expected));
});

/** A header in which frames say all that they can, with the same size of 640x360. */
function fullSequence() {
  const bits = new BitWriter().bits(0, 3).bits(0b00, 2).bits(0, 1);
  bits.bits(0, 1).bits(0, 5).bits(0, 12).bits(5, 5);
  bits.bits(9, 4).bits(8, 4).bits(639, 10).bits(359, 9);
  bits.bits(1, 1).bits(3, 4).bits(2, 3); // frame ids: of 5 and 8 bits
  bits.bits(0b011, 3).bits(0, 4).bits(1, 1).bits(0, 2); // with order hints
  bits.bits(1, 1).bits(1, 1).bits(6, 3); // each frame says; 7 bits
  return parseAv1SequenceHeader(bits.bits(0, 64).take());
}

/** frame type, showing, and so on of an inter frame that is shown, up to its references. */
const interHead = (isResilient: 0 | 1) => {
  const bits = new BitWriter().bits(0, 1).bits(1, 2).bits(1, 1).bits(isResilient, 1);
  bits.bits(0, 1).bits(1, 1).bits(0, 1); // screen content, whose motion is no whole number
  bits.bits(77, 8).bits(1, 1).bits(9, 7); // id, own size, order hint
  if (isResilient === 0) bits.bits(7, 3); // no primary_ref_frame
  bits.bits(0b10, 8);
  if (isResilient === 1) bits.bits(0, 8 * 7);
  return bits;
};

Deno.test("AV1 frame size: of all kinds of headers", () => {
  const sequence = fullSequence();
  const sizeOf = (bits: BitWriter) => av1FrameSize(sequence, bits.bits(0, 16).take());
  const own = { width: 321, height: 181 };
  const references = (bits: BitWriter) => {
    bits.bits(0, 1);
    for (let at = 0; at < 7; at++) bits.bits(at, 3).bits(1, 5);
    return bits;
  };
  const shortReferences = (bits: BitWriter) => bits.bits(1, 1).bits(0, 6).bits(0, 35);
  for (const refer of [references, shortReferences]) {
    const asReference = refer(interHead(0)).bits(0, 3).bits(1, 1);
    assertEquals(sizeOf(asReference), undefined);
    assertEquals(sizeOf(refer(interHead(0)).bits(0, 7).bits(320, 10).bits(180, 9)), own);
    assertEquals(sizeOf(refer(interHead(1)).bits(320, 10).bits(180, 9)), own);
  }
  const keyFrame = (hasOwnSize: 0 | 1) =>
    new BitWriter().bits(0, 1).bits(0, 2).bits(1, 1).bits(0, 1).bits(0, 1)
      .bits(77, 8).bits(hasOwnSize, 1).bits(9, 7);
  assertEquals(sizeOf(keyFrame(0)), { width: 640, height: 360 });
  assertEquals(sizeOf(keyFrame(1).bits(320, 10).bits(180, 9)), own);
  // Intra only, hidden, of which not all others are forgotten.
  // A frame that may be switched at says all itself, but for a reference that it could be as large as.
  const change = new BitWriter().bits(0, 1).bits(3, 2).bits(1, 1).bits(0, 1).bits(0, 1)
    .bits(77, 8).bits(9, 7).bits(0, 8 * 7);
  assertEquals(sizeOf(references(change).bits(320, 10).bits(180, 9)), own);
  // A key frame that is hidden says which frames it is kept in place of.
  const hidden = new BitWriter().bits(0, 1).bits(0, 2).bits(0, 1).bits(1, 1).bits(0, 1).bits(0, 1)
    .bits(0, 1).bits(77, 8).bits(1, 1).bits(9, 7).bits(0x12, 8).bits(320, 10).bits(180, 9);
  assertEquals(sizeOf(hidden), own);
  const intra = new BitWriter().bits(0, 1).bits(2, 2).bits(0, 1).bits(1, 1).bits(1, 1);
  intra.bits(0, 1).bits(0, 1).bits(77, 8).bits(1, 1).bits(9, 7).bits(1, 8).bits(0, 56);
  assertEquals(sizeOf(intra.bits(320, 10).bits(180, 9)), own);
  assertEquals(sizeOf(new BitWriter().bits(1, 1)), undefined, "one that was there before");
  assertThrows(() => av1FrameSize(sequence, Uint8Array.of(0x10)), CodecError);
});

Deno.test("AV1 layers: mutations throw nothing else", () => {
  surviveMutations([KEY_FRAME], (bytes) => {
    const [size = SMALL] = av1LayerSizes(bytes, av1SequenceHeaderOf(bytes) ?? new Uint8Array(0));
    const lower = withoutHigherAv1Layers(bytes, 0, size);
    if (lower !== undefined) assertEquals(highestAv1SpatialId(lower), 0);
  }, CodecError);
});
