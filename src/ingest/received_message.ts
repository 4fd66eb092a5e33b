/** What a publisher by RTP has sent, as the body of an FLV tag with its time. */
export interface ReceivedMessage {
  readonly kind: "video" | "audio";
  /** On the clock of all the publisher's tracks; does not go back within a track. */
  readonly timestampMs: number;
  /** A buffer of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The place of a picture among layers, if there are any, as `layerBits` has it. */
  readonly layer?: number;
}
