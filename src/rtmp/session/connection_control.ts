import { MIN_ACKNOWLEDGEMENT_WINDOW, ReceiveWindow, SendWindow } from "../chunk/acknowledgement.ts";
import type { ChunkReader } from "../chunk/reader.ts";
import type { ControlMessage } from "../message/message.ts";
import { PeerBandwidth } from "../message/peer_bandwidth.ts";
import type { SessionCounters } from "./event.ts";
import type { SessionOutput } from "./output.ts";
import { parseUserControl, userControl, type UserControlMessage } from "../message/user_control.ts";

/** What protocol control and user control messages do to one connection (RTMP 5.4, 7.1.7). */
export class ConnectionControl {
  readonly #chunks: ChunkReader;
  readonly #output: SessionOutput;
  readonly #counters: SessionCounters;
  readonly #received = new ReceiveWindow();
  readonly #sent = new SendWindow();
  readonly #bandwidth = new PeerBandwidth();

  constructor(chunks: ChunkReader, output: SessionOutput, counters: SessionCounters) {
    this.#chunks = chunks;
    this.#output = output;
    this.#counters = counters;
  }

  /** Notes bytes from the peer. */
  addReceived(byteCount: number): void {
    this.#received.add(byteCount);
  }

  /** Acknowledges what has come, if that is due. */
  acknowledge(): void {
    const receivedBytes = this.#received.takeAcknowledgement();
    if (receivedBytes !== undefined) this.#output.send({ kind: "acknowledgement", receivedBytes });
  }

  /** Notes bytes sent to the peer. */
  addSent(byteCount: number): void {
    this.#sent.add(byteCount);
  }

  /** Whether media may be sent now; see {@linkcode SendWindow.maySend}. */
  maySend(nowMs: number): boolean {
    return this.#sent.maySend(nowMs);
  }

  /**
   * Does what a control message says.
   *
   * @throws {RtmpError} if a chunk size is out of bounds.
   */
  handle(message: ControlMessage): void {
    switch (message.kind) {
      case "setChunkSize":
        return this.#chunks.setChunkSize(message.size);
      case "abort":
        return this.#chunks.abort(message.chunkStreamId);
      case "acknowledgement":
        return this.#sent.acknowledge(message.receivedBytes);
      case "windowAcknowledgementSize":
        return this.#received.setSize(message.size);
      case "setPeerBandwidth":
        return this.#setBandwidth(message.size, message.limitType);
      case "userControl":
        return this.#onUserControl(message);
    }
  }

  /** Keeps to the limit, and tells the peer to acknowledge that often if it was told otherwise. */
  #setBandwidth(size: number, limitType: number): void {
    this.#bandwidth.set(Math.max(size, MIN_ACKNOWLEDGEMENT_WINDOW), limitType);
    const limit = this.#bandwidth.size;
    if (limit === undefined) return;
    this.#sent.setSize(limit);
    if (limit === this.#output.windowSize) return;
    this.#output.send({ kind: "windowAcknowledgementSize", size: limit });
  }

  #onUserControl(message: UserControlMessage): void {
    const event = parseUserControl(message);
    switch (event.kind) {
      case "pingRequest":
        return this.#output.send(userControl({ ...event, kind: "pingResponse" }));
      case "unknown":
        this.#counters.unknownMessages++;
        return;
      default:
        // What streams of a server do, how much a player buffers: nothing here depends on them.
    }
  }
}
