import type { SlowWriter } from "./slow_writers.ts";
import {
  type Accepted,
  closeQuietly,
  type Connect,
  type Connection,
  type PeerConn,
} from "./connection_listener.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { ServingCertificate } from "./serving_certificate.ts";
import type { RepeatLog } from "./repeat_log.ts";
import { plainProtocolOf } from "../../tls/first_bytes.ts";
import { TlsConn } from "./tls_conn.ts";
import { timeSlice } from "../time_slice.ts";

/** A client's hello fits, and the rest of what it has sent is read by the engine. */
const FIRST_READ_SIZE = 2048;

/** What a handshake costs its thread, most of it where no clock of ours is. */
const HANDSHAKE_MS = 1;

/** What the TLS connections of one port have in common. */
export interface TlsPort {
  readonly certificate: Pick<ServingCertificate, "context">;
  /** Names of RFC 7301 that are offered. */
  readonly alpnProtocols: readonly string[];
  /** What a peer is told that speaks the same without TLS; nothing if it could not read it. */
  readonly plainAnswer: Uint8Array<ArrayBuffer> | undefined;
  /** From the accept to the end of the handshake. */
  readonly handshakeMs: number;
  readonly counters: Counters;
  readonly repeats: RepeatLog;
  /** Serves what is inside. */
  readonly connect: Connect;
}

/**
 * A connection that begins with a TLS handshake, and then is one of the protocol inside.
 *
 * A peer that says nothing costs no more than a socket: the engine is made for the first bytes.
 */
export class TlsConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #port: TlsPort;
  readonly #openedAtMs: number;
  readonly #accepted: Accepted;
  #secured: TlsConn | undefined;
  /** What is served inside, once the handshake is done. */
  #inner: Connection | undefined;
  /** Why it was ended from outside before that. */
  #endReason: "timeout" | "stop" | undefined;

  constructor(conn: PeerConn, port: TlsPort, nowMs: number, accepted: Accepted) {
    this.#conn = conn;
    this.#accepted = accepted;
    accepted.place.offer(() => this.stop());
    this.#port = port;
    this.#openedAtMs = nowMs;
  }

  get writer(): SlowWriter | undefined {
    return this.#inner?.writer;
  }

  /** Never throws for what the peer does in its handshake; then as the connection inside does. */
  async serve(): Promise<void> {
    try {
      await this.#handshake();
    } catch (error) {
      this.#onFailure(error);
      this.#end();
      return;
    }
    if (this.#secured === undefined || this.#endReason !== undefined) return this.#end();
    this.#port.counters.add("tlsHandshakes");
    const accepted = { ...this.#accepted, isSecure: true };
    this.#inner = this.#port.connect(this.#secured, performance.now(), accepted);
    await this.#inner.serve();
  }

  enforceTimeouts(nowMs: number): void {
    if (this.#inner !== undefined) return this.#inner.enforceTimeouts(nowMs);
    const { handshakeMs, counters } = this.#port;
    if (this.#endReason !== undefined || nowMs - this.#openedAtMs < handshakeMs) return;
    counters.add("tlsTimeouts");
    this.#note("no TLS handshake in time");
    this.#endReason = "timeout";
    this.#end();
  }

  drain(): void {
    this.#inner?.drain?.();
  }

  stop(): void {
    if (this.#inner !== undefined) return this.#inner.stop();
    this.#endReason ??= "stop";
    this.#end();
  }

  abort(): void {
    if (this.#inner !== undefined) return this.#inner.abort();
    this.stop();
  }

  /** Leaves nothing secured if the peer has gone, or speaks no TLS. */
  async #handshake(): Promise<void> {
    this.#conn.setNoDelay();
    const buffer = new Uint8Array(FIRST_READ_SIZE);
    const length = await this.#conn.read(buffer);
    // Whoever looks whether the port is open, as a load balancer does, is no failure.
    if (length === null) return;
    const firstBytes = buffer.subarray(0, length);
    const plain = plainProtocolOf(firstBytes);
    if (plain !== undefined) return await this.#refusePlain(plain);
    const share = timeSlice.share("one peer");
    share.begin(performance.now() - HANDSHAKE_MS);
    const pause = share.pause();
    if (pause !== undefined) await pause;
    if (this.#endReason !== undefined) return;
    const { certificate: { context }, alpnProtocols } = this.#port;
    this.#secured = new TlsConn(this.#conn, firstBytes, { context, alpnProtocols });
    await this.#secured.handshake();
  }

  async #refusePlain(plain: string): Promise<void> {
    this.#port.counters.add("tlsHandshakesFailed");
    this.#note(`it does not speak TLS: what it sent is ${plain}`);
    const { plainAnswer } = this.#port;
    if (plainAnswer === undefined || plain !== "plain HTTP") return;
    // Into an empty socket this small answer fits whole, or the peer is gone.
    await this.#conn.write(plainAnswer).catch(() => {});
  }

  #onFailure(error: unknown): void {
    if (this.#endReason !== undefined) return;
    this.#port.counters.add("tlsHandshakesFailed");
    this.#note("the TLS handshake failed", error instanceof Error ? error.message : `${error}`);
  }

  /** @param detail not part of the kind by which repeats are counted: peers may choose it */
  #note(kind: string, detail?: string): void {
    const count = this.#port.repeats.note(kind, performance.now());
    if (count === undefined) return;
    this.#accepted.log.warn("{peer} closed: {reason} ({count} so far)", {
      reason: detail === undefined ? kind : `${kind}: ${detail}`,
      count,
    });
  }

  #end(): void {
    if (this.#secured === undefined) closeQuietly(this.#conn);
    else this.#secured.close();
  }
}
