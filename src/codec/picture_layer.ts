/**
 * Where viewers that were not sent the higher layers can begin with them: with this picture, which
 * refers to none of its layer or above; or behind it, as no picture of a higher layer refers to one of
 * those before it; or not here.
 */
export type LayerSwitch = "none" | "here" | "behind";

/**
 * What a publisher says of a picture's place among its temporal layers. Pictures refer to none of a
 * higher layer: all that are higher can be left out.
 */
export interface PictureLayer {
  /** 0 is the lowest. */
  readonly temporalId: number;
  readonly layerSwitch: LayerSwitch;
  /** Whether it is known that no other picture refers to it: it can be left out alone. */
  readonly isUnreferenced: boolean;
}

/** More layers count as one: encoders make up to three, four at most. */
export const MAX_TEMPORAL_ID = 3;

/** Bits of {@linkcode layerBits}. */
const TEMPORAL_ID_MASK = 0b11;
const SWITCH_HERE = 0b100;
const SWITCH_BEHIND = 0b1000;
const UNREFERENCED = 0b1_0000;

/** How many bits there are. */
export const LAYER_BITS = 5;

/** A picture's place as bits; 0 of one in the lowest layer, of which nothing more is known. */
export function layerBits({ temporalId, layerSwitch, isUnreferenced }: PictureLayer): number {
  return Math.min(temporalId, MAX_TEMPORAL_ID) |
    (layerSwitch === "here" ? SWITCH_HERE : layerSwitch === "behind" ? SWITCH_BEHIND : 0) |
    (isUnreferenced ? UNREFERENCED : 0);
}

/** The temporal layer that bits tell. */
export function temporalIdOf(bits: number): number {
  return bits & TEMPORAL_ID_MASK;
}

/** Whether bits tell that a layer can be begun with this picture. */
export function canSwitchHere(bits: number): boolean {
  return (bits & SWITCH_HERE) !== 0;
}

/** Whether bits tell that all higher layers can be begun behind it. */
export function canSwitchBehind(bits: number): boolean {
  return (bits & SWITCH_BEHIND) !== 0;
}

/** Whether bits tell that no other picture refers to it. */
export function isUnreferenced(bits: number): boolean {
  return (bits & UNREFERENCED) !== 0;
}
