import { BitReader } from "../../bytes/bit_reader.ts";
import { RtpError } from "../rtp_error.ts";
import type { LayerIds } from "./depacketizer.ts";

/** Numbers that templates have, from an offset on: more are not possible (A.8.3). */
const MAX_TEMPLATES = 64;

/** Bytes of a descriptor without a structure: which has more is read further. */
const SHORT_SIZE = 3;

/** Indications that a frame is not of a decode target, and that none of that refers to it (A.5). */
const NOT_PRESENT = 0;
const DISCARDABLE = 1;

/** next_layer_idc: what the next template is of (A.8.3.2). */
const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_MORE = 3;

interface Template extends LayerIds {
  readonly isDisposable: boolean;
}

/** What a descriptor says of the frame that a packet is of. */
export interface DependencyFacts {
  readonly isStartOfFrame: boolean;
  readonly isEndOfFrame: boolean;
  /** 16 bits; grows by one from frame to frame, in the order of decoding. */
  readonly frameNumber: number;
  /** Whether it brings a new structure: a key frame. */
  readonly hasStructure: boolean;
  readonly layers: LayerIds;
  /** Whether no other frame refers to it, for whatever is decoded. */
  readonly isDisposable: boolean;
}

/**
 * Reads the dependency descriptors of one source (RTP Payload Format For AV1, appendix A), in the
 * order of its packets: a structure that comes with a key frame says what the templates are that those
 * behind it name.
 *
 * @example
 * ```ts
 * import { DependencyDescriptors } from "./dependency_descriptor.ts";
 *
 * const descriptors = new DependencyDescriptors();
 * descriptors.read(Uint8Array.of(0xc0, 0, 1)); // undefined: there was no structure yet
 * ```
 */
export class DependencyDescriptors {
  #offset = 0;
  #templates: readonly Template[] = [];

  /**
   * What the element of a packet says; `undefined` if it is malformed, or names a template that is not
   * known. Nothing is thrown.
   */
  read(element: Uint8Array): DependencyFacts | undefined {
    try {
      return this.#read(new BitReader(element, RtpError), element.length);
    } catch (error) {
      if (error instanceof RtpError) return undefined;
      throw error;
    }
  }

  #read(bits: BitReader, size: number): DependencyFacts | undefined {
    const isStartOfFrame = bits.bit() === 1;
    const isEndOfFrame = bits.bit() === 1;
    const templateId = bits.bits(6);
    const frameNumber = bits.bits(16);
    let hasStructure = false;
    let ownDtis = false;
    if (size > SHORT_SIZE) {
      hasStructure = bits.bit() === 1;
      bits.skip(1); // active decode targets: who is sent what is decided here
      ownDtis = bits.bit() === 1;
      bits.skip(2); // frame distances and chains of its own
      if (hasStructure) this.#takeStructure(bits);
    }
    const index = (templateId + MAX_TEMPLATES - this.#offset) % MAX_TEMPLATES;
    const template = this.#templates[index];
    if (template === undefined) return undefined;
    const { temporalId, spatialId, isDisposable } = template;
    return {
      isStartOfFrame,
      isEndOfFrame,
      frameNumber,
      hasStructure,
      layers: { temporalId, spatialId },
      isDisposable: isDisposable && !ownDtis,
    };
  }

  /** template_dependency_structure (A.8.3), up to the indications for decode targets. */
  #takeStructure(bits: BitReader): void {
    const offset = bits.bits(6);
    const targets = bits.bits(5) + 1;
    const layers: LayerIds[] = [];
    let [temporalId, spatialId] = [0, 0];
    for (let next = 0; next !== NO_MORE;) {
      if (layers.length === MAX_TEMPLATES) {
        throw new RtpError(
          `Cannot read dependency structure: templates must be up to ${MAX_TEMPLATES}, got more`,
        );
      }
      layers.push({ temporalId, spatialId });
      next = bits.bits(2);
      if (next === NEXT_TEMPORAL) temporalId++;
      if (next === NEXT_SPATIAL) [temporalId, spatialId] = [0, spatialId + 1];
    }
    const templates = layers.map((ids) => ({ ...ids, isDisposable: isDisposable(bits, targets) }));
    this.#offset = offset;
    this.#templates = templates;
  }
}

/** Whether a template's frames can be left out of all decode targets that they are of. */
function isDisposable(bits: BitReader, targets: number): boolean {
  let isSo = true;
  for (let target = 0; target < targets; target++) {
    const indication = bits.bits(2);
    isSo &&= indication === NOT_PRESENT || indication === DISCARDABLE;
  }
  return isSo;
}
