import { BitReader } from "../../bytes/bit_reader.ts";
import { RtpError } from "../rtp_error.ts";
import type { LayerIds } from "./depacketizer.ts";

/** Numbers that templates have, from an offset on: more are not possible (A.8.3). */
const MAX_TEMPLATES = 64;

/** Bytes of a descriptor without a structure: which has more is read further. */
const SHORT_SIZE = 3;

/** A frame may refer to so many others: AV1 has seven references. */
const MAX_DISTANCES = 16;

/** The five flags of a descriptor that goes on (A.8.2). */
const HAS_STRUCTURE = 0b1_0000;
const HAS_ACTIVE_TARGETS = 0b1000;
const HAS_OWN_INDICATIONS = 0b100;
const HAS_OWN_DISTANCES = 0b10;

/** next_layer_idc: what the next template is of (A.8.3.2). */
const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_MORE = 3;

/** What a frame is to a decode target (A.8.3.3): whether it is there, and what needs it. */
const DISCARDABLE = 1;
const SWITCH = 2;

interface Template extends LayerIds {
  /** For each decode target. */
  readonly indications: readonly number[];
  readonly distances: readonly number[];
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
  /** The frames that it refers to: by how much their numbers are smaller. */
  readonly distances: readonly number[];
  /** Whether no other frame refers to it. */
  readonly isDiscardable: boolean;
  /** Whether all behind it can be decoded, of every target that it is of, if it can. */
  readonly isSwitch: boolean;
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
  #targets = 0;
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
    const extended = size > SHORT_SIZE ? bits.bits(5) : 0;
    const hasStructure = (extended & HAS_STRUCTURE) !== 0;
    if (hasStructure) this.#takeStructure(bits);
    const index = (templateId + MAX_TEMPLATES - this.#offset) % MAX_TEMPLATES;
    const template = this.#templates[index];
    if (template === undefined) return undefined;
    const { temporalId, spatialId } = template;
    let { distances, indications } = template;
    // What follows a structure is not read: a frame that brings one refers to none.
    if (!hasStructure) {
      if ((extended & HAS_ACTIVE_TARGETS) !== 0) bits.skip(this.#targets);
      if ((extended & HAS_OWN_INDICATIONS) !== 0) {
        indications = readIndications(bits, this.#targets);
      }
      if ((extended & HAS_OWN_DISTANCES) !== 0) distances = readDistances(bits);
    }
    const present = indications.filter((indication) => indication !== 0);
    return {
      isStartOfFrame,
      isEndOfFrame,
      frameNumber,
      hasStructure,
      layers: { temporalId, spatialId },
      distances,
      isDiscardable: isEach(present, DISCARDABLE),
      isSwitch: isEach(present, SWITCH),
    };
  }

  /** template_dependency_structure (A.8.3), up to what the templates refer to. */
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
    const indicated = layers.map((ids) => ({
      ...ids,
      indications: readIndications(bits, targets),
    }));
    const templates = indicated.map((template) => ({
      ...template,
      distances: readTemplateDistances(bits),
    }));
    this.#offset = offset;
    this.#targets = targets;
    this.#templates = templates;
  }
}

/** template_dtis or frame_dtis: two bits for each of up to 32 targets. */
function readIndications(bits: BitReader, targets: number): number[] {
  return Array.from({ length: targets }, () => bits.bits(2));
}

function isEach(present: readonly number[], wanted: number): boolean {
  return present.length > 0 && present.every((indication) => indication === wanted);
}

/** template_fdiffs of one template (A.8.3.4): each of four bits, with a bit in front. */
function readTemplateDistances(bits: BitReader): number[] {
  const distances: number[] = [];
  while (bits.bit() === 1) addDistance(distances, bits.bits(4) + 1);
  return distances;
}

/** frame_fdiffs (A.8.4): each behind its size in units of four bits, up to one of 0. */
function readDistances(bits: BitReader): number[] {
  const distances: number[] = [];
  for (let size; (size = bits.bits(2)) > 0;) addDistance(distances, bits.bits(4 * size) + 1);
  return distances;
}

function addDistance(distances: number[], distance: number): void {
  if (distances.length === MAX_DISTANCES) {
    throw new RtpError(
      `Cannot read frame distances: must be up to ${MAX_DISTANCES}, got more`,
    );
  }
  distances.push(distance);
}
