/** A header of the PROXY protocol that cannot be read. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
}
