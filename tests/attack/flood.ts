import type { FloodCounts, FloodOrder } from "./flood_worker.ts";

/** Peers that send the same over and over at full speed, until it is disposed of. */
export class Flood implements Disposable {
  readonly #worker: Worker;

  private constructor(order: FloodOrder) {
    const url = new URL("./flood_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module", name: "flood" });
    this.#worker.postMessage(order);
  }

  /** Over TCP: each peer sends its opening, and then the payload. */
  static overTcp(
    port: number,
    { openings, payload, answerBytes = 0 }: {
      readonly openings: readonly Uint8Array<ArrayBuffer>[];
      readonly payload: Uint8Array<ArrayBuffer>;
      readonly answerBytes?: number;
    },
  ): Flood {
    const hostname = "127.0.0.1";
    return new Flood({ hostname, port, transport: "tcp", openings, payload, answerBytes });
  }

  /** One datagram, from as many sockets as there are peers. */
  static overUdp(port: number, payload: Uint8Array<ArrayBuffer>, peers: number): Flood {
    const openings = Array.from({ length: peers }, () => new Uint8Array(0));
    const order = { hostname: "127.0.0.1", port, transport: "udp", openings, payload } as const;
    return new Flood({ ...order, answerBytes: 0 });
  }

  /** Connections that are begun and ended at once, as many at a time as there are peers. */
  static ofConnections(port: number, peers: number): Flood {
    const openings = Array.from({ length: peers }, () => new Uint8Array(0));
    const payload = new Uint8Array(0);
    const order = { hostname: "127.0.0.1", port, transport: "connections" } as const;
    return new Flood({ ...order, openings, payload, answerBytes: 0 });
  }

  /** What became of it so far. */
  counts(): Promise<FloodCounts> {
    const { promise, resolve } = Promise.withResolvers<FloodCounts>();
    this.#worker.addEventListener(
      "message",
      ({ data }: MessageEvent<FloodCounts>) => resolve(data),
      { once: true },
    );
    this.#worker.postMessage("counts");
    return promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
