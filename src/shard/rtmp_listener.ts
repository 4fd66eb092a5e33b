import { getLogger } from "@logtape/logtape";
import type { ShardSettings } from "./messages.ts";
import { RepeatLog } from "./repeat_log.ts";
import { RtmpConnection, type RtmpContext } from "./rtmp_connection.ts";

const logger = getLogger(["sluice", "rtmp"]);

/** One read takes what has come meanwhile: at 10 Mbit/s some 50 ms of a stream. */
const READ_BUFFER_SIZE = 64 * 1024;

/** The pause after an accept that failed for want of something, such as file descriptors. */
const ACCEPT_RETRY_MS = 100;

/** What a listener does for {@linkcode RtmpListener}. */
export type ConnectionSource = Pick<Deno.TcpListener, "accept" | "close">;

/** Accepts RTMP connections, as many as the limits allow. */
export class RtmpListener {
  readonly #listener: ConnectionSource;
  readonly #context: RtmpContext;
  readonly #connections = new Set<RtmpConnection>();
  readonly #byAddress = new Map<string, number>();
  readonly #repeats = new RepeatLog();
  #isClosed = false;

  /**
   * Listens at once; throws what `Deno.listen` throws.
   *
   * @param listener where connections come from, by default the host and port of the settings
   */
  constructor(context: RtmpContext, listener: ConnectionSource = listen(context.settings)) {
    this.#context = context;
    this.#listener = listener;
  }

  /** Accepts connections until {@linkcode close}. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#admit(await this.#listener.accept());
      } catch (error) {
        if (!this.#isClosed) await this.#onAcceptError(error);
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

  async #onAcceptError(error: unknown): Promise<void> {
    if (isConnectionLost(error)) return this.#context.counters.add("rtmpConnectionsAborted");
    const count = this.#repeats.note("accept error", performance.now());
    if (count !== undefined) {
      logger.error("Cannot accept connections: {error} ({count} so far)", { error, count });
    }
    await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
  }

  #admit(conn: Deno.TcpConn): void {
    const { settings, counters } = this.#context;
    const { hostname } = conn.remoteAddr;
    const refusal = counters.total("rtmpConnections") >= settings.maxRtmpConnections
      ? `there are ${settings.maxRtmpConnections} connections already`
      : this.#countOf(hostname) >= settings.maxRtmpConnectionsPerAddress
      ? `its address has ${settings.maxRtmpConnectionsPerAddress} connections already`
      : undefined;
    if (refusal === undefined) {
      this.#serve(new RtmpConnection(conn, this.#context, performance.now()), hostname);
    } else {
      this.#noteRefusal(hostname, refusal);
      conn.close();
    }
  }

  #noteRefusal(hostname: string, refusal: string): void {
    this.#context.counters.add("rtmpConnectionsRefused");
    const count = this.#repeats.note(refusal, performance.now());
    if (count === undefined) return;
    logger.warn("{hostname} refused: {refusal} ({count} so far)", { hostname, refusal, count });
  }

  async #serve(connection: RtmpConnection, hostname: string): Promise<void> {
    const { counters } = this.#context;
    counters.add("rtmpConnectionsAccepted");
    counters.add("rtmpConnections");
    this.#byAddress.set(hostname, this.#countOf(hostname) + 1);
    this.#connections.add(connection);
    try {
      await connection.serve(new Uint8Array(READ_BUFFER_SIZE));
    } catch (error) {
      // A defect of ours: nobody awaits this, and one connection must not end the shard.
      logger.error("Cannot serve {hostname}: {error}", { hostname, error });
    } finally {
      this.#connections.delete(connection);
      counters.add("rtmpConnections", -1);
      const left = this.#countOf(hostname) - 1;
      if (left > 0) this.#byAddress.set(hostname, left);
      else this.#byAddress.delete(hostname);
    }
  }

  #countOf(hostname: string): number {
    return this.#byAddress.get(hostname) ?? 0;
  }
}

function listen({ host, rtmpPort, sharesPorts }: ShardSettings): Deno.TcpListener {
  return Deno.listen({ hostname: host, port: rtmpPort, reusePort: sharesPorts });
}

/** Whether a peer was gone before its connection was accepted: the next one may be there already. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}
