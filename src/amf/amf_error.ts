/** The only error that leaves the `amf` room: bytes that are no AMF, or values beyond its limits. */
export class AmfError extends Error {
  override readonly name = "AmfError";
}
