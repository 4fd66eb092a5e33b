/** Something by which decisions are made cannot be used: a setting, a secret, another server's answer. */
export class AccessError extends Error {
  override readonly name = "AccessError";
  /** Whether another server may have done what it was asked, though its answer is of no use. */
  readonly mayBeDone: boolean;

  constructor(message: string, { mayBeDone = false }: { readonly mayBeDone?: boolean } = {}) {
    super(message);
    this.mayBeDone = mayBeDone;
  }
}
