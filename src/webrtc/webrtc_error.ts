/**
 * What a peer sent breaks WebRTC's protocols or one of the limits of this room.
 *
 * The message names the action, the limit and the value.
 */
export class WebrtcError extends Error {
  override readonly name = "WebrtcError";
}
