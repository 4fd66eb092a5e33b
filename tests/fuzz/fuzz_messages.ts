/** To a worker: fuzz this target. */
export interface FuzzOrder {
  readonly name: string;
  readonly seed: number;
  readonly durationMs: number;
  /** Of a `LastInput`. */
  readonly memory: SharedArrayBuffer;
}

/** From a worker: orders are lost on it before it says so, or what became of one. */
export type FuzzAnswer = { readonly kind: "ready" } | FuzzResult;

/** What became of one target. */
export interface FuzzResult {
  readonly kind: "result";
  readonly name: string;
  readonly executions: number;
  readonly accepted: number;
  readonly elapsedMs: number;
  readonly slowestMs: number;
  /** In hexadecimal digits. */
  readonly slowestInput: string;
  /** Memory that was used after the run and not before; `undefined` if it could not be measured. */
  readonly grownBytes: number | undefined;
  /** The first thing that escaped, as text, with its input in hexadecimal digits. */
  readonly escape: { readonly error: string; readonly input: string } | undefined;
}
