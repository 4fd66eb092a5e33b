import type { TrackName } from "./timeline.ts";

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
