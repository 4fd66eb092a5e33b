import {
  av1LayerSizes,
  highestAv1SpatialId,
  withoutHigherAv1Layers,
} from "../codec/av1/lower_layers.ts";
import { ifReadable } from "../codec/if_readable.ts";
import type { PictureSize } from "../codec/picture_size.ts";
import { joinVp9Frames, splitVp9Frames } from "../codec/vp9/superframe.ts";
import type { ReceivedUnit } from "../rtp/receive/depacketizer.ts";
import type { LayerPicture } from "./layer_picture.ts";
import type { TrackedLayer } from "./layer_tracks.ts";

/** Browsers send up to three sizes: that many beside the whole. */
const MAX_LOWER = 2;

/** A picture without its larger sizes, of a layer that is none of its own on the way here. */
export interface LowerPicture {
  readonly layer: TrackedLayer;
  readonly picture: LayerPicture;
}

/** The layers of a picture. */
interface SplitPicture {
  /** The number of the highest. */
  readonly highest: number;
  /** All that is of layers up to one; `undefined` if there is nothing, or it cannot be taken apart. */
  upTo(spatialId: number): Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Pictures that come in several sizes in one stream (spatial layers of VP9 and AV1), as if the smaller
 * sizes had been sent beside the whole: no smaller one refers to a larger one, so each is a stream of
 * its own.
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
  /** Of the layers of AV1, by their numbers, as the newest key frame says; none if it does not. */
  #av1Sizes: readonly PictureSize[] = [];

  /** @param whole that all sizes come by: what is missed of them, and asked for, is of it */
  constructor(whole: TrackedLayer) {
    this.#whole = whole;
  }

  /** The same picture in each smaller size, the largest of these first. */
  *below(picture: LayerPicture, nowMs: number): Generator<LowerPicture> {
    const { unit } = picture;
    const split = this.#split(picture);
    const count = Math.min(MAX_LOWER, split.highest);
    if (unit.isKeyFrame) this.#know(count);
    // Encoders add sizes between key frames, and a stream begins with one.
    else if (count > this.#lower.length) this.#whole.wantKeyFrame(nowMs);
    for (let spatialId = this.#lower.length; spatialId-- > 0;) {
      const data = split.upTo(spatialId);
      if (data === undefined) continue;
      const layers = { ...unit.layers, spatialId: Math.min(spatialId, unit.layers.spatialId) };
      const layer = this.#lower[spatialId]!;
      yield { layer, picture: { ...picture, unit: { ...unit, data, layers } } };
    }
  }

  #split({ codec, unit }: LayerPicture): SplitPicture {
    if (codec !== "av1") return splitVp9(unit);
    if (unit.isKeyFrame) this.#av1Sizes = ifReadable(() => av1LayerSizes(unit.data)) ?? [];
    return splitAv1(unit, this.#av1Sizes);
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

function splitVp9({ data, spatialIds: ids = [0] }: ReceivedUnit): SplitPicture {
  let frames: readonly Uint8Array[] | undefined;
  return {
    highest: Math.max(...ids),
    upTo(spatialId) {
      frames ??= splitVp9Frames(data);
      if (frames.length !== ids.length) return undefined;
      const kept = frames.filter((_, at) => ids[at]! <= spatialId);
      return kept.length === 0 ? undefined : joinVp9Frames(kept.map((frame) => [frame]));
    },
  };
}

function splitAv1({ data }: ReceivedUnit, sizes: readonly PictureSize[]): SplitPicture {
  return {
    highest: sizes.length === 0 ? 0 : highestAv1SpatialId(data),
    upTo(spatialId) {
      const size = sizes[spatialId];
      const kept = size && ifReadable(() => withoutHigherAv1Layers(data, spatialId, size));
      return kept?.length === 0 ? undefined : kept;
    },
  };
}
