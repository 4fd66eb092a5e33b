import type { ConnectionSource } from "../../../src/shard/net/connection_listener.ts";

/** A listener on a free port that counts what its connections read of their sockets. */
export class CountingSource implements ConnectionSource {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  bytesRead = 0;

  get port(): number {
    return this.#listener.addr.port;
  }

  async accept(): Promise<Deno.TcpConn> {
    const conn = await this.#listener.accept();
    const read = conn.read.bind(conn);
    conn.read = async (buffer) => {
      const length = await read(buffer);
      this.bytesRead += length ?? 0;
      return length;
    };
    return conn;
  }

  close(): void {
    this.#listener.close();
  }
}
