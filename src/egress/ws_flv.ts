import type { ViewerSink } from "./flv_audience.ts";

/** RFC 6455 7.4.1 */
const CLOSE_NORMAL = 1000;
/** RFC 6455 7.4.1: a message too big. */
const CLOSE_TOO_BIG = 1009;
/** RFC 6455 7.4.1, registered later: try again later. */
const CLOSE_TRY_AGAIN = 1013;

/** Viewers have nothing to say; some players greet. */
const MAX_MESSAGE_LENGTH = 1024;

/** A viewer over WebSocket: every message holds whole FLV tags, the first one the header too. */
export class WsFlvSink implements ViewerSink {
  /** Messages hold whole tags. */
  readonly hasRest = false;
  readonly #socket: WebSocket;

  /**
   * @param socket an accepted socket, which may still be opening
   * @param onOpen called when the socket is open and can be sent to
   * @param onClose called once when the viewer goes away
   */
  constructor(socket: WebSocket, onOpen: () => void, onClose: () => void) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", onOpen);
    socket.addEventListener("close", onClose);
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const length = typeof data === "string" ? data.length : data.byteLength;
      if (length > MAX_MESSAGE_LENGTH) socket.close(CLOSE_TOO_BIG, "viewers have nothing to send");
    });
    // An error is followed by a close; without a listener it would end the thread.
    socket.addEventListener("error", (event) => event.preventDefault());
  }

  isReady(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && this.#socket.bufferedAmount === 0;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  /** Holds nothing back. */
  proceed(): void {}

  end(): void {
    this.#socket.close(CLOSE_NORMAL);
  }

  abort(): void {
    this.#socket.close(CLOSE_TRY_AGAIN, "took nothing for too long");
  }
}
