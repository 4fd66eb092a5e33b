import { frameForTcp, TcpFrameReader } from "../../webrtc/ice/tcp_framing.ts";
import type { TransportAddress } from "../../address/transport_address.ts";
import { WebrtcError } from "../../webrtc/webrtc_error.ts";
import { closeQuietly, type Connection, type PeerConn } from "../net/connection_listener.ts";
import { ConnectionWriter } from "../net/connection_writer.ts";
import { isLost } from "../net/lost_connection.ts";
import type { Place } from "../net/places.ts";
import { timeSlice } from "../time_slice.ts";

const READ_BUFFER_SIZE = 2048;

/** How long a connection may take to prove that it belongs to a viewer. */
const PROOF_MS = 10_000;

/** Bytes of handshakes and answers that may wait for a connection; media are never queued. */
const MAX_QUEUED_BYTES = 64 * 1024;

/** What a connection needs of its shard. */
export interface IceTcpEvents {
  /** A frame has come, which is borrowed. */
  readonly received: (frame: Uint8Array, connection: IceTcpConnection) => void;
  readonly closed: (connection: IceTcpConnection) => void;
}

/** A viewer's TCP connection in place of UDP (RFC 6544), with a length before each datagram. */
export class IceTcpConnection implements Connection {
  readonly address: TransportAddress;
  readonly #conn: PeerConn;
  readonly #events: IceTcpEvents;
  readonly #writer: ConnectionWriter;
  readonly #openedAtMs: number;
  readonly #stallMs: number;
  readonly #place: Place;
  /** Called when the connection can take media again. */
  onReady: (() => void) | undefined;
  #isProven = false;
  #queuedBytes = 0;
  #isSending = false;
  #isStopping = false;

  constructor(
    conn: PeerConn,
    events: IceTcpEvents,
    nowMs: number,
    stallMs: number,
    place: Place,
  ) {
    const { hostname, port } = conn.remoteAddr;
    this.address = { transport: "tcp", hostname, port };
    this.#conn = conn;
    this.#events = events;
    this.#writer = new ConnectionWriter(conn);
    this.#openedAtMs = nowMs;
    this.#stallMs = stallMs;
    this.#place = place;
    place.offer(() => this.abort());
  }

  /** Whether media can be given to it: all that it was given before is written. */
  get isReady(): boolean {
    return !this.#isSending;
  }

  async serve(): Promise<void> {
    try {
      this.#conn.setNoDelay();
      await this.#readAll();
    } catch (error) {
      if (!(error instanceof WebrtcError || isLost(error))) throw error;
    } finally {
      closeQuietly(this.#conn);
      this.#events.closed(this);
    }
  }

  enforceTimeouts(nowMs: number): void {
    const { stuckSinceMs } = this.#writer;
    const isStuck = stuckSinceMs !== undefined && nowMs - stuckSinceMs >= this.#stallMs;
    const isStranger = !this.#isProven && nowMs - this.#openedAtMs >= PROOF_MS;
    if (isStuck || isStranger) this.abort();
  }

  /** It belongs to a viewer, as its checks have shown. */
  prove(): void {
    this.#isProven = true;
    this.#place.keep();
  }

  /** Ends behind what waits to be written, which may be that the session is over. */
  stop(): void {
    this.#isStopping = true;
    if (this.#queuedBytes === 0) this.abort();
  }

  abort(): void {
    closeQuietly(this.#conn);
  }

  /** Sends a datagram of its own, such as an answer; dropped if too much waits already. */
  send(datagram: Uint8Array): void {
    if (this.#queuedBytes + datagram.length > MAX_QUEUED_BYTES) return;
    this.#write(frameForTcp(datagram));
  }

  /** Sends media; to be called when it is ready only. The datagrams are copied. */
  sendAll(datagrams: readonly Uint8Array[]): void {
    const length = datagrams.reduce((sum, datagram) => sum + 2 + datagram.length, 0);
    const frames = new Uint8Array(length);
    let at = 0;
    for (const datagram of datagrams) {
      frames[at] = datagram.length >> 8;
      frames[at + 1] = datagram.length;
      frames.set(datagram, at + 2);
      at += 2 + datagram.length;
    }
    this.#isSending = true;
    void this.#write(frames).then(() => {
      this.#isSending = false;
      this.onReady?.();
    });
  }

  async #write(frames: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#queuedBytes += frames.length;
    try {
      await this.#writer.write(frames);
    } catch {
      // The reader sees the same.
      this.abort();
    } finally {
      this.#queuedBytes -= frames.length;
      if (this.#isStopping && this.#queuedBytes === 0) this.abort();
    }
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(READ_BUFFER_SIZE);
    const frames = new TcpFrameReader();
    const share = timeSlice.share("one peer");
    for (;;) {
      const length = await this.#conn.read(buffer);
      if (length === null) return;
      share.begin(performance.now());
      frames.push(buffer.subarray(0, length));
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        this.#events.received(frame, this);
      }
      const pause = share.pause();
      if (pause !== undefined) await pause;
    }
  }
}
