/** What a relay does to datagrams, either way. */
export interface RelayConditions {
  /** There and back; half of it is spent on each way. */
  readonly roundTripMs: number;
  /** Of all datagrams, lost by chance, 0 to 1. */
  readonly lossFraction: number;
  /** How many are lost one behind the other, on average; by default each by itself. */
  readonly lossRun?: number;
  /** What the way towards the server carries; by default all. */
  readonly kbps?: number;
}

/** What waits for longer where the way is full is lost. */
const MAX_QUEUED_MS = 300;

/** Of IPv4 and UDP. */
const HEADER_BYTES = 28;

/** How often is looked for what is due. */
const TICK_MS = 2;

interface Delayed {
  readonly dueMs: number;
  readonly datagram: Uint8Array;
}

/** Whom a datagram is for. */
type Direction = "server" | "client";

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
  /** Each in the order in which they came, which is that in which they are due. */
  readonly #delayed: Record<Direction, Delayed[]> = { server: [], client: [] };
  /** When the way towards the server has carried what waits for it. */
  #freeAtMs = 0;
  /** Whether the newest datagram was lost. */
  readonly #isLosing: Record<Direction, boolean> = { server: false, client: false };
  readonly #ticker: ReturnType<typeof setInterval>;

  /** @param random 0 to 1, as `Math.random` gives it */
  constructor(serverPort: number, conditions: RelayConditions, random: () => number) {
    const any = { transport: "udp", hostname: "127.0.0.1", port: 0 } as const;
    this.#near = Deno.listenDatagram(any);
    this.#far = Deno.listenDatagram(any);
    this.#server = { ...any, port: serverPort };
    this.#conditions = conditions;
    this.#ticker = setInterval(() => this.#passOn(performance.now()), TICK_MS);
    void this.#take(this.#near, "server", random);
    void this.#take(this.#far, "client", random);
  }

  get port(): number {
    return (this.#near.addr as Deno.NetAddr).port;
  }

  /** From now on, it is another way. */
  change(conditions: Partial<RelayConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  async #take(socket: Deno.DatagramConn, to: Direction, random: () => number) {
    for await (const [datagram, from] of socket) {
      if (to === "server") this.#client = from as Deno.NetAddr;
      if (this.#isLost(to, random)) continue;
      const nowMs = performance.now();
      const carriedMs = to === "server" ? this.#carry(datagram.length, nowMs) : nowMs;
      if (carriedMs === undefined) continue;
      const dueMs = carriedMs + this.#conditions.roundTripMs / 2;
      this.#delayed[to].push({ dueMs, datagram });
    }
  }

  /** One chance after another one's loss, another one else, so that both make the part that is lost. */
  #isLost(to: Direction, random: () => number): boolean {
    const { lossFraction, lossRun = 1 / (1 - lossFraction) } = this.#conditions;
    const toLose = lossFraction / (lossRun * (1 - lossFraction));
    const isLost = random() < (this.#isLosing[to] ? 1 - 1 / lossRun : toLose);
    this.#isLosing[to] = isLost;
    return isLost;
  }

  /** When the way has carried a datagram; `undefined` if too much waits before it. */
  #carry(bytes: number, nowMs: number): number | undefined {
    const { kbps = Infinity } = this.#conditions;
    const beginMs = Math.max(this.#freeAtMs, nowMs);
    if (beginMs - nowMs > MAX_QUEUED_MS) return undefined;
    this.#freeAtMs = beginMs + (bytes + HEADER_BYTES) * 8 / kbps;
    return this.#freeAtMs;
  }

  #passOn(nowMs: number): void {
    const { server, client } = this.#delayed;
    // One that cannot be sent is lost.
    while ((server[0]?.dueMs ?? Infinity) <= nowMs) {
      this.#far.send(server.shift()!.datagram, this.#server).catch(() => {});
    }
    while ((client[0]?.dueMs ?? Infinity) <= nowMs) {
      const { datagram } = client.shift()!;
      if (this.#client !== undefined) this.#near.send(datagram, this.#client).catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    this.#near.close();
    this.#far.close();
  }
}
