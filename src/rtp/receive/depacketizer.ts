import type { Malformed } from "../../bytes/malformed.ts";
import type { LayerSwitch } from "../../codec/picture_layer.ts";

/** Which of a picture's layers a unit has, as far as its payloads tell. */
export interface LayerIds {
  readonly temporalId: number;
  /** The highest, of units with several. */
  readonly spatialId: number;
}

/** Which pictures one refers to, by what its payloads say. */
export interface PictureReferences {
  /** The low 7 bits; grows by one from picture to picture. */
  readonly pictureId: number;
  /** By how much the ids of the others are smaller, up to 127; none of a key frame. */
  readonly distances: readonly number[];
}

/** A picture as it was sent: whole, in the form that FLV carries it in. */
export interface ReceivedUnit {
  readonly kind: "unit";
  /**
   * For H.264 and H.265 NAL units behind lengths of four bytes, for AV1 the OBUs of a temporal unit
   * with their sizes, for VP8 and VP9 a frame or superframe. A buffer of its own.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Whether decoding can begin with it. */
  readonly isKeyFrame: boolean;
  /** Whether it is known that no other picture refers to it. */
  readonly isDisposable: boolean;
  readonly layers: LayerIds;
  /** Of VP9, the spatial layer of each frame of {@linkcode data}, in order. */
  readonly spatialIds?: readonly number[];
  readonly layerSwitch: LayerSwitch;
  /** Where its payloads say so: VP9 in flexible mode. */
  readonly references?: PictureReferences;
}

/** How the payload format of a codec puts pictures into packets. Nothing throws. */
export interface Depacketizer {
  /** Whether a picture begins with a packet of this payload, as far as it says so. */
  begins(payload: Uint8Array): boolean;
  /** Whether a payload says that it is of a picture that decoding can begin with. */
  isOfKeyFrame(payload: Uint8Array): boolean;
  /** The picture of all its payloads, in order, none of which is empty; they are borrowed. */
  read(payloads: readonly Uint8Array[]): ReceivedUnit | Malformed;
}
