/** Longer inputs are cut off. */
const MAX_INPUT_SIZE = 1 << 16;

/**
 * The input that a worker is busy with, in memory that outlives it: an execution that never ends,
 * or ends the worker, has no other way to tell.
 */
export class LastInput {
  readonly memory: SharedArrayBuffer;
  readonly #length: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param memory that of another thread's, to share it with that */
  constructor(memory = new SharedArrayBuffer(4 + MAX_INPUT_SIZE)) {
    this.memory = memory;
    this.#length = new Uint32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, 4);
  }

  set(input: Uint8Array): void {
    const length = Math.min(input.length, MAX_INPUT_SIZE);
    this.#bytes.set(length < input.length ? input.subarray(0, length) : input);
    this.#length[0] = length;
  }

  /** A copy. */
  get(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes.subarray(0, this.#length[0]));
  }
}
