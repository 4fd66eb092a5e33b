import type { MemoryHolding } from "./memory_holding.ts";
import type { TrackName } from "./timeline.ts";

/** How a feed is to be. */
export interface FeedOptions {
  /** The age of a key frame up to which viewers may begin with it, where there is sound as well. */
  readonly windowMs?: number;
  /** What its copy is counted with, if it is. */
  readonly memory?: MemoryHolding;
}

/** Where a viewer stands that goes on in another feed of the same log. */
export interface FeedStart {
  /** Sequence number in the log of what it has not got yet. */
  readonly sequence: number;
  /** Whether it has got everything of the feed's tracks before that: then it need not begin anew. */
  readonly isInStep: boolean;
  /** Whether it has had other pictures of the stream: it goes on at a key frame of these. */
  readonly changesPictures?: boolean;
}

/** Where a viewer begins. */
export interface FeedBeginning {
  readonly position: number;
  /** The track that it gets nothing of until it can take it up; `undefined` if it gets all. */
  readonly lacks: TrackName | undefined;
}
