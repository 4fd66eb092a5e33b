/** What becomes of those whom a name in `revoke` is for. */
export interface RevokedCount {
  /** As it was given. */
  readonly name: string;
  /** Those who came with it. */
  readonly found: number;
  /** Of these, those who may not stay. */
  readonly ended: number;
  /** Of these, those about whom it is not decided yet. */
  readonly waiting: number;
}
