import { getLogger } from "@logtape/logtape";
import { openApiFile } from "../api/openapi.ts";
import { ConfigError } from "../config/config_error.ts";
import type { Config } from "../config/schema.ts";
import type { Reload } from "../config/reload.ts";
import type { ServerCertificate } from "../config/server_certificate.ts";
import { decideByFunction, tell } from "./access_function.ts";
import { ControlMetrics } from "./control_metrics.ts";
import { ControlEvents } from "./control_events.ts";
import { Directory } from "./directory.ts";
import type { DirectoryEvents, DirectoryOptions, DirectorySettings } from "./directory_events.ts";
import type { OpusDirectory } from "./opus_directory.ts";
import { openOpusMaking } from "./opus_making.ts";
import { Reloads } from "./reloads.ts";
import { RequestForwarder } from "./request_forwarder.ts";
import { ShardPool } from "./shard_pool.ts";
import { SettingsInUse } from "./settings_in_use.ts";
import { SharedMemory } from "./shared_memory.ts";
import { opusOptions } from "./worker_settings.ts";
import type { Ports } from "./ports.ts";
import { StreamPages } from "./stream_pages.ts";
import type { TranscoderPool } from "./transcoder_pool.ts";
import type { PublishDecision } from "../shard/live/publish_decision.ts";
import type { ToControl, ToShard } from "../shard/messages.ts";
import type { ConsoleAsset } from "../shard/http/routing/console_asset.ts";
import type { StreamsReply } from "../shard/http/api/stream_summary.ts";
import type { GatewayParts } from "./gateway_parts.ts";

/**
 * How long the other shards go on when one hangs: encoders that are asked to connect again do so at
 * their next key frame, and load balancers see that this server is not ready.
 */
const HUNG_DRAIN_MS = 5000;

/** How often a gateway that is drained looks whether anybody is left. */
const DRAIN_CHECK_MS = 50;

const DRAIN = { kind: "drain", keepsHttp: false } as const;

/** The number under which the transcoder holds a stream's log, beside those of shards. */
const TRANSCODER = -1;

/** The main thread's part: knows the streams and looks after the shards; touches no media. */
export class Control {
  readonly #settings: SettingsInUse;
  readonly #parts: GatewayParts;
  readonly #ports: Ports;
  readonly #assets: readonly ConsoleAsset[];
  readonly #memory: SharedMemory;
  readonly #directory: Directory;
  readonly #streamPages: StreamPages;
  readonly #shards: ShardPool;
  readonly #transcoders: TranscoderPool;
  readonly #opus: OpusDirectory;
  readonly #forwarder: RequestForwarder;
  readonly #reloads: Reloads;
  readonly #metrics: ControlMetrics;
  readonly #startedAtMs = performance.now();
  readonly #events: ControlEvents;
  /** Since all shards listen. */
  #isStarted = false;
  /** Since it is to end, or a shard hangs. */
  #isDraining = false;

  constructor(
    config: Config,
    parts: GatewayParts,
    ports: Ports,
    certificate: ServerCertificate | undefined,
  ) {
    this.#settings = new SettingsInUse(config, parts, ports, certificate);
    this.#parts = parts;
    this.#ports = ports;
    this.#assets = [...parts.assets, openApiFile(parts.version)];
    this.#memory = new SharedMemory(config);
    const { counters, budget, logs, ofTranscoders } = this.#memory;
    const send = (shard: number, message: ToShard) => this.#shards.send(shard, message);
    this.#events = new ControlEvents(this.#settings, send);
    this.#directory = new Directory(directoryOptions(config, this.#memory), this.#tellsShards());
    this.#streamPages = new StreamPages(
      this.#directory,
      (nowMs) => this.#describe(nowMs),
      config.listAgeMs,
    );
    this.#shards = new ShardPool(parts.shardSource, {
      startMessage: (shard, heartbeat) => this.#startMessage(shard, heartbeat),
      message: (shard, message) => this.#handle(shard, message),
      lost: (shard) => this.#onShardLost(shard),
      hung: (shard) => void this.#onShardHung(shard),
    });
    const options = { logs, counted: ofTranscoders, ...opusOptions(config) };
    const making = openOpusMaking(parts.transcodingSource, options, this.#directory, send);
    this.#transcoders = making.transcoders;
    this.#opus = making.opus;
    this.#forwarder = new RequestForwarder(send);
    this.#reloads = new Reloads({
      settings: this.#settings,
      send,
      apply: (reload) => this.#applySettings(reload),
    });
    this.#metrics = new ControlMetrics(counters, {
      directory: this.#directory,
      logs,
      memory: budget,
      shards: this.#shards,
      transcoders: this.#transcoders,
    });
    this.#metrics.setCertificate(certificate?.facts);
  }

  /** How the directory has shards do what it decides. */
  #tellsShards(): DirectoryEvents {
    return {
      opened: (stream) => this.#shards.broadcast({ kind: "stream-opened", stream }),
      changed: (streamId, terms) =>
        this.#shards.broadcast({ kind: "stream-changed", streamId, terms }),
      closed: (streamId) => this.#onStreamClosed(streamId),
      contested: (shard, streamId, how) =>
        this.#shards.send(shard, { kind: "publication-contested", streamId, how }),
      ended: (shard, streamId, reason) =>
        this.#shards.send(shard, { kind: "publication-ended", streamId, reason }),
      decided: (shard, requestId, decision) => this.#answer(shard, requestId, decision),
      told: (change) => this.#events.streamChanged(change),
    };
  }

  async start(): Promise<void> {
    try {
      await this.#shards.start(this.#settings.config.shards);
      this.#isStarted = true;
    } catch (error) {
      await this.stop();
      throw new ConfigError(`Cannot start: ${error instanceof Error ? error.message : error}`);
    }
  }

  /**
   * Takes nobody any more, and asks publishers to connect elsewhere; resolves when publishers and
   * viewers have gone, or after `limitMs`.
   */
  async drain(limitMs: number): Promise<void> {
    const endMs = performance.now() + limitMs;
    this.#isDraining = true;
    this.#events.tell("draining", { limitMs });
    this.#directory.endGrace();
    this.#shards.broadcast(DRAIN);
    while (this.#isInUse && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
    }
  }

  get #isInUse(): boolean {
    const viewers = (["viewers", "rtmpViewers", "webrtcViewers"] as const)
      .reduce((sum, gauge) => sum + this.#memory.counters.total(gauge), 0);
    return viewers > 0 || this.#directory.hasPublishers;
  }

  async stop(): Promise<void> {
    this.#metrics.close();
    this.#events.close();
    this.#directory.closeAll();
    await this.#shards.stop();
    this.#opus.close();
    this.#transcoders.close();
  }

  /** Returns who lets go of the stream's log, and says so. */
  #onStreamClosed(streamId: number): number[] {
    const shards = this.#shards.broadcast({ kind: "stream-closed", streamId });
    const released = this.#opus.streamClosed(streamId);
    if (released === undefined) return shards;
    released.then(() => this.#directory.released(streamId, TRANSCODER));
    return [...shards, TRANSCODER];
  }

  #startMessage(shard: number, heartbeat: SharedArrayBuffer) {
    // The one before may have gone on for some milliseconds after it was lost.
    this.#memory.clear(shard);
    return {
      kind: "start",
      shard,
      settings: this.#settings.ofShard(shard),
      ...this.#memory.ofShards,
      heartbeat,
      assets: this.#assets,
      streams: this.#directory.entries,
    } as const;
  }

  #handle(shard: number, message: ToControl): void {
    switch (message.kind) {
      case "publish":
        return this.#decide(shard, message);
      case "publication-kept":
        return this.#directory.kept(message.streamId, shard);
      case "stream-end": {
        const { requestId, path } = message;
        const isFound = this.#directory.end(path, "The stream was ended by the administrator");
        this.#shards.send(shard, { kind: "stream-ended", requestId, isFound });
        return;
      }
      case "events":
        return this.#events.take(message.events);
      case "events-follow":
        return this.#events.follow(shard, message.isFollowing);
      case "unpublish":
        return this.#directory
          .unpublish(message.streamId, shard, message.content, performance.now(), message.sent);
      case "publish-forgotten":
        return this.#directory.forget(message.path, shard, message.requestId);
      case "publication-changed":
        return this.#directory.change(message.streamId, shard, message.terms);
      case "streams-request":
        this.#shards.send(shard, {
          kind: "streams-reply",
          requestId: message.requestId,
          page: this.#streamPages.page(message.page, performance.now()),
        });
        return;
      case "report":
        return this.#directory.report(shard, message.streams);
      case "stream-released":
        this.#opus.released(message.streamId, shard);
        return this.#directory.released(message.streamId, shard);
      case "opus-wanted":
        return this.#opus
          .wanted(message.streamId, shard, message.requestId, message.audioTrack);
      case "opus-unwanted":
        return this.#opus.unwanted(message.streamId, shard, message.audioTrack);
      case "forward":
        return this.#forwarder.forward(shard, message, performance.now());
      case "forwarded-response":
        return this.#forwarder.respond(shard, message.requestId, message.response);
      case "reload":
        return void this.#reloads.answer(shard, message.requestId, message.text);
      case "configured":
        return this.#reloads.take(shard, message.id, message.counts);
      case "access-question":
        return void this.#askFunction(shard, message);
      case "session-began":
        return tell(this.#parts.began, message.session);
      case "session-ended":
        return tell(this.#parts.ended, message.session);
      case "listening":
        if (this.#isStarted) this.#events.tell("shard-started", { shard });
        // It died while the gateway is drained: those that come are to go elsewhere.
        if (this.#isDraining) this.#shards.send(shard, DRAIN);
        return;
      case "listen-failed":
      case "emptied":
      case "stopped":
    }
  }

  #decide(shard: number, message: Extract<ToControl, { kind: "publish" }>): void {
    const { requestId, path, publisher } = message;
    const decision = this.#isDraining
      ? { kind: "refused", reason: "the server is about to end" } as const
      : this.#directory.publish(path, shard, performance.now(), publisher, requestId);
    if (decision !== undefined) this.#answer(shard, requestId, decision);
  }

  #answer(shard: number, requestId: number, decision: PublishDecision): void {
    this.#shards.send(
      shard,
      decision.kind === "accepted"
        ? {
          kind: "publish-accepted",
          requestId,
          streamId: decision.streamId,
          sent: decision.sent,
        }
        : {
          kind: "publish-refused",
          requestId,
          reason: decision.reason,
          isTaken: decision.isTaken === true,
        },
    );
  }

  /** Has settings that have changed count on this thread. */
  #applySettings(reload: Reload): void {
    const { config, certificate } = this.#settings;
    this.#events.reloaded(reload, this.#settings);
    this.#metrics.setCertificate(certificate?.facts);
    this.#directory.configure(directorySettings(config));
    this.#parts.reloaded?.(config);
  }

  async #askFunction(
    shard: number,
    { requestId, request }: Extract<ToControl, { kind: "access-question" }>,
  ): Promise<void> {
    const answer = await decideByFunction(this.#parts.access, request);
    this.#shards.send(shard, { kind: "access-answer", requestId, ...answer });
  }

  #onShardLost(shard: number): void {
    this.#memory.clear(shard);
    this.#events.shardLost(shard);
    this.#directory.shardLost(shard);
    this.#opus.shardLost(shard);
    this.#forwarder.shardLost(shard);
    this.#reloads.shardLost(shard);
  }

  /** Ends the others in order, and then has the process end: the one that hangs cannot be ended. */
  async #onShardHung(shard: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    getLogger(["sluice", "control"]).error(
      "Shard {shard} hangs: the others are drained for {drainMs} ms, then the process ends",
      { shard, drainMs: HUNG_DRAIN_MS },
    );
    // It may still be given connections: who asks whether this server is ready is told by the others.
    if (this.#shards.broadcast({ kind: "drain", keepsHttp: true }).length > 1) {
      await new Promise((resolve) => setTimeout(resolve, HUNG_DRAIN_MS));
    }
    await this.stop();
    this.#parts.shardHung(shard);
  }

  #describe(nowMs: number): Pick<StreamsReply, "gateway" | "counters"> {
    const { shards } = this.#settings.config;
    return {
      gateway: {
        version: this.#parts.version,
        rtmpPort: this.#ports.rtmpPort,
        uptimeMs: Math.round(nowMs - this.#startedAtMs),
        shards,
        shardRestarts: this.#shards.restarts,
        memory: this.#memory.describe(),
      },
      counters: this.#memory.counters.totals(),
    };
  }
}

/** What the directory is told of the configuration. */
function directoryOptions(
  config: Config,
  { logs, maxLogBytes }: Pick<SharedMemory, "logs" | "maxLogBytes">,
): DirectoryOptions {
  return {
    ...directorySettings(config),
    gracePeriodMs: config.gracePeriodMs,
    log: { maxBytes: maxLogBytes, windowMs: config.log.windowMs },
    logs,
  };
}

/** The part of it that may change. */
function directorySettings({ limits, secondPublisher }: Config): DirectorySettings {
  return {
    maxStreams: limits.streams,
    maxStreamsPerAddress: limits.streamsPerAddress,
    secondPublisher,
  };
}
