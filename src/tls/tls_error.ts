/** A certificate or a key that cannot be used; the message never holds any of it. */
export class TlsError extends Error {
  override name = "TlsError";
}
