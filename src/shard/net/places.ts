import { howMany } from "../../bytes/how_many.ts";
import type { AddressCounts } from "./address_counts.ts";
import { addressSource } from "../../address/address_source.ts";
import type { CounterName, Counters } from "../../metrics/counters.ts";
import { Newcomers } from "./newcomers.ts";
import type { NetworkList } from "../../address/network_list.ts";

/** What makes places of one kind. */
export interface PlacesOptions {
  /** What takes them, for messages: "connections". */
  readonly what: string;
  /** In all, over all shards. */
  readonly max: number;
  /** Of one address or IPv6 network, over all shards. Proxies may have as many as there are. */
  readonly maxPerAddress: number;
  readonly gauge: CounterName;
  readonly counts: AddressCounts;
  readonly counters: Counters;
  readonly proxies: NetworkList;
  /**
   * Whether an address is not proven yet when it takes one: then its own oldest gives way to a newcomer
   * where it has all that it may have, as somebody else may have taken them in its name.
   */
  readonly isUnproven?: boolean;
}

/** Why there is no place. */
export interface Refusal {
  /** Whether all places are taken, or all that the address may have. */
  readonly scope: "all" | "address";
  /** For the log and the peer alike: "one address may have up to 50 viewers". */
  readonly reason: string;
}

/**
 * Places that peers take: so many in all, and so many for each address.
 *
 * When all are taken, the newcomer gets that of one who has not shown yet that it needs it, if there
 * is one on this shard: the oldest of the address that has most of them. So whoever wants to take
 * all places for himself takes them from himself.
 */
export class Places {
  #options: PlacesOptions;
  readonly #loose = new Newcomers<Place>();
  /** What all of its places have in common. */
  readonly #book: PlaceBook = {
    count: (hostname, change) => this.#count(hostname, change),
    refusal: (hostname) => this.#addressRefusal(hostname),
    makeRoom: (hostname) => {
      if (this.#options.isUnproven && this.#addressRefusal(hostname) !== undefined) {
        this.#loose.firstOf(addressSource(hostname))?.giveWay();
      }
      return this.#addressRefusal(hostname) ?? this.#makeRoom();
    },
    offer: (place) => {
      // What a proxy has is not one peer's.
      const isProxy = this.#options.proxies.has(place.hostname);
      if (!isProxy) this.#loose.add(place.source, place);
      return !isProxy;
    },
    keep: (place) => this.#loose.remove(place.source, place),
  };

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** From now on, there are so many; who has one keeps it. */
  limit({ max, maxPerAddress }: Pick<PlacesOptions, "max" | "maxPerAddress">): void {
    this.#options = { ...this.#options, max, maxPerAddress };
  }

  /** Takes a place for an address; returns why there is none otherwise. */
  take(hostname: string): Place | Refusal {
    return this.#book.makeRoom(hostname) ?? new Place(hostname, this.#book);
  }

  /** Why an address would not get a place now. */
  refusal(hostname: string): Refusal | undefined {
    return this.#addressRefusal(hostname) ??
      (this.#isFull() && this.#loose.first === undefined ? this.#fullRefusal() : undefined);
  }

  /** Has one who has not shown that it needs its place give it up; tells whether there was one. */
  giveUpOne(): boolean {
    const place = this.#loose.first;
    place?.giveWay();
    return place !== undefined;
  }

  #count(hostname: string, change: 1 | -1): void {
    const { counters, counts, gauge } = this.#options;
    counters.add(gauge, change);
    if (change > 0) counts.add(hostname);
    else counts.remove(hostname);
  }

  #addressRefusal(hostname: string): Refusal | undefined {
    const { what, maxPerAddress, counts, proxies } = this.#options;
    if (counts.of(hostname) < maxPerAddress || proxies.has(hostname)) return undefined;
    const most = howMany(maxPerAddress, what);
    return { scope: "address", reason: `one address may have up to ${most}` };
  }

  #makeRoom(): Refusal | undefined {
    return this.#isFull() && !this.giveUpOne() ? this.#fullRefusal() : undefined;
  }

  #isFull(): boolean {
    return this.#options.counters.total(this.#options.gauge) >= this.#options.max;
  }

  #fullRefusal(): Refusal {
    const { max, what } = this.#options;
    return { scope: "all", reason: `there may be up to ${howMany(max, what)}` };
  }
}

interface PlaceBook {
  readonly count: (hostname: string, change: 1 | -1) => void;
  /** Why an address cannot have another one. */
  readonly refusal: (hostname: string) => Refusal | undefined;
  /** The same, after others have given way. */
  readonly makeRoom: (hostname: string) => Refusal | undefined;
  /** Tells whether it is offered now. */
  readonly offer: (place: Place) => boolean;
  readonly keep: (place: Place) => void;
}

/** A place that a peer has, until it leaves it. */
export class Place {
  readonly #book: PlaceBook;
  #hostname: string;
  /** {@linkcode addressSource} of it, once it was asked for: each request does. */
  #source: string | undefined;
  #isTaken = true;
  /** What is called when another one takes it; `undefined` if nobody can. */
  #giveWay: (() => void) | undefined;

  constructor(hostname: string, book: PlaceBook) {
    this.#hostname = hostname;
    this.#book = book;
    book.count(hostname, 1);
  }

  /** Whom it counts for. */
  get hostname(): string {
    return this.#hostname;
  }

  /** Whom that address belongs to. */
  get source(): string {
    return this.#source ??= addressSource(this.#hostname);
  }

  /** Others may have it when there is none left; `giveWay` is called then. */
  offer(giveWay: () => void): void {
    if (this.#isTaken && this.#book.offer(this)) this.#giveWay = giveWay;
  }

  /** It is needed: nobody else can have it. */
  keep(): void {
    if (this.#giveWay === undefined) return;
    this.#giveWay = undefined;
    this.#book.keep(this);
  }

  /** Leaves it to another, and tells its owner. */
  giveWay(): void {
    const giveWay = this.#giveWay;
    this.leave();
    giveWay?.();
  }

  /** From here on it counts for another address, as a proxy says; or returns why it does not. */
  rename(hostname: string): Refusal | undefined {
    if (hostname === this.#hostname || !this.#isTaken) return undefined;
    const refusal = this.#book.refusal(hostname);
    if (refusal !== undefined) return refusal;
    const giveWay = this.#giveWay;
    this.keep();
    this.#book.count(this.#hostname, -1);
    this.#hostname = hostname;
    this.#source = undefined;
    this.#book.count(hostname, 1);
    if (giveWay !== undefined) this.offer(giveWay);
    return undefined;
  }

  leave(): void {
    if (!this.#isTaken) return;
    this.keep();
    this.#isTaken = false;
    this.#book.count(this.#hostname, -1);
  }

  /** Takes a place again after {@linkcode leave}; or returns why there is none. */
  retake(): Refusal | undefined {
    if (this.#isTaken) return undefined;
    const refusal = this.#book.makeRoom(this.#hostname);
    if (refusal !== undefined) return refusal;
    this.#isTaken = true;
    this.#book.count(this.#hostname, 1);
    return undefined;
  }
}
