import type { ReceivedUnit } from "../rtp/receive/depacketizer.ts";

/** Ids of pictures have so many values, by their low bits. */
const PICTURE_IDS = 128;

/** No layer: of a picture that has not come. */
const UNKNOWN = 0xff;

/**
 * Tells by the references of one source's pictures which of them refer to lower temporal layers alone:
 * there viewers can begin with a layer that they were not sent.
 */
export class LayerReferences {
  /** By the picture's id. */
  readonly #temporalIds = new Uint8Array(PICTURE_IDS).fill(UNKNOWN);

  /** The picture with what its references say; as it is, if it says nothing of them. */
  placed(unit: ReceivedUnit): ReceivedUnit {
    const { references, isKeyFrame, layers: { temporalId } } = unit;
    if (references === undefined) return unit;
    const { pictureId, distances } = references;
    if (isKeyFrame) this.#temporalIds.fill(UNKNOWN);
    const isLowerAlone = distances.every((distance) => {
      const reference = (pictureId - distance + PICTURE_IDS) % PICTURE_IDS;
      return this.#temporalIds[reference]! < temporalId;
    });
    this.#temporalIds[pictureId] = temporalId;
    const isPlace = temporalId > 0 && isLowerAlone && unit.layerSwitch === "none";
    return isPlace ? { ...unit, layerSwitch: "here" } : unit;
  }
}
