/**
 * A packet, a key or an index breaks SRTP, SRTCP or one of the limits of this room.
 *
 * The message names the action, the limit and the value.
 */
export class SrtpError extends Error {
  override readonly name = "SrtpError";
}
