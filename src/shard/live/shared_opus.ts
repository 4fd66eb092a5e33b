import type { SharedLog } from "../../stream/log_arena.ts";
import type { ControlLink, OpusEvents } from "../control_link.ts";

type OpusControl = Pick<ControlLink, "wantOpus" | "unwantOpus">;

/**
 * The Opus of one audio track of a stream, as all of its readers on one shard have it: control is
 * asked for it when the first one wants it, and told when the last one wants it no more.
 */
export class SharedOpus {
  readonly #streamId: number;
  readonly #control: OpusControl;
  readonly #audioTrack: number | undefined;
  readonly #readers = new Set<OpusEvents>();
  #log: SharedLog | undefined;

  /** @param audioTrack the number of another track than the default one */
  constructor(streamId: number, control: OpusControl, audioTrack?: number) {
    this.#streamId = streamId;
    this.#control = control;
    this.#audioTrack = audioTrack;
  }

  /** Asks for the Opus, not again before {@linkcode unwant}; a log that is there is told at once. */
  want(reader: OpusEvents): void {
    this.#readers.add(reader);
    if (this.#log !== undefined) return reader.opened(this.#log);
    if (this.#readers.size > 1) return;
    this.#control.wantOpus(this.#streamId, {
      opened: (log) => {
        this.#log = log;
        for (const one of [...this.#readers]) one.opened(log);
      },
      closed: (reason) => {
        this.#log = undefined;
        for (const one of [...this.#readers]) one.closed(reason);
      },
    }, this.#audioTrack);
  }

  /** A reader reads it no more, and is told nothing more. */
  unwant(reader: OpusEvents): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    this.#log = undefined;
    this.#control.unwantOpus(this.#streamId, this.#audioTrack);
  }
}
