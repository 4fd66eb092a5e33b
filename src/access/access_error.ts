/** What the configuration of who may, or a command about it, cannot be used for. */
export class AccessError extends Error {
  override readonly name = "AccessError";
}
