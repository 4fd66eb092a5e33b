/** The only error that leaves the `codec` room: codec data that breaks its specification or limits. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}
