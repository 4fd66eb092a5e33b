import { ByteWriter } from "../../bytes/byte_writer.ts";
import { isAfter, next } from "./serial_number.ts";

/** How far beyond what is missing numbers are noted: what is later is dropped, and sent again. */
const MAX_AHEAD = 128;

/** Runs that are told of, at most. */
const MAX_RUNS = 16;

/** What may be on its way to us, as we tell: it is all looked at at once. */
const RECEIVE_WINDOW_BYTES = 64 * 1024;

/** Which of the other side's data have come, by their transmission sequence numbers (RFC 9260 6.2). */
export class ReceivedNumbers {
  #cumulative: number;
  /** Those that came before others that are missing. */
  readonly #ahead = new Set<number>();

  /** @param initial number of the first that is to come */
  constructor(initial: number) {
    this.#cumulative = initial - 1 >>> 0;
  }

  /** The newest number up to which nothing is missing. */
  get cumulative(): number {
    return this.#cumulative;
  }

  /** Notes that one has come; whether it is new. */
  add(number: number): boolean {
    const distance = number - this.#cumulative | 0;
    if (distance <= 0 || distance > MAX_AHEAD || this.#ahead.has(number)) return false;
    this.#ahead.add(number);
    this.#close();
    return true;
  }

  /** Nothing up to this number is to come any more (RFC 3758 3.6). */
  skipTo(number: number): void {
    if (!isAfter(number, this.#cumulative)) return;
    this.#cumulative = number;
    for (const ahead of this.#ahead) {
      if (!isAfter(ahead, number)) this.#ahead.delete(ahead);
    }
    this.#close();
  }

  /** The value of a SACK chunk (RFC 9260 3.3.4). */
  acknowledgement(): Uint8Array<ArrayBuffer> {
    const runs = this.#runs();
    const writer = new ByteWriter().u32(this.#cumulative).u32(RECEIVE_WINDOW_BYTES);
    writer.u16(runs.length).u16(0);
    for (const [begin, end] of runs) writer.u16(begin).u16(end);
    return writer.take();
  }

  #close(): void {
    while (this.#ahead.delete(next(this.#cumulative))) this.#cumulative = next(this.#cumulative);
  }

  /** First and last of each run, as distances from the cumulative number. */
  #runs(): [number, number][] {
    const distances = [...this.#ahead].map((number) => number - this.#cumulative >>> 0);
    const runs: [number, number][] = [];
    for (const distance of distances.sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last !== undefined && distance === last[1] + 1) last[1] = distance;
      else if (runs.length < MAX_RUNS) runs.push([distance, distance]);
      else break;
    }
    return runs;
  }
}
