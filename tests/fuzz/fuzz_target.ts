/** A decoder under mutation: add one by adding a row to `FUZZ_TARGETS`. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs; `run` must accept each of them unchanged. */
  readonly corpus: readonly Uint8Array[];
  /** The only error that may leave `run`. */
  readonly allowed: new (...parameters: never[]) => Error;
  /** Decodes; may also check what it decoded, and throw anything but `allowed` if that is wrong. */
  readonly run: (bytes: Uint8Array<ArrayBuffer>) => void;
}
