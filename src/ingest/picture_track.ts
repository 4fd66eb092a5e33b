import { layerBits } from "../codec/picture_layer.ts";
import type { ReceivedUnit } from "../rtp/receive/depacketizer.ts";
import type { LayerPicture } from "./layer_picture.ts";
import type { ReceivedMessage } from "./received_message.ts";
import { VideoBodies } from "./video_bodies.ts";

/**
 * One video track of the stream to be: the pictures of whichever layer it has at the moment, as bodies
 * of FLV tags, whose times do not go back.
 */
export class PictureTrack {
  readonly #bodies: VideoBodies;
  #layer: object | undefined;
  #newestMs = 0;

  /** @param trackId 0 for the default track */
  constructor(trackId: number) {
    this.#bodies = new VideoBodies(trackId);
  }

  /** The layer that its newest picture was of. */
  get layer(): object | undefined {
    return this.#layer;
  }

  /** The bodies of a picture; the first one of another layer must be a key frame. */
  *messages(layer: object, { codec, unit, shownMs }: LayerPicture): Generator<ReceivedMessage> {
    const isOther = this.#layer !== undefined && this.#layer !== layer;
    this.#layer = layer;
    // Layers have pictures of the same times, and receivers take those of one time for one picture.
    const ownMs = isOther ? Math.max(shownMs, this.#newestMs + 1) : shownMs;
    // A picture that is shown before one that came before it is decoded behind that.
    const timestampMs = this.#newestMs = Math.max(this.#newestMs, ownMs);
    const place = placeOf(unit);
    for (const payload of this.#bodies.of(codec, unit, ownMs - timestampMs)) {
      yield { kind: "video", timestampMs, payload, ...(place !== 0 && { layer: place }) };
    }
  }
}

function placeOf({ layers: { temporalId }, layerSwitch, isDisposable }: ReceivedUnit): number {
  return layerBits({ temporalId, layerSwitch, isUnreferenced: isDisposable });
}
