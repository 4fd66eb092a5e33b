/** The only error that leaves the `rtp` room: packets that break their RFC, or a limit of the room. */
export class RtpError extends Error {
  override readonly name = "RtpError";
}
