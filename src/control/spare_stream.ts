/** What counts when one of many streams has to go. */
export interface SparedStream {
  /** The shard that its publisher is on; `undefined` if it waits for one. */
  readonly origin: number | undefined;
  readonly publisher: { readonly network?: string | undefined };
  /** When it lost its publisher last. */
  readonly waitingSinceMs: number;
}

/**
 * The stream that can best be spared of those that wait for a publisher: of the address that has
 * most streams, the one that has waited longest. `undefined` if none waits.
 */
export function spareStream<Stream extends SparedStream>(
  streams: readonly Stream[],
): Stream | undefined {
  const byNetwork = Map.groupBy(streams, ({ publisher }) => publisher.network);
  const held = ({ publisher }: Stream) => byNetwork.get(publisher.network)!.length;
  return streams.filter(({ origin }) => origin === undefined)
    .sort((one, other) => held(other) - held(one) || one.waitingSinceMs - other.waitingSinceMs)[0];
}
