import {
  av1LayerSizes,
  av1SequenceHeaderOf,
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

/** One of those that a stream without its largest sizes is made of. */
interface LowerLayer extends TrackedLayer {
  picturesHeardAtMs: number;
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
  readonly #lower: LowerLayer[] = [];
  readonly #av1 = new Av1LayerSplitter();
  /** The number of the highest layer that the newest key frame had. */
  #highest = 0;
  /** The number of a higher one that has come since, for which another key frame was asked for. */
  #asked = 0;

  /** @param whole that all sizes come by: what is missed of them, and asked for, is of it */
  constructor(whole: TrackedLayer) {
    this.#whole = whole;
  }

  /** The same picture in each smaller size, the largest of these first. */
  *below(picture: LayerPicture, nowMs: number): Generator<LowerPicture> {
    const { codec, unit } = picture;
    const split = codec === "av1" ? this.#av1.split(unit) : splitVp9(unit);
    const highest = Math.min(MAX_LOWER, split.highest);
    if (unit.isKeyFrame) {
      this.#know(highest);
      this.#highest = highest;
      if (highest >= this.#asked) this.#asked = 0;
    } else this.#noteGrown(highest, nowMs);
    for (let spatialId = this.#lower.length; spatialId-- > 0;) {
      // Where the larger ones have gone, all have what is left.
      const data = split.upTo(Math.min(spatialId, this.#highest));
      if (data === undefined) continue;
      const layers = { ...unit.layers, spatialId: Math.min(spatialId, unit.layers.spatialId) };
      const layer = this.#lower[spatialId]!;
      layer.picturesHeardAtMs = nowMs;
      yield { layer, picture: { ...picture, unit: { ...unit, data, layers } } };
    }
  }

  /**
   * Encoders add sizes between key frames, and a stream begins with one. A key frame is asked for once:
   * one that does not bring them either is no reason to ask for more.
   */
  #noteGrown(highest: number, nowMs: number): void {
    if (highest <= Math.max(this.#highest, this.#asked)) return;
    this.#asked = highest;
    this.#whole.wantKeyFrame(nowMs);
  }

  #know(count: number): void {
    const whole = this.#whole;
    while (this.#lower.length < count) {
      this.#lower.push({
        picturesHeardAtMs: -Infinity,
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

/** Takes pictures of AV1 apart, by what their newest sequence header and key frame say. */
class Av1LayerSplitter {
  #sequence: Uint8Array | undefined;
  /** Of the layers, by their numbers, as the newest key frame says; none if it does not. */
  #sizes: readonly PictureSize[] = [];

  split({ data, isKeyFrame }: ReceivedUnit): SplitPicture {
    if (isKeyFrame) {
      // AV1 7.5: a key frame need not bring the header again.
      this.#sequence = av1SequenceHeaderOf(data) ?? this.#sequence;
      const sequence = this.#sequence;
      this.#sizes = sequence && ifReadable(() => av1LayerSizes(data, sequence)) || [];
    }
    const sizes = this.#sizes;
    return {
      highest: sizes.length === 0 ? 0 : highestAv1SpatialId(data),
      upTo(spatialId) {
        const size = sizes[spatialId];
        return size && ifReadable(() => withoutHigherAv1Layers(data, spatialId, size));
      },
    };
  }
}
