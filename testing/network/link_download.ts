import { shareNarrowLink } from "./narrow_link.ts";

/** Somebody else's connection over the same link, which takes all that it can. */
export class LinkDownload implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #conn: Deno.Conn | undefined;
  /** What has come so far. */
  bytes = 0;

  constructor() {
    shareNarrowLink({ protocol: "tcp", port: this.#listener.addr.port });
    void this.#serve();
    void this.#read();
  }

  async #serve(): Promise<void> {
    const conn = await this.#listener.accept();
    const piece = new Uint8Array(16 * 1024);
    // Until the reader is gone.
    while (await conn.write(piece).catch(() => 0) > 0);
    conn.close();
  }

  async #read(): Promise<void> {
    this.#conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port });
    const piece = new Uint8Array(64 * 1024);
    for (;;) {
      const length = await this.#conn.read(piece).catch(() => null);
      if (length === null) return;
      this.bytes += length;
    }
  }

  [Symbol.dispose](): void {
    this.#conn?.close();
    this.#listener.close();
  }
}
