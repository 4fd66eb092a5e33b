import { joinVp9Frames, splitVp9Frames } from "../codec/vp9/superframe.ts";
import type { LayerPicture } from "./layer_picture.ts";
import type { TrackedLayer } from "./layer_tracks.ts";

/** Browsers send up to three sizes: that many beside the whole. */
const MAX_LOWER = 2;

/** A picture without its larger sizes, of a layer that is none of its own on the way here. */
export interface LowerPicture {
  readonly layer: TrackedLayer;
  readonly picture: LayerPicture;
}

/**
 * Pictures that come in several sizes in one stream (spatial layers of VP9), as if the smaller sizes
 * had been sent beside the whole: no smaller one refers to a larger one, so each is a stream of its own.
 *
 * @example
 * ```ts ignore
 * const spatial = new SpatialLayers(layer);
 * for (const { layer, picture } of spatial.below(whole, nowMs)) tracks.take(layer, picture, nowMs);
 * ```
 */
export class SpatialLayers {
  readonly #whole: TrackedLayer;
  /** Those without the largest sizes, by the number of the largest that they have. */
  readonly #lower: TrackedLayer[] = [];

  /** @param whole that all sizes come by: what is missed of them, and asked for, is of it */
  constructor(whole: TrackedLayer) {
    this.#whole = whole;
  }

  /** The same picture in each smaller size, the largest of these first. */
  *below(picture: LayerPicture, nowMs: number): Generator<LowerPicture> {
    const { unit } = picture;
    const ids = unit.spatialIds ?? [0];
    const count = Math.min(MAX_LOWER, Math.max(...ids));
    if (unit.isKeyFrame) this.#know(count);
    // Encoders add sizes between key frames, and a stream begins with one.
    else if (count > this.#lower.length) this.#whole.wantKeyFrame(nowMs);
    if (this.#lower.length === 0) return;
    const frames = splitVp9Frames(unit.data);
    if (frames.length !== ids.length) return;
    for (let spatialId = this.#lower.length; spatialId-- > 0;) {
      const kept = frames.filter((_, at) => ids[at]! <= spatialId);
      if (kept.length === 0) continue;
      const data = joinVp9Frames(kept.map((frame) => [frame]));
      const layers = { ...unit.layers, spatialId: Math.min(spatialId, unit.layers.spatialId) };
      const layer = this.#lower[spatialId]!;
      yield { layer, picture: { ...picture, unit: { ...unit, data, layers } } };
    }
  }

  #know(count: number): void {
    const whole = this.#whole;
    while (this.#lower.length < count) {
      this.#lower.push({
        get picturesHeardAtMs() {
          return whole.picturesHeardAtMs;
        },
        wantKeyFrame: (nowMs) => whole.wantKeyFrame(nowMs),
      });
    }
  }
}
