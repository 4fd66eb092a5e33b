import type { Allowed } from "../../access/access.ts";
import type { SentLately } from "../../access/sent_lately.ts";

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
  readonly maxBitrateBps: number | undefined;
  /** Whether the list that viewers see leaves the stream out. */
  readonly isUnlisted: boolean;
}

/** What lets a publisher in says of it, which may change while it publishes. */
export type PublisherTerms = Omit<StreamPublisher, "network" | "owner" | "id">;

/** The terms that an answer sets for whom it lets in. */
export function termsOf({ subject, isShared, limits, isUnlisted }: Allowed): PublisherTerms {
  return {
    subject,
    isShared: isShared ?? false,
    maxPublishers: limits?.maxPublishers,
    maxViewers: limits?.maxViewers,
    maxBitrateBps: limits?.maxBitrateBps,
    isUnlisted: isUnlisted ?? false,
  };
}

/** What control decides about a publisher. */
export type PublishDecision =
  | {
    readonly kind: "accepted";
    readonly streamId: number;
    /** By the one before, as far as it counts for this one. */
    readonly sent?: SentLately | undefined;
  }
  | {
    readonly kind: "refused";
    readonly reason: string;
    /** Whether somebody else publishes under the name. */
    readonly isTaken?: boolean;
  };

/** Whether anything of a publisher can have been shown or heard. */
export type PublishedContent = "media" | "nothing";

/** How a publisher is asked to give way to another one of the same stream. */
export type Contest = "end" | "unless alive";
