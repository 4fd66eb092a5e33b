import type { BegunSession, EndedSession } from "../access/access.ts";
import type { AccessFunction } from "../access/asked_functions.ts";
import type { Config } from "../config/schema.ts";
import type { ConsoleAsset } from "../shard/http/routing/console_asset.ts";

/** What a gateway is made from, besides its configuration. */
export interface GatewayParts {
  readonly version: string;
  /** The bundled module that shards run. */
  readonly shardSource: string;
  /** The bundled module that makes Opus; it is not started before somebody wants it. */
  readonly transcodingSource: string;
  readonly assets: readonly ConsoleAsset[];
  /** What is sent with each asset. */
  readonly assetHeaders: Readonly<Record<string, string>>;
  /** Called when a reload has changed the configuration. */
  readonly reloaded?: (config: Config) => void;
  /** Decides who may, where `access.order` has "functions". */
  readonly access?: AccessFunction;
  /** Is told of each viewer and publisher that is let in, whoever decides; without its secrets. */
  readonly began?: (session: BegunSession) => void;
  /**
   * Is told of each of these once it is gone, or nothing came of it, as there was no room or no such
   * stream.
   */
  readonly ended?: (session: EndedSession) => void;
  /**
   * Called when a shard hangs, which only a new process mends: after the other shards have been
   * drained and stopped.
   */
  readonly shardHung: (shard: number) => void;
}
