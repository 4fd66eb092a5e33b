import type { ViewerSink } from "./flv_audience.ts";

/** The body of an HTTP-FLV response: a stream that is pushed to while its reader keeps up. */
export class HttpFlvSink implements ViewerSink {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
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

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#controller.enqueue(bytes);
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#controller.close();
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Unlike close(), an error drops what is queued.
    this.#controller.error(new DOMException("The viewer took nothing for too long", "AbortError"));
  }
}
