import { getLogger } from "@logtape/logtape";
import { RtmpConnection, type RtmpContext } from "./rtmp_connection.ts";

const logger = getLogger(["sluice", "rtmp"]);

/** One read takes what has come meanwhile: at 10 Mbit/s some 50 ms of a stream. */
const READ_BUFFER_SIZE = 64 * 1024;

/** The pause after an accept that failed for want of something, such as file descriptors. */
const ACCEPT_RETRY_MS = 100;

/** Accepts RTMP connections, as many as the limits allow. */
export class RtmpListener {
  readonly #listener: Deno.TcpListener;
  readonly #context: RtmpContext;
  readonly #connections = new Set<RtmpConnection>();
  readonly #byAddress = new Map<string, number>();
  #isClosed = false;

  /** Listens at once; throws what `Deno.listen` throws. */
  constructor(context: RtmpContext) {
    const { host, rtmpPort, sharesPorts } = context.settings;
    this.#context = context;
    this.#listener = Deno.listen({ hostname: host, port: rtmpPort, reusePort: sharesPorts });
  }

  /** Accepts connections until {@linkcode close}. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#admit(await this.#listener.accept());
      } catch (error) {
        if (this.#isClosed) return;
        logger.error("Cannot accept connections: {error}", { error });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }

  /** Ends connections that take too long. To be called every second or so. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) connection.enforceTimeouts(nowMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.close("closed: the server stops");
  }

  #admit(conn: Deno.TcpConn): void {
    const { settings, counters } = this.#context;
    const { hostname } = conn.remoteAddr;
    const fromAddress = this.#byAddress.get(hostname) ?? 0;
    const refusal = counters.total("rtmpConnections") >= settings.maxRtmpConnections
      ? `there are ${settings.maxRtmpConnections} connections already`
      : fromAddress >= settings.maxRtmpConnectionsPerAddress
      ? `its address has ${settings.maxRtmpConnectionsPerAddress} connections already`
      : undefined;
    if (refusal !== undefined) {
      counters.add("rtmpConnectionsRefused");
      logger.warn("{hostname} refused: {refusal}", { hostname, refusal });
      conn.close();
      return;
    }
    this.#byAddress.set(hostname, fromAddress + 1);
    this.#serve(conn, hostname);
  }

  async #serve(conn: Deno.TcpConn, hostname: string): Promise<void> {
    const { counters } = this.#context;
    counters.add("rtmpConnectionsAccepted");
    counters.add("rtmpConnections");
    conn.setNoDelay();
    const connection = new RtmpConnection(conn, this.#context, performance.now());
    this.#connections.add(connection);
    await connection.serve(new Uint8Array(READ_BUFFER_SIZE));
    this.#connections.delete(connection);
    counters.add("rtmpConnections", -1);
    const left = this.#byAddress.get(hostname)! - 1;
    if (left > 0) this.#byAddress.set(hostname, left);
    else this.#byAddress.delete(hostname);
  }
}
