import type { ServingCertificate } from "../../net/serving_certificate.ts";
import type { Access } from "../../../access/access.ts";
import type { ControlLink } from "../../control_link.ts";
import type { Counters } from "../../../metrics/counters.ts";
import type { MemoryBudget } from "../../../stream/memory_budget.ts";
import type { ConsoleAsset } from "./console_asset.ts";
import type { ShardSettings } from "../../shard_settings.ts";
import type { ShardPlaces } from "../../shard_places.ts";
import type { Clients } from "../../live/clients.ts";
import type { Streams } from "../../live/streams.ts";
import type { Publishers } from "../../live/publishers.ts";
import type { Viewers } from "../../live/viewers.ts";
import type { NetworkList } from "../../../address/network_list.ts";
import type { WebtransportEndpoint } from "../../webtransport/endpoint.ts";
import type { WebrtcEndpoint } from "../../webrtc/endpoint.ts";

/** What HTTP requests need of their shard. */
export interface HttpContext {
  readonly settings: ShardSettings;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly memory: MemoryBudget;
  readonly assets: readonly ConsoleAsset[];
  /** The number of this shard. */
  readonly shard: number;
  readonly webrtc: WebrtcEndpoint;
  /** `undefined` if there is none. */
  readonly webtransport: WebtransportEndpoint | undefined;
  /** Whether new clients are wanted here. */
  readonly readiness: { readonly isReady: boolean };
  readonly places: ShardPlaces;
  readonly proxies: NetworkList;
  readonly viewers: Viewers;
  readonly publishers: Publishers;
  readonly clients: Clients;
  /** Who may: every door asks before it tells of anything. */
  readonly access: Access;
  /** What TLS shows; `undefined` if nothing is served over it. */
  readonly certificate?: ServingCertificate | undefined;
}
