import type { Logger } from "@logtape/logtape";
import type { AccessRequest, Refused } from "../../access/access.ts";
import type { GaugeName } from "../../metrics/counted.ts";
import type { ClientMeasures } from "./clients.ts";
import type { StreamPublisher } from "./publish_decision.ts";

/** Who wants to publish, whatever it speaks. */
export interface PublishSource {
  /** Its question; the path may be a secret, which stands for the stream's. */
  readonly asked: AccessRequest;
  /** The source, behind trusted proxies. */
  readonly from: Pick<Deno.NetAddr, "hostname" | "port">;
  /** Whom it counts for. */
  readonly owner: Pick<StreamPublisher, "network" | "owner">;
  /** Aborted once the source is gone: what is decided for it then comes to nothing. */
  readonly left: AbortSignal;
  /** It knows the peer. */
  readonly log: Logger;
  /** Called once if the session ends by itself: the source is to be told and closed. */
  readonly ended: (end: PublishEnd) => void;
  /** How its link fares, if that is known. */
  readonly measures?: (() => LinkMeasures | undefined) | undefined;
}

/** Of a publisher's link. */
export type LinkMeasures = Pick<ClientMeasures, "roundTripMs" | "lossFraction" | "packetsLost">;

/** Why a session has ended that its source has not ended. */
export interface PublishEnd {
  readonly cause: "malformed" | "memory" | "no media" | "expired" | "limit" | "ended";
  /** For the source and the log. */
  readonly reason: string;
}

/** Why somebody may not publish: "busy" if it may in principle, or might. */
export interface PublishRefusal {
  readonly cause: "unauthorized" | "unavailable" | "busy";
  /** A sentence for the source. */
  readonly reason: string;
  /** Whether somebody else publishes under the name. */
  readonly isTaken: boolean;
  /** What access has said, if it has refused. */
  readonly refused?: Refused;
}

/**
 * What a source sends: bodies of FLV tags, in its own time. `metadata` is the name "onMetaData" and its
 * value, `data` any other script data.
 */
export interface SourceMessage {
  readonly kind: "audio" | "video" | "metadata" | "data";
  readonly timestampMs: number;
  /** Borrowed during the call. */
  readonly payload: Uint8Array;
  /** The place of a picture among layers, if that is known, as `layerBits` has it. */
  readonly layer?: number;
}

export function refusalOf(refused: Refused): PublishRefusal {
  const { status, reason } = refused;
  const cause = status === "unavailable" ? "unavailable" : "unauthorized";
  return { cause, reason, isTaken: false, refused };
}

/** What counts publishers that speak as this one does. */
export function publisherGauge({ asked: { protocol } }: PublishSource): GaugeName {
  if (protocol === "whip") return "whipPublishers";
  return protocol === "rtmps" ? "rtmpsPublishers" : "rtmpPublishers";
}
