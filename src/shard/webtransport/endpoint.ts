import { getLogger } from "@logtape/logtape";
import type { Access } from "../../access/access.ts";
import type { NetworkList } from "../../address/network_list.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { FlvViews, type FlvViewsContext } from "../live/flv_views.ts";
import { ConnectionListener } from "../net/connection_listener.ts";
import { peerHolderOf } from "../net/memory_holder.ts";
import type { SlowWriter } from "../net/slow_writers.ts";
import type { ShardPlaces } from "../shard_places.ts";
import type { ShardSettings, WebtransportSettings } from "../shard_settings.ts";
import { WebtransportConnection, type WebtransportContext } from "./connection.ts";
import { MadeCertificate } from "./made_certificate.ts";
import { type QuicCertificate, type QuicPeer, QuicSource } from "./quic_source.ts";

/** What a connection takes that is sent nothing: its keys and buffers, outside of V8. */
const CONNECTION_BYTES = 128 * 1024;

/** What a shard's WebTransport needs of it. */
export interface WebtransportEndpointContext extends FlvViewsContext {
  readonly settings: ShardSettings;
  readonly access: Access;
  readonly counters: Counters;
  readonly memory: MemoryBudget;
  readonly places: Pick<ShardPlaces, "webtransportConnections">;
  readonly proxies: NetworkList;
}

/** Where clients find a shard's WebTransport. */
export interface WebtransportFacts {
  readonly port: number;
  /** SHA-256 of the certificate; `undefined` of one that clients are to judge by themselves. */
  readonly certificateHash: Uint8Array | undefined;
}

/** The WebTransport viewers of a shard, on its UDP port. */
export class WebtransportEndpoint {
  readonly #source: QuicSource;
  readonly #listener: ConnectionListener<QuicPeer>;
  #made: MadeCertificate | undefined;

  /** Listens; throws what `Deno.QuicEndpoint` throws. */
  constructor(context: WebtransportEndpointContext, webtransport: WebtransportSettings) {
    const { settings, counters, memory, places, proxies, access } = context;
    this.#made = webtransport.certificate === undefined
      ? new MadeCertificate({ names: webtransport.names, nowMs: Date.now(), random })
      : undefined;
    this.#source = new QuicSource(
      { hostname: settings.host, port: webtransport.port },
      webtransport.certificate ?? this.#made!.pair,
    );
    const holderOf = (hostname: string) => peerHolderOf(memory, proxies, hostname);
    const connections: WebtransportContext = {
      access,
      counters,
      views: new FlvViews(context),
      proxies,
      holderOf,
      timeouts: settings.timeouts,
    };
    this.#listener = new ConnectionListener<QuicPeer>(this.#source, {
      protocol: "webtransport",
      places: places.webtransportConnections,
      counterNames: {
        accepted: "webtransportConnectionsAccepted",
        refused: "webtransportConnectionsRefused",
        aborted: "webtransportConnectionsAborted",
      },
      connect: (peer, nowMs, accepted) =>
        new WebtransportConnection(peer, connections, nowMs, accepted),
      memory: { budget: memory, connectionBytes: CONNECTION_BYTES, holderOf },
    }, counters);
  }

  get facts(): WebtransportFacts {
    return { port: this.#source.port, certificateHash: this.#made?.hash };
  }

  get writers(): SlowWriter[] {
    return this.#listener.writers;
  }

  run(): void {
    void this.#listener.run();
  }

  /** New connections are shown this certificate, if it was not made here. */
  renew(certificate: WebtransportSettings["certificate"]): void {
    if (certificate !== undefined && this.#made === undefined) this.#show(certificate);
  }

  /** Looks after time-outs, and the certificate's. To be called every second. */
  sweep(nowMs: number): void {
    this.#listener.sweep(nowMs);
    const made = this.#made?.at(Date.now());
    if (made === undefined || made === this.#made) return;
    this.#made = made;
    this.#show(made.pair);
  }

  #show(certificate: QuicCertificate): void {
    try {
      this.#source.renew(certificate);
    } catch (error) {
      // TLS may take what QUIC does not: the one that was shown before still is.
      getLogger(["sluice", "webtransport"]).error("Cannot show the new certificate: {reason}", {
        reason: `${error}`,
      });
    }
  }

  drain(): void {
    this.#listener.drain();
  }

  /** Ends all sessions and gives the port back. */
  async close(graceMs: number): Promise<void> {
    await this.#listener.close(graceMs);
    this.#source.end();
  }
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
