import type { StreamPublisher } from "../shard/live/publish_decision.ts";
import type { StreamEntry } from "../shard/live/stream_entry.ts";

/** What a stream is chosen by that is to make room. */
export interface SparableStream {
  readonly publisher: Partial<StreamPublisher>;
  /** The shard of its publisher; `undefined` while it waits for one. */
  readonly origin: number | undefined;
  /** When it lost its publisher last. */
  readonly waitingSinceMs: number;
}

/**
 * The stream that can best be spared of those that wait for a publisher: of the address that has
 * most streams, the one that has waited longest. `undefined` if none waits.
 */
export function spareStream<Stream extends SparableStream>(
  streams: readonly Stream[],
): Stream | undefined {
  const byNetwork = Map.groupBy(streams, ({ publisher }) => publisher.network);
  const held = ({ publisher }: Stream) => byNetwork.get(publisher.network)!.length;
  return streams.filter(({ origin }) => origin === undefined)
    .sort((one, other) => held(other) - held(one) || one.waitingSinceMs - other.waitingSinceMs)[0];
}

/**
 * Whether a stream that waits can go on with a publisher: it may have been listed or have had more
 * viewers by what let the one before in, and this one is let in by something else.
 */
export function canGoOn(
  { entry }: { readonly entry: StreamEntry },
  { maxViewers, isUnlisted = false }: Partial<StreamPublisher>,
): boolean {
  return entry.maxViewers === maxViewers && (entry.isUnlisted ?? false) === isUnlisted;
}
