import { type SecureContext, TLSSocket } from "node:tls";
import { closeQuietly, type PeerConn } from "./connection_listener.ts";
import { TlsTransport } from "./tls_transport.ts";

/** What one write encrypts at most: progress is told as often as that, as a socket would. */
const MAX_WRITE_SIZE = 64 * 1024;

/** What a server offers. */
export interface TlsOffer {
  readonly context: SecureContext;
  /** Names of RFC 7301, of which the client must know one if it names any; none are none. */
  readonly alpnProtocols: readonly string[];
}

/**
 * TLS on an accepted TCP connection: what is read and written is plain, what the peer sees is not.
 *
 * `Deno.TlsConn` is not used, for it cannot be ended by its server: after `close`, the socket of a
 * peer that stops in the middle of its handshake, or takes nothing, stays open until the peer ends it.
 * Here the TCP connection is ours, and closing it is the end.
 */
export class TlsConn implements PeerConn {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #conn: PeerConn;
  readonly #transport: TlsTransport;
  readonly #socket: TLSSocket;
  readonly #secured = Promise.withResolvers<void>();
  /** What was decrypted and not read yet. */
  #rest: Uint8Array = new Uint8Array();
  #isSecure = false;
  #isAtEnd = false;
  #failure: Error | undefined;
  /** Wakes the read that waits. */
  #wake: (() => void) | undefined;
  /** Fails the write that waits. */
  #failWrite: ((error: Error) => void) | undefined;

  /** @param firstBytes what was read of `conn` before; it is kept */
  constructor(
    conn: PeerConn,
    firstBytes: Uint8Array<ArrayBuffer>,
    { context, alpnProtocols }: TlsOffer,
  ) {
    this.#conn = conn;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
    this.#transport = new TlsTransport(conn, firstBytes);
    this.#socket = new TLSSocket(this.#transport, {
      isServer: true,
      secureContext: context,
      ...(alpnProtocols.length === 0 ? {} : { ALPNProtocols: [...alpnProtocols] }),
    });
    // Of these, the engine does not tell in the middle of a handshake.
    this.#transport.on("error", (error) => this.#onEngineError(error));
    this.#transport.on("end", () => this.#onTransportEnd());
    this.#socket.on("secure", () => this.#onSecure());
    this.#socket.on("readable", () => this.#wake?.());
    this.#socket.on("end", () => {
      this.#isAtEnd = true;
      this.#wake?.();
    });
    this.#socket.on("error", (error) => this.#onEngineError(error));
    this.#socket.on("close", () => {
      this.#fail(new Deno.errors.ConnectionReset("the connection is closed"));
    });
    this.#secured.promise.catch(() => {});
  }

  /** Resolves when both sides have proven their keys; rejects if that fails, or at {@linkcode close}. */
  handshake(): Promise<void> {
    return this.#secured.promise;
  }

  /** Fills `buffer` as far as there is something; `null` at the end. One at a time. */
  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#rest.length > 0) return this.#takeRest(buffer);
      const piece = this.#failure === undefined ? this.#socket.read() as Uint8Array | null : null;
      if (piece !== null) {
        this.#rest = piece;
        continue;
      }
      if (this.#isAtEnd) return null;
      if (this.#failure !== undefined) throw this.#failure;
      this.#transport.want();
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
      this.#transport.hold();
    }
  }

  /** Resolves when the kernel has what was taken of `bytes`; they must not change before. */
  write(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (this.#failure !== undefined) {
      reject(this.#failure);
      return promise;
    }
    const taken = bytes.length > MAX_WRITE_SIZE ? bytes.subarray(0, MAX_WRITE_SIZE) : bytes;
    this.#failWrite = reject;
    this.#socket.write(taken, (error) => {
      if (error) reject(this.#failure ?? new Deno.errors.ConnectionReset(error.message));
      else resolve(taken.length);
    });
    return promise;
  }

  /** Tells the peer that nothing more comes; what it sends can still be read. */
  closeWrite(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#failure !== undefined) {
      reject(this.#failure);
      return promise;
    }
    this.#failWrite = reject;
    this.#socket.end(() => resolve());
    return promise;
  }

  setNoDelay(): void {
    this.#conn.setNoDelay();
  }

  /** Ends the connection at once: what waits to be read or written is lost, and rejects. */
  close(): void {
    this.#fail(new Deno.errors.Interrupted("the connection was closed"));
    closeQuietly(this.#conn);
    this.#socket.destroy();
  }

  #takeRest(buffer: Uint8Array): number {
    const length = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return length;
  }

  #onSecure(): void {
    this.#isSecure = true;
    this.#transport.hold();
    this.#secured.resolve();
  }

  /** Errors of node's kind become one of those that users of a socket know. */
  #onEngineError(error: Error): void {
    this.#fail(new Deno.errors.ConnectionReset(error.message));
  }

  #onTransportEnd(): void {
    if (!this.#isSecure) this.#fail(new Deno.errors.UnexpectedEof("the peer ended the handshake"));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#secured.reject(this.#failure);
    this.#failWrite?.(this.#failure);
    this.#wake?.();
  }
}
