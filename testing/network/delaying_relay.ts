/** What a relay does to datagrams, either way. */
export interface RelayConditions {
  /** There and back; half of it is spent on each way. */
  readonly roundTripMs: number;
  /** Of all datagrams, lost by chance, 0 to 1. */
  readonly lossFraction: number;
}

/** How often is looked for what is due. */
const TICK_MS = 2;

interface Delayed {
  readonly dueMs: number;
  readonly datagram: Uint8Array;
  readonly isForServer: boolean;
}

/**
 * A way to a UDP port of this machine that takes long and loses datagrams, for one client: it sends to
 * {@linkcode DelayingRelay.port} instead. The kernel of tests cannot delay.
 */
export class DelayingRelay implements Disposable {
  readonly #near: Deno.DatagramConn;
  readonly #far: Deno.DatagramConn;
  readonly #server: Deno.NetAddr;
  #client: Deno.NetAddr | undefined;
  #conditions: RelayConditions;
  /** In the order in which they came, which is that in which they are due. */
  readonly #delayed: Delayed[] = [];
  readonly #ticker: ReturnType<typeof setInterval>;

  /** @param random 0 to 1, as `Math.random` gives it */
  constructor(serverPort: number, conditions: RelayConditions, random: () => number) {
    const any = { transport: "udp", hostname: "127.0.0.1", port: 0 } as const;
    this.#near = Deno.listenDatagram(any);
    this.#far = Deno.listenDatagram(any);
    this.#server = { ...any, port: serverPort };
    this.#conditions = conditions;
    this.#ticker = setInterval(() => this.#passOn(performance.now()), TICK_MS);
    void this.#take(this.#near, true, random);
    void this.#take(this.#far, false, random);
  }

  get port(): number {
    return (this.#near.addr as Deno.NetAddr).port;
  }

  /** From now on, it is another way. */
  change(conditions: Partial<RelayConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  async #take(socket: Deno.DatagramConn, isForServer: boolean, random: () => number) {
    for await (const [datagram, from] of socket) {
      if (isForServer) this.#client = from as Deno.NetAddr;
      const { lossFraction, roundTripMs } = this.#conditions;
      if (random() < lossFraction) continue;
      this.#delayed.push({ dueMs: performance.now() + roundTripMs / 2, datagram, isForServer });
    }
  }

  #passOn(nowMs: number): void {
    while ((this.#delayed[0]?.dueMs ?? Infinity) <= nowMs) {
      const { datagram, isForServer } = this.#delayed.shift()!;
      // One that cannot be sent is lost.
      if (isForServer) this.#far.send(datagram, this.#server).catch(() => {});
      else if (this.#client !== undefined) this.#near.send(datagram, this.#client).catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    this.#near.close();
    this.#far.close();
  }
}
