/** The only error that leaves the `flv` room: bytes that are no FLV, or beyond its limits. */
export class FlvError extends Error {
  override readonly name = "FlvError";
}
