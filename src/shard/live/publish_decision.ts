/** Whom a stream counts for. */
export interface StreamPublisher {
  /** For limits: an address or an IPv6 network; `undefined` for none. */
  readonly network: string | undefined;
  /** Whose share of the memory its log counts to. */
  readonly owner: number;
}

/** What control decides about a publisher. */
export type PublishDecision =
  | { readonly kind: "accepted"; readonly streamId: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Whether anything of a publisher can have been shown or heard. */
export type PublishedContent = "media" | "nothing";
