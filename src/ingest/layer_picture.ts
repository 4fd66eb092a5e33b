import type { ReceivedUnit } from "../rtp/receive/depacketizer.ts";
import type { ReceivedVideoCodec } from "./received_track.ts";

/** A picture of one layer, as it has come. */
export interface LayerPicture {
  readonly codec: ReceivedVideoCodec;
  readonly unit: ReceivedUnit;
  /** On the clock that all tracks of the publisher have in common. */
  readonly shownMs: number;
}
