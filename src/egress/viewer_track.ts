import type { PacketExtension, RtpIdentity } from "../srtp/rtp_identity.ts";
import type { Retransmission } from "./rtp_track.ts";

/** How pictures are held back by what their packets tell. */
export interface HeldPictures {
  /** From the beginning on; 0 for as long as the receiver does by itself. */
  readonly leastMs: number;
  /** What packets tell, so that they are held for so long at least. */
  readonly extension: (heldMs: number) => PacketExtension | undefined;
}

/** How one track is sent to a viewer, as its answer says. */
export interface ViewerTrack {
  readonly identity: RtpIdentity;
  /** Of pictures; `undefined` where the viewer cannot be told to hold them. */
  readonly held?: HeldPictures | undefined;
  readonly retransmission: Retransmission | undefined;
  /** Of sound that carries earlier packets once more; `undefined` where the viewer takes none. */
  readonly redundant?: RtpIdentity | undefined;
  readonly firstSequence: number;
}

/** Whether packets are numbered over both tracks, for the viewer to tell how each of them came. */
export function isTransportCounted(
  { audio, video }: {
    readonly audio: ViewerTrack | undefined;
    readonly video: ViewerTrack | undefined;
  },
): boolean {
  return [audio, video].every((track) =>
    track === undefined || (track.identity.extension?.transportSequenceAt ?? -1) >= 0
  );
}
