import type { ViewerSink } from "./flv_audience.ts";

/**
 * Bytes passed on in one turn. Deno's HTTP server copies what it gets in one turn to a buffer, which
 * each connection keeps as large as it ever was: measured, 174 KB a viewer with key frames and
 * groups of pictures in one go, 145 KB in parts of this size, and little less in smaller ones, which
 * cost more writes.
 */
const MAX_PART_SIZE = 32 * 1024;

/** The body of an HTTP-FLV response: a stream that is pushed to while its reader keeps up. */
export class HttpFlvSink implements ViewerSink {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #rest: Uint8Array<ArrayBuffer> | undefined;
  #isClosed = false;

  /** @param onCancel called once when the viewer goes away by itself */
  constructor(onCancel: () => void) {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#isClosed = true;
        onCancel();
      },
    }, { highWaterMark: 1 });
  }

  isReady(): boolean {
    return !this.#isClosed && this.#controller.desiredSize! > 0;
  }

  get hasRest(): boolean {
    return this.#rest !== undefined;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#rest !== undefined) this.#controller.enqueue(this.#rest);
    this.#rest = bytes;
    this.proceed();
  }

  proceed(): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    const isLast = rest.length <= MAX_PART_SIZE;
    this.#rest = isLast ? undefined : rest.subarray(MAX_PART_SIZE);
    this.#controller.enqueue(isLast ? rest : rest.subarray(0, MAX_PART_SIZE));
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#rest !== undefined) this.#controller.enqueue(this.#rest);
    this.#controller.close();
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Unlike close(), an error drops what is queued.
    this.#controller.error(new DOMException("The viewer took nothing for too long", "AbortError"));
  }
}
