import type {
  AccessDecision,
  AccessProtocol,
  AccessRequest,
  Allowed,
} from "../../access/access.ts";
import type { Counters } from "../../metrics/counters.ts";

/** How somebody fares who watches or publishes; `null` is what cannot be known, or not yet. */
export interface ClientMeasures {
  /** Of media: sent to a viewer, come from a publisher. */
  readonly bytes: number;
  /** How far what it is sent is behind the stream. */
  readonly lagMs: number | null;
  /** How often a viewer went on at a later picture, as what it was to be sent was gone. */
  readonly jumps: number;
  readonly roundTripMs: number | null;
  /** Of the packets between its last two reports, 0 to 1. */
  readonly lossFraction: number | null;
  readonly packetsLost: number | null;
  /** What it is sent of the pictures: "all" but over a link that does not carry them. */
  readonly quality: string | null;
  /** What its link is believed to carry, in bits a second, where that is less than without limit. */
  readonly estimatedBps: number | null;
}

/** Somebody who watches or publishes, as the API tells of him. */
export interface ClientDescription extends ClientMeasures {
  /** The same in the log; no other client of the gateway has it. */
  readonly id: string;
  readonly action: "play" | "publish";
  readonly protocol: AccessProtocol;
  /** Application and name of the stream. */
  readonly path: string;
  /** IP address, behind trusted proxies. */
  readonly address: string;
  readonly port: number;
  readonly shard: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly userAgent: string | null;
  /** Of media, over some thirty seconds. */
  readonly kbps: number;
  /** What let it in, without a secret. */
  readonly decidedBy: string;
  /** Id of the key, token or rule that it came with. */
  readonly subject: string | null;
}

/** A question that was answered with yes. */
export interface Admission {
  readonly asked: AccessRequest;
  readonly allowed: Allowed;
  /** When it was asked, by `performance.now`. */
  readonly askedAtMs: number;
  /** Application and name of the stream that it came to. */
  readonly path: string;
}

/** Whoever watches or publishes, as long as it does. */
export interface Client {
  readonly id: string;
  readonly admission: Admission;
  describe(): ClientDescription;
  /** Its question was answered anew: it goes on by this answer, or ends. Tells whether it goes on. */
  reconsider(decision: AccessDecision): boolean;
  /** Ends it at once, or within a second. */
  end(reason: string): void;
}

/** Somebody has come, or has gone for a reason. */
export interface ClientChange {
  readonly client: Client;
  readonly why?: string;
}

/**
 * All who watch or publish on a shard, in the order of their coming.
 *
 * Their ids begin with the number of the shard, so that whoever asks knows which one to turn to.
 */
export class Clients {
  readonly #byId = new Map<string, Client>();
  readonly #counters: Counters;
  readonly #changed: (change: ClientChange) => void;
  /** Those who have come since the last {@linkcode Clients.change} by an answer from before it. */
  readonly #late = new Set<Client>();
  #changedAtMs = -Infinity;
  #emptied: (() => void) | undefined;

  /** @param changed is told who comes, and who goes and why */
  constructor(counters: Counters, changed: (change: ClientChange) => void = () => {}) {
    this.#counters = counters;
    this.#changed = changed;
  }

  add(client: Client): void {
    this.#byId.set(client.id, client);
    this.#counters.add("clients");
    this.#changed({ client });
    if (client.admission.askedAtMs <= this.#changedAtMs) this.#late.add(client);
  }

  /** @param why as the log tells it */
  remove(client: Client, why: string): void {
    if (this.#byId.get(client.id) !== client) return;
    this.#byId.delete(client.id);
    this.#late.delete(client);
    this.#counters.add("clients", -1);
    this.#changed({ client, why });
    if (this.#byId.size === 0) this.#emptied?.();
  }

  /** Resolves when nobody is there any more, or after that time. */
  async gone(limitMs: number): Promise<void> {
    if (this.#byId.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
  }

  /** So many of them, from the one at `begin` on. */
  some(begin: number, count: number): Client[] {
    return [...this.#byId.values().drop(begin).take(count)];
  }

  /**
   * All that there are now. From now on, others may: whoever comes by an older answer is late.
   *
   * @param nowMs by `performance.now`
   */
  change(nowMs: number): readonly Client[] {
    this.#changedAtMs = nowMs;
    this.#late.clear();
    return [...this.#byId.values()];
  }

  /** Those who were late since this was called last. */
  takeLate(): readonly Client[] {
    const late = [...this.#late];
    this.#late.clear();
    return late;
  }

  byId(id: string): Client | undefined {
    return this.#byId.get(id);
  }
}
