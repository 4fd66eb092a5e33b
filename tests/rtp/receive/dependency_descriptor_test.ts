import { assertEquals } from "@std/assert";
import { DependencyDescriptors } from "../../../src/rtp/receive/dependency_descriptor.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import { NoError } from "../../../testing/malformed.ts";

/** Bits as text, with blanks for the reader, to bytes. */
function bytesOf(bits: string): Uint8Array<ArrayBuffer> {
  const digits = bits.replaceAll(/\s/g, "");
  const padded = digits.padEnd(Math.ceil(digits.length / 8) * 8, "0");
  return Uint8Array.from(padded.match(/.{8}/g)!, (byte) => parseInt(byte, 2));
}

const number = (value: number) => value.toString(2).padStart(16, "0");

/** Three temporal layers: templates 5 to 8 of T0 (key), T0, T1 and T2; three decode targets. */
const STRUCTURE = `1 0 0 0 0  000101 00010  00 01 01 11
  10 10 10  11 10 10  00 11 01  00 00 01
  00 00 00 00`;
const KEY_FRAME = bytesOf(`1 0 000101 ${number(7)} ${STRUCTURE}`);

Deno.test("layers are those of the template that a frame names", () => {
  const descriptors = new DependencyDescriptors();
  const inter = (template: number, flags = "1 1") =>
    bytesOf(`${flags} ${template.toString(2).padStart(6, "0")} ${number(8)}`);
  assertEquals(descriptors.read(inter(5)), undefined, "before a structure");
  assertEquals(descriptors.read(KEY_FRAME), {
    isStartOfFrame: true,
    isEndOfFrame: false,
    frameNumber: 7,
    hasStructure: true,
    layers: { temporalId: 0, spatialId: 0 },
    isDisposable: false,
  });
  const cases: [number, number, boolean][] = [[6, 0, false], [7, 1, false], [8, 2, true]];
  for (const [template, temporalId, isDisposable] of cases) {
    assertEquals(descriptors.read(inter(template, "0 1")), {
      isStartOfFrame: false,
      isEndOfFrame: true,
      frameNumber: 8,
      hasStructure: false,
      layers: { temporalId, spatialId: 0 },
      isDisposable,
    });
  }
  for (const unknown of [9, 4, 63]) assertEquals(descriptors.read(inter(unknown)), undefined);
  // With indications of its own, of which nothing is said here.
  const own = bytesOf(`1 1 001000 ${number(9)} 0 0 1 0 0 000000`);
  assertEquals(descriptors.read(own)?.isDisposable, false);
});

Deno.test("spatial layers, and templates whose numbers wrap", () => {
  const descriptors = new DependencyDescriptors();
  const structure = "1 0 0 0 0  111111 00000  10 01 11  10 10 10 0000";
  const read = (template: string) =>
    descriptors.read(bytesOf(`1 1 ${template} ${number(1)}`))?.layers;
  descriptors.read(bytesOf(`1 1 111111 ${number(0)} ${structure}`));
  assertEquals(read("111111"), { temporalId: 0, spatialId: 0 });
  assertEquals(read("000000"), { temporalId: 0, spatialId: 1 });
  assertEquals(read("000001"), { temporalId: 1, spatialId: 1 });
});

Deno.test("what is cut short, or has templates without end, says nothing and changes nothing", () => {
  const descriptors = new DependencyDescriptors();
  descriptors.read(KEY_FRAME);
  for (let size = 0; size < 9; size++) {
    if (size === 3) continue;
    assertEquals(descriptors.read(KEY_FRAME.subarray(0, size)), undefined, `${size} bytes`);
  }
  const endless = bytesOf(`1 1 000000 ${number(1)} 1 0 0 0 0 000000 00000 ${"00".repeat(70)}`);
  assertEquals(descriptors.read(endless), undefined);
  const inter = bytesOf(`1 1 001000 ${number(8)}`);
  assertEquals(descriptors.read(inter)?.layers.temporalId, 2, "the structure is still known");
});

Deno.test("dependency descriptors: mutations throw nothing", () => {
  const descriptors = new DependencyDescriptors();
  surviveMutations([KEY_FRAME], (bytes) => descriptors.read(bytes), NoError);
});
