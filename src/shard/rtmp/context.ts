import type { ServingCertificate } from "../net/serving_certificate.ts";
import type { Logger } from "@logtape/logtape";
import type { ServerSession } from "../../rtmp/session/server_session.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import type { Access } from "../../access/access.ts";
import type { ControlLink } from "../control_link.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { ShardSettings } from "../shard_settings.ts";
import type { ShardPlaces } from "../shard_places.ts";
import type { NetworkList } from "../../address/network_list.ts";
import type { RtmpOutput } from "./output.ts";
import type { Streams } from "../live/streams.ts";
import type { Clients } from "../live/clients.ts";
import type { Publishers } from "../live/publishers.ts";
import type { Viewers } from "../live/viewers.ts";

/** What a connection needs of its shard. */
export interface RtmpContext {
  readonly settings: ShardSettings;
  /** Who may publish and play. */
  readonly access: Access;
  /** What TLS shows; `undefined` if nothing is served over it. */
  readonly certificate?: ServingCertificate | undefined;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly places: ShardPlaces;
  readonly proxies: NetworkList;
  readonly memory: MemoryBudget;
  readonly viewers: Viewers;
  readonly clients: Clients;
  readonly publishers: Publishers;
  /** The number of the shard. */
  readonly shard: number;
}

/** What those need who publish and play over a connection. */
export interface RtmpLink extends RtmpContext {
  readonly session: ServerSession;
  readonly output: RtmpOutput;
  /**
   * Has the session say something to the peer that is no answer to what it has just sent, and sends
   * it. A peer that takes so little that this cannot be kept loses its connection.
   */
  readonly say: (words: (session: ServerSession) => void) => void;
  /** For what is said about the connection: it knows the peer and the connection's id. */
  readonly log: Logger;
  /** Of the connection. */
  readonly id: string;
  readonly protocol: "rtmp" | "rtmps";
  /** The peer: its address is for limits. */
  readonly from: Pick<Deno.NetAddr, "hostname" | "port">;
  /** Whose share of the memory the peer's counts to. */
  readonly holder: number;
}
