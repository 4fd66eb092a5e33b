import { assertEquals } from "@std/assert";
import { DependencyDescriptors } from "../../../src/rtp/receive/dependency_descriptor.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import { NoError } from "../../../testing/malformed.ts";
import { bytesOf } from "./bits.ts";

const number = (value: number) => value.toString(2).padStart(16, "0");

/**
 * Three temporal layers: templates 5 to 8 of T0 (key), T0, T1 and T2, of which the latter refer to the
 * frames 4, 2 and 1 before them; three decode targets.
 */
const STRUCTURE = `1 0 0 0 0  000101 00010  00 01 01 11
  10 10 10  11 10 10  00 11 01  00 00 01
  0  1 0011 0  1 0001 0  1 0000 0`;
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
    distances: [],
    isDiscardable: false,
    isSwitch: true,
  });
  const cases: [number, number, number[]][] = [[6, 0, [4]], [7, 1, [2]], [8, 2, [1]]];
  for (const [template, temporalId, distances] of cases) {
    assertEquals(descriptors.read(inter(template, "0 1")), {
      isStartOfFrame: false,
      isEndOfFrame: true,
      frameNumber: 8,
      hasStructure: false,
      layers: { temporalId, spatialId: 0 },
      distances,
      isDiscardable: temporalId === 2,
      isSwitch: false,
    });
  }
  for (const unknown of [9, 4, 63]) assertEquals(descriptors.read(inter(unknown)), undefined);
  // With targets, indications and distances of its own, the latter of 4, 8 and 12 bits.
  const own = `0 1 1 1 0  111 000000  01 0010  10 00010000  11 000100000000 00`;
  const distances = descriptors.read(bytesOf(`1 1 001000 ${number(9)} ${own}`))?.distances;
  assertEquals(distances, [3, 17, 257]);
  // With indications of its own, for all targets: of T2, which is needed or not, as for T0.
  const facts = (indications: string) => {
    const own = `0 0 1 0 0 ${indications}`;
    const { isDiscardable, isSwitch } = descriptors.read(
      bytesOf(`1 1 001000 ${number(9)} ${own}`),
    )!;
    return [isDiscardable, isSwitch];
  };
  assertEquals(facts("10 10 10"), [false, true]);
  assertEquals(facts("00 10 10"), [false, true]);
  assertEquals(facts("00 01 10"), [false, false]);
  assertEquals(facts("00 01 01"), [true, false]);
  assertEquals(facts("00 00 00"), [false, false]);
  const endless = `0 0 0 1 0 ${"01 0000".repeat(17)}`;
  assertEquals(descriptors.read(bytesOf(`1 1 001000 ${number(9)} ${endless}`)), undefined);
});

Deno.test("spatial layers, and templates whose numbers wrap", () => {
  const descriptors = new DependencyDescriptors();
  const structure = "1 0 0 0 0  111111 00000  10 01 11  10 10 10 000";
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
  for (let size = 0; size < 11; size++) {
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
