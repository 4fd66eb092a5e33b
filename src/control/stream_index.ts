import type { StreamEntry } from "../shard/live/stream_entry.ts";

/** What a stream is found by. */
interface Indexed {
  readonly entry: StreamEntry;
  /** The shard of its publisher; `undefined` while it waits for one. */
  readonly origin: number | undefined;
}

/** The streams that there are: by number, by path, and in the order of their paths. */
export class StreamIndex<Stream extends Indexed> {
  readonly #byPath = new Map<string, Stream>();
  readonly #byId = new Map<number, Stream>();
  /** By path; made when it is asked for. */
  #sorted: readonly Stream[] | undefined;

  /** The one of a path; `undefined` if there is none. */
  at(path: string): Stream | undefined {
    return this.#byPath.get(path);
  }

  /** The one of a number; `undefined` if there is none any more. */
  get(streamId: number): Stream | undefined {
    return this.#byId.get(streamId);
  }

  add(stream: Stream): void {
    const { path, streamId } = stream.entry;
    this.#sorted = undefined;
    this.#byPath.set(path, stream);
    this.#byId.set(streamId, stream);
  }

  remove({ entry: { path, streamId } }: Stream): void {
    this.#sorted = undefined;
    this.#byPath.delete(path);
    this.#byId.delete(streamId);
  }

  /** All that there are now, in the order in which they came. */
  get all(): Stream[] {
    return [...this.#byId.values()];
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Of these, those that wait for their publisher. */
  get waiting(): number {
    let count = 0;
    for (const { origin } of this.#byId.values()) if (origin === undefined) count++;
    return count;
  }

  /** Those in the order of their paths, from the one at `begin` to before the one at `end`. */
  sorted(begin: number, end?: number): readonly Stream[] {
    this.#sorted ??= [...this.#byPath].sort(([one], [other]) => one < other ? -1 : 1)
      .map(([, stream]) => stream);
    return this.#sorted.slice(begin, end);
  }
}
