/** Something by which decisions are made cannot be used: a setting, a secret, another server's answer. */
export class AccessError extends Error {
  override readonly name = "AccessError";
}
