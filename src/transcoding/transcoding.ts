/// <reference lib="deno.worker" />

import { AudioError } from "../audio/audio_error.ts";
import { Counters } from "../metrics/counters.ts";
import { ThreadMeter } from "../metrics/thread_meter.ts";
import type { FromTranscoder, ToTranscoder } from "./messages.ts";
import {
  StreamTranscoder,
  type TranscoderThread,
  type TranscodingEnd,
} from "./stream_transcoder.ts";
import { Turns } from "./turns.ts";

/** How often reports are sent. */
const REPORT_MS = 1000;

type OpenMessage = Extract<ToTranscoder, { kind: "open" }>;
type StartMessage = Extract<ToTranscoder, { kind: "start" }>;

/** The worker: all streams that it transcodes, each for itself. */
class Transcoding {
  readonly #thread: TranscoderThread;
  readonly #streams = new Map<number, StreamTranscoder>();
  /** Streams that were to stop before they were there. */
  readonly #starting = new Map<number, { isStopped: boolean }>();
  #isBroken = false;

  readonly #counters: Counters;
  readonly #meter: ThreadMeter;

  constructor({ busy, counted: { memory, row } }: OpenMessage) {
    const counters = new Counters(memory, row);
    const turns = new Turns((ms) => counters.add("transcodingSeconds", ms / 1000));
    this.#counters = counters;
    this.#meter = new ThreadMeter(counters);
    this.#thread = { busy: new Int32Array(busy), turns };
    setInterval(() => this.#report(), REPORT_MS);
  }

  async start(message: StartMessage): Promise<void> {
    const { id } = message;
    try {
      const end = await this.#run(message);
      if (!this.#isBroken) post({ ...end, id });
    } catch (error) {
      if (error instanceof AudioError) {
        return post({ kind: "failed", id, reason: error.message });
      }
      // All decoders share one memory: what breaks one may have broken all.
      this.#isBroken = true;
      for (const stream of this.#streams.values()) stream.stop();
      post({ kind: "broken", id, reason: error instanceof Error ? error.message : `${error}` });
    }
  }

  stop(id: number): void {
    const starting = this.#starting.get(id);
    if (starting !== undefined) starting.isStopped = true;
    this.#streams.get(id)?.stop();
  }

  async #run(message: StartMessage): Promise<TranscodingEnd> {
    const { id } = message;
    const starting = { isStopped: false };
    this.#starting.set(id, starting);
    const stream = await StreamTranscoder.create(message, this.#thread)
      .finally(() => this.#starting.delete(id));
    if (starting.isStopped) stream.stop();
    else post({ kind: "started", id });
    this.#streams.set(id, stream);
    const end = await stream.run();
    stream.count(this.#counters);
    this.#streams.delete(id);
    return end;
  }

  #report(): void {
    this.#meter.tick();
    if (this.#isBroken) return;
    for (const stream of this.#streams.values()) stream.count(this.#counters);
    const streams = [...this.#streams.values()].map((stream) => stream.report());
    post({ kind: "report", streams });
  }
}

const post = (message: FromTranscoder) => self.postMessage(message);

// Emscripten's glue takes Deno for Node, and would call `createRequire` on this module's `blob:`.
const { process } = globalThis as { process?: { type?: string } };
if (process !== undefined) process.type = "renderer";

let transcoding: Transcoding | undefined;

self.addEventListener("message", ({ data }: MessageEvent<ToTranscoder>) => {
  switch (data.kind) {
    case "open":
      transcoding = new Transcoding(data);
      return;
    case "start":
      transcoding?.start(data);
      return;
    case "stop":
      transcoding?.stop(data.id);
  }
});
