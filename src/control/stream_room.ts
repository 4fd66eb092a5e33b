import { howMany } from "../bytes/how_many.ts";
import { AddressRate } from "../address/address_rate.ts";
import type { StreamPublisher } from "../shard/live/publish_decision.ts";

/** How many streams there may be. */
export interface RoomLimits {
  readonly maxStreams: number;
  /** Of one publisher's address, or IPv6 network. */
  readonly maxStreamsPerAddress: number;
}

/** A stream, as far as it takes up room. */
export interface PlacedStream {
  /** Shard of the publisher; `undefined` while waiting for one. */
  readonly origin: number | undefined;
  readonly publisher: Partial<StreamPublisher>;
  /** When it lost its publisher last. */
  readonly waitingSinceMs: number;
}

/** Whether there is room for a publisher: in all, of its address, and of its key or token. */
export class StreamRoom {
  #limits: RoomLimits;
  /** To open a stream costs all shards something, and it is gone as soon as nothing is sent. */
  #openingRate: AddressRate;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
    this.#openingRate = new AddressRate(limits.maxStreamsPerAddress);
  }

  /** From now on, so many streams may be there; those that are there stay. */
  limit(limits: RoomLimits): void {
    this.#limits = limits;
    this.#openingRate = new AddressRate(limits.maxStreamsPerAddress);
  }

  /**
   * Finds room for a publisher's stream.
   *
   * @param all streams that there are
   * @param known the publisher's, if it is among them and waits
   * @returns those that are to give way, which wait for a publisher; or why there is no room
   */
  find<Stream extends PlacedStream>(
    all: readonly Stream[],
    known: Stream | undefined,
    publisher: Partial<StreamPublisher>,
    nowMs: number,
  ): readonly Stream[] | string {
    const many = subjectRefusal(all, publisher);
    if (many !== undefined) return many;
    const { network } = publisher;
    if (known !== undefined && known.publisher.network === network) return [];
    if (network !== undefined && !this.#openingRate.take(network, nowMs)) {
      return "Your address has begun too many streams: try again in some seconds.";
    }
    const { maxStreams, maxStreamsPerAddress } = this.#limits;
    const others = all.filter((stream) => stream !== known);
    const own = others.filter((stream) => stream.publisher.network === network);
    const spared: Stream[] = [];
    if (network !== undefined && own.length >= maxStreamsPerAddress) {
      const spare = spareStream(own);
      if (spare === undefined) {
        return `Your address may have up to ${howMany(maxStreamsPerAddress, "streams")}.`;
      }
      spared.push(spare);
    }
    if (known === undefined && all.length - spared.length >= maxStreams) {
      const spare = spareStream(others.filter((stream) => !spared.includes(stream)));
      if (spare === undefined) return `There may be up to ${howMany(maxStreams, "streams")}.`;
      spared.push(spare);
    }
    return spared;
  }
}

function subjectRefusal(
  all: readonly PlacedStream[],
  { subject, maxPublishers }: Partial<StreamPublisher>,
): string | undefined {
  if (subject === undefined || maxPublishers === undefined) return undefined;
  const own = all.filter(({ origin, publisher }) =>
    origin !== undefined && publisher.subject === subject
  );
  return own.length < maxPublishers
    ? undefined
    : `You may publish up to ${howMany(maxPublishers, "streams")} at a time.`;
}

/**
 * The stream that can best be spared of those that wait for a publisher: of the address that has
 * most streams, the one that has waited longest. `undefined` if none waits.
 */
function spareStream<Stream extends PlacedStream>(streams: readonly Stream[]): Stream | undefined {
  const byNetwork = Map.groupBy(streams, ({ publisher }) => publisher.network);
  const held = ({ publisher }: Stream) => byNetwork.get(publisher.network)!.length;
  return streams.filter(({ origin }) => origin === undefined)
    .sort((one, other) => held(other) - held(one) || one.waitingSinceMs - other.waitingSinceMs)[0];
}
