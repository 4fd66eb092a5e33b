import type { PacketExtension, RtpIdentity } from "../srtp/rtp_identity.ts";
import type { Retransmission } from "./rtp_track.ts";

/** How one track is sent to a viewer, as its answer says. */
export interface ViewerTrack {
  readonly identity: RtpIdentity;
  /** What the first packets carry in place of the identity's extension. */
  readonly openingExtension?: PacketExtension | undefined;
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
