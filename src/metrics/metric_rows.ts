import { allocateRows, FIRST_WORD, ROW_DOUBLES, ROW_WORDS } from "./layout.ts";

/**
 * What threads count, in memory that they share. A thread writes its own row alone; whoever reads
 * takes all rows, so that any thread can tell what the whole process did.
 */
export class MetricRows {
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(shared: SharedArrayBuffer) {
    this.#doubles = new Float64Array(shared);
    this.#words = new Int32Array(shared);
  }

  static allocate(rows: number): SharedArrayBuffer {
    return allocateRows(rows);
  }

  /** A number of one row. */
  double(row: number, at: number): number {
    return this.#doubles[row * ROW_DOUBLES + at]!;
  }

  /** A number, summed over all rows. */
  sum(at: number): number {
    let sum = 0;
    for (let from = at; from < this.#doubles.length; from += ROW_DOUBLES) {
      sum += this.#doubles[from]!;
    }
    return sum;
  }

  /** A gauge, summed over all rows. */
  sumOfWords(at: number): number {
    let sum = 0;
    for (let from = FIRST_WORD + at; from < this.#words.length; from += ROW_WORDS) {
      sum += Atomics.load(this.#words, from);
    }
    return sum;
  }

  /** A gauge in each row. */
  eachWord(at: number): number[] {
    const words: number[] = [];
    for (let from = FIRST_WORD + at; from < this.#words.length; from += ROW_WORDS) {
      words.push(Atomics.load(this.#words, from));
    }
    return words;
  }
}
