/** Who publishes a stream, and whom it counts for. */
export interface StreamPublisher {
  /** For limits: an address or an IPv6 network; `undefined` for none. */
  readonly network: string | undefined;
  /** Whose share of the memory its log counts to. */
  readonly owner: number;
  /** Of the session, as the API and the log name it. */
  readonly id: string;
  /** Id of the key, token or rule that it came with; `undefined` for none. */
  readonly subject: string | undefined;
  /** Whether others come by it too. */
  readonly isShared: boolean;
  /** Streams that this subject may publish at a time. */
  readonly maxPublishers: number | undefined;
  /** Viewers that the stream may have. */
  readonly maxViewers: number | undefined;
  /** Whether the list that viewers see leaves the stream out. */
  readonly isUnlisted: boolean;
}

/** What control decides about a publisher. */
export type PublishDecision =
  | { readonly kind: "accepted"; readonly streamId: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Whether anything of a publisher can have been shown or heard. */
export type PublishedContent = "media" | "nothing";

/** How a publisher is asked to give way to another one of the same stream. */
export type Contest = "end" | "unless alive";
