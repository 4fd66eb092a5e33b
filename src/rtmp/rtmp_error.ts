/**
 * What a peer sent breaks RTMP or one of the limits of this room. The connection cannot go on.
 *
 * The message names the action, the limit and the value.
 */
export class RtmpError extends Error {
  override readonly name = "RtmpError";
}
