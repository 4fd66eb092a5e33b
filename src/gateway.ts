import { ConfigError } from "./config/config_error.ts";
import { type Endpoint, probePorts, requirePermissions } from "./config/permissions.ts";
import type { Config } from "./config/schema.ts";
import { Directory } from "./control/directory.ts";
import { ShardPool } from "./control/shard_pool.ts";
import { allocateCounters, Counters } from "./shard/counters.ts";
import type { ConsoleAsset, ShardSettings, StreamsReply, ToControl } from "./shard/messages.ts";

/** What a gateway is made from, besides its configuration. */
export interface GatewayParts {
  readonly version: string;
  /** The bundled module that shards run. */
  readonly shardSource: string;
  readonly assets: readonly ConsoleAsset[];
  readonly contentSecurityPolicy: string;
  /** Called when a shard hangs, which only a new process mends. */
  readonly shardHung: (shard: number) => void;
}

/** A gateway at work. */
export interface Gateway {
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** Ends all streams and connections, in a bounded time. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway in this process; resolves when everything listens.
 *
 * @throws {ConfigError} if a port is in use or not permitted
 *
 * @example
 * ```ts ignore
 * import { parseConfig } from "./config/schema.ts";
 * import { startGateway } from "./gateway.ts";
 *
 * const config = parseConfig({ host: "127.0.0.1", rtmpPort: 0, httpPort: 0 }, 1);
 * const parts = { version: "0", shardSource: "…", assets: [], contentSecurityPolicy: "" };
 * const shardHung = () => Deno.exit(1);
 * const gateway = await startGateway(config, { ...parts, shardHung });
 * await gateway.stop();
 * ```
 */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const endpoints = endpointsOf(config);
  requirePermissions(endpoints);
  const [rtmpPort, httpPort] = probePorts(endpoints);
  const control = new Control(config, parts, rtmpPort, httpPort);
  await control.start();
  return { rtmpPort, httpPort, stop: () => control.stop() };
}

function endpointsOf({ host, rtmpPort, httpPort }: Config): readonly [Endpoint, Endpoint] {
  return [
    { host, port: rtmpPort, purpose: "RTMP", flag: "--rtmp-port" },
    { host, port: httpPort, purpose: "HTTP", flag: "--http-port" },
  ];
}

/** The main thread's part: knows the streams and looks after the shards; touches no media. */
class Control {
  readonly #config: Config;
  readonly #parts: GatewayParts;
  readonly #settings: ShardSettings;
  readonly #counterMemory: SharedArrayBuffer;
  readonly #counters: Counters;
  readonly #directory: Directory;
  readonly #shards: ShardPool;
  readonly #startedAtMs = performance.now();

  constructor(config: Config, parts: GatewayParts, rtmpPort: number, httpPort: number) {
    this.#config = config;
    this.#parts = parts;
    this.#settings = shardSettings(config, parts, rtmpPort, httpPort);
    this.#counterMemory = allocateCounters(config.shards);
    this.#counters = new Counters(this.#counterMemory, 0);
    this.#directory = new Directory(
      { gracePeriodMs: config.gracePeriodMs, maxStreams: config.limits.streams, log: config.log },
      {
        opened: (stream) => this.#shards.broadcast({ kind: "stream-opened", stream }),
        closed: (streamId) => this.#shards.broadcast({ kind: "stream-closed", streamId }),
      },
    );
    this.#shards = new ShardPool(parts.shardSource, {
      startMessage: (shard) => this.#startMessage(shard),
      message: (shard, message) => this.#handle(shard, message),
      lost: (shard) => this.#onShardLost(shard),
      hung: (shard) => this.#parts.shardHung(shard),
    });
  }

  async start(): Promise<void> {
    try {
      await this.#shards.start(this.#config.shards);
    } catch (error) {
      await this.#shards.stop();
      throw new ConfigError(`Cannot start: ${error instanceof Error ? error.message : error}`);
    }
  }

  async stop(): Promise<void> {
    this.#directory.closeAll();
    await this.#shards.stop();
  }

  #startMessage(shard: number) {
    return {
      kind: "start",
      shard,
      settings: this.#settings,
      counters: this.#counterMemory,
      assets: this.#parts.assets,
      streams: this.#directory.entries,
    } as const;
  }

  #handle(shard: number, message: ToControl): void {
    switch (message.kind) {
      case "publish": {
        const { requestId, path } = message;
        const decision = this.#directory.publish(path, shard, performance.now());
        if (decision.kind === "accepted") {
          const { streamId } = decision;
          return this.#shards.send(shard, { kind: "publish-accepted", requestId, streamId });
        }
        const { reason } = decision;
        return this.#shards.send(shard, { kind: "publish-refused", requestId, reason });
      }
      case "unpublish":
        return this.#directory.unpublish(message.streamId, shard);
      case "streams-request":
        return this.#shards.send(shard, {
          kind: "streams-reply",
          requestId: message.requestId,
          reply: this.#streamsReply(),
        });
      case "report":
        return this.#directory.report(shard, message.streams);
      case "stream-released":
        return this.#directory.released(message.streamId, shard);
      case "listen-failed":
      case "listening":
      case "stopped":
    }
  }

  #onShardLost(shard: number): void {
    new Counters(this.#counterMemory, shard).clearGauges();
    this.#directory.shardLost(shard);
  }

  #streamsReply(): StreamsReply {
    const nowMs = performance.now();
    return {
      server: {
        version: this.#parts.version,
        rtmpPort: this.#settings.rtmpPort,
        uptimeMs: Math.round(nowMs - this.#startedAtMs),
        shards: this.#config.shards,
        shardRestarts: this.#shards.restarts,
      },
      counters: this.#counters.totals(),
      streams: this.#directory.summaries(nowMs),
    };
  }
}

function shardSettings(
  { host, shards, flushMs, log, limits, timeouts, logLevel, logFormat }: Config,
  { version, contentSecurityPolicy }: GatewayParts,
  rtmpPort: number,
  httpPort: number,
): ShardSettings {
  return {
    version,
    host,
    rtmpPort,
    httpPort,
    sharesPorts: shards > 1,
    flushMs,
    windowMs: log.windowMs,
    maxViewers: limits.viewers,
    maxHttpConnections: limits.httpConnections,
    maxHttpConnectionsPerAddress: limits.httpConnectionsPerAddress,
    maxRtmpConnections: limits.rtmpConnections,
    maxRtmpConnectionsPerAddress: limits.rtmpConnectionsPerAddress,
    maxMessageBytes: limits.messageBytes,
    timeouts,
    logLevel,
    logFormat,
    contentSecurityPolicy,
  };
}
