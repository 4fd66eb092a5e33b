import {
  canSwitchBehind,
  canSwitchHere,
  MAX_TEMPORAL_ID,
  temporalIdOf,
} from "../codec/picture_layer.ts";

/** What a picture more counts for, of what layers take: about two seconds are looked back on. */
const KEPT = 1 - 1 / 64;

/** A layer more must leave this part of the room; one that is sent may take so much too much. */
const SPARE = 0.1;
const TOO_MUCH = 1.05;

/** In so many pictures, about two seconds, one says that higher layers may come again, if any does. */
const MAX_HELD_BACK = 60;

/** Higher layers that make so little of all have ended: some 400 pictures ago. */
const PAST_PART = 1 / 1000;

/** Bits a second: what is left for pictures, and what all of them take. */
export interface LayerRoom {
  readonly roomBps: number;
  readonly fullBps: number;
}

/** A picture that is to be decided on. */
export interface LayeredPicture {
  /** Its place among layers, as `layerBits` has it. */
  readonly layer: number;
  readonly isKeyFrame: boolean;
  /** What it takes; asked for only if the stream has layers. */
  readonly bytes: () => number;
}

/**
 * Decides up to which temporal layer a viewer is sent pictures. Higher ones are left out at once when
 * there is no room for them; they come again where they refer to nothing that was left out.
 */
export class TemporalChoice {
  /** Of late, by the layer. */
  readonly #bytes = new Float64Array(MAX_TEMPORAL_ID + 1);
  #hasLayers = false;
  #highest = MAX_TEMPORAL_ID;
  /** For how many pictures there has been room for more layers than are sent. */
  #heldBack = 0;

  /** Whether pictures of all layers are sent. */
  get isWhole(): boolean {
    return this.#highest === MAX_TEMPORAL_ID;
  }

  /** Whether there has long been room for more layers: no picture says that they may come again. */
  get isHeldBack(): boolean {
    return this.#heldBack > MAX_HELD_BACK;
  }

  /** All have been sent. */
  reset(): void {
    this.#heldBack = 0;
    this.#highest = MAX_TEMPORAL_ID;
  }

  /** Whether a picture is left out, which is the next to leave. */
  leavesOut({ layer, isKeyFrame, bytes }: LayeredPicture, room: LayerRoom): boolean {
    const temporalId = temporalIdOf(layer);
    // A picture that nothing refers to is no layer by that.
    if (temporalId === 0 && !this.#hasLayers) return false;
    this.#hasLayers = true;
    const wanted = this.#wanted(room);
    if (isKeyFrame) {
      this.#highest = wanted;
      this.#heldBack = 0;
      return false;
    }
    for (let at = 0; at <= MAX_TEMPORAL_ID; at++) this.#bytes[at]! *= KEPT;
    this.#bytes[temporalId]! += bytes();
    if (this.#areLayersPast) {
      this.#hasLayers = false;
      this.reset();
      return false;
    }
    const isNext = temporalId === this.#highest + 1;
    if (wanted < this.#highest || (isNext && wanted >= temporalId && canSwitchHere(layer))) {
      this.#highest = Math.min(wanted, Math.max(temporalId, this.#highest));
    }
    this.#heldBack = wanted > this.#highest ? this.#heldBack + 1 : 0;
    if (temporalId > this.#highest) return true;
    if (wanted > this.#highest && canSwitchBehind(layer)) this.#highest = wanted;
    return false;
  }

  /** Whether pictures of higher layers have not come for long: those of another publisher did. */
  get #areLayersPast(): boolean {
    const [lowest = 0, ...higher] = this.#bytes;
    return higher.reduce((sum, bytes) => sum + bytes) < lowest * PAST_PART;
  }

  /** The highest layer that there is room for. */
  #wanted({ roomBps, fullBps }: LayerRoom): number {
    const total = this.#bytes.reduce((sum, bytes) => sum + bytes);
    if (total === 0 || roomBps >= fullBps) return MAX_TEMPORAL_ID;
    let wanted = 0;
    let taken = this.#bytes[0]!;
    for (let at = 1; at <= MAX_TEMPORAL_ID; at++) {
      taken += this.#bytes[at]!;
      const neededBps = fullBps * taken / total / (at > this.#highest ? 1 - SPARE : TOO_MUCH);
      // There may be no pictures of it.
      if (neededBps <= roomBps) wanted = at;
    }
    return wanted;
  }
}
