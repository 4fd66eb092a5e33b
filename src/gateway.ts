import { getLogger } from "@logtape/logtape";
import type { AddressFamilies } from "./config/address_families.ts";
import { ConfigError } from "./config/config_error.ts";
import {
  type Endpoint,
  probePorts,
  requirePermissions,
  udpFamiliesOf,
} from "./config/permissions.ts";
import type { Config } from "./config/schema.ts";
import {
  type ServerCertificate,
  serverCertificate,
  validityProblem,
} from "./config/server_certificate.ts";
import { Directory } from "./control/directory.ts";
import { describeMemory, memoryPlan, openLogStore } from "./control/memory_plan.ts";
import { OpusDirectory } from "./control/opus_directory.ts";
import { RequestForwarder } from "./control/request_forwarder.ts";
import { ShardPool } from "./control/shard_pool.ts";
import { opusOptions, type Ports, shardSettings } from "./control/worker_settings.ts";
import { StreamPages } from "./control/stream_pages.ts";
import type { LogStore } from "./stream/log_store.ts";
import { MemoryBudget } from "./stream/memory_budget.ts";
import { TranscoderPool } from "./control/transcoder_pool.ts";
import { allocateAddressCounts, clearAddressCounts } from "./shard/net/address_counts.ts";
import { allocateCounters, Counters } from "./shard/counters.ts";
import type { ToControl, ToShard } from "./shard/messages.ts";
import type { StreamsReply } from "./shard/http/stream_summary.ts";
import type { ConsoleAsset } from "./shard/http/console_asset.ts";

/** What a gateway is made from, besides its configuration. */
export interface GatewayParts {
  readonly version: string;
  /** The bundled module that shards run. */
  readonly shardSource: string;
  /** The bundled module that makes Opus; it is not started before somebody wants it. */
  readonly transcodingSource: string;
  readonly assets: readonly ConsoleAsset[];
  readonly contentSecurityPolicy: string;
  /**
   * Called when a shard hangs, which only a new process mends: after the other shards have been
   * drained and stopped.
   */
  readonly shardHung: (shard: number) => void;
}

/** A gateway at work. */
export interface Gateway extends Ports {
  /** Of the certificate that clients are shown over TLS; `undefined` if there is none. */
  readonly certificate: Pick<ServerCertificate, "isSelfSigned" | "facts"> | undefined;
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
 * const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0 };
 * const config = parseConfig({ host: "127.0.0.1", ...ports }, 1);
 * const sources = { shardSource: "…", transcodingSource: "…" };
 * const parts = { version: "0", ...sources, assets: [], contentSecurityPolicy: "" };
 * const shardHung = () => Deno.exit(1);
 * const gateway = await startGateway(config, { ...parts, shardHung });
 * await gateway.stop();
 * ```
 */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const udpFamilies = udpFamiliesOf(config.host);
  const endpoints = endpointsOf(config, udpFamilies.ipv4 || udpFamilies.ipv6);
  requirePermissions(endpoints);
  const ports = portsOf(probePorts(endpoints), config, udpFamilies);
  const certificate = serverCertificate(config);
  if (certificate !== undefined) warnOfValidity(certificate);
  const control = new Control(config, parts, ports, certificate);
  await control.start();
  return { ...ports, certificate: told(certificate), stop: () => control.stop() };
}

/** Everything of a certificate that is no secret. */
function told(certificate: ServerCertificate | undefined): Gateway["certificate"] {
  return certificate && { isSelfSigned: certificate.isSelfSigned, facts: certificate.facts };
}

function warnOfValidity({ facts }: ServerCertificate): void {
  const problem = validityProblem(facts, Date.now());
  if (problem === undefined) return;
  getLogger(["sluice", "control"]).warn("Clients will refuse the certificate: {problem}", {
    problem,
  });
}

/** @param found in the order of {@linkcode endpointsOf} */
function portsOf(
  [rtmpPort, httpPort, ...others]: readonly [number, number, ...number[]],
  { tls }: Config,
  udpFamilies: AddressFamilies,
): Ports {
  const [rtmpsPort, httpsPort] = tls === undefined ? [] : others;
  const webrtcPorts = others.slice(tls === undefined ? 0 : 2);
  return { rtmpPort, httpPort, rtmpsPort, httpsPort, webrtcPorts, udpFamilies };
}

function endpointsOf(
  { host, rtmpPort, httpPort, rtmpsPort, httpsPort, tls, webrtcPort, shards }: Config,
  takesUdp: boolean,
): readonly [Endpoint, Endpoint, ...Endpoint[]] {
  const webrtc = { host, purpose: "WebRTC", flag: "--webrtc-port", takesUdp };
  const secure = [
    { host, port: rtmpsPort, purpose: "RTMPS", flag: "--rtmps-port" },
    { host, port: httpsPort, purpose: "HTTPS", flag: "--https-port" },
  ];
  return [
    { host, port: rtmpPort, purpose: "RTMP", flag: "--rtmp-port" },
    { host, port: httpPort, purpose: "HTTP", flag: "--http-port" },
    ...(tls === undefined ? [] : secure),
    ...Array.from({ length: shards }, (_, shard) => {
      return { ...webrtc, port: webrtcPort === 0 ? 0 : webrtcPort + shard };
    }),
  ];
}

/**
 * How long the other shards go on when one hangs: encoders that are asked to connect again do so at
 * their next key frame, and load balancers see that this server is not ready.
 */
const DRAIN_MS = 5000;

/** The number under which the transcoder holds a stream's log, beside those of shards. */
const TRANSCODER = -1;

/** The main thread's part: knows the streams and looks after the shards; touches no media. */
class Control {
  readonly #config: Config;
  readonly #parts: GatewayParts;
  readonly #ports: Ports;
  readonly #certificate: ServerCertificate | undefined;
  readonly #counterMemory: SharedArrayBuffer;
  readonly #counters: Counters;
  readonly #addressCounts: SharedArrayBuffer;
  readonly #logs: LogStore;
  /** Of what grows with peers beside the logs. */
  readonly #memory: SharedArrayBuffer;
  readonly #directory: Directory;
  readonly #streamPages: StreamPages;
  readonly #shards: ShardPool;
  readonly #transcoders: TranscoderPool;
  readonly #opus: OpusDirectory;
  readonly #forwarder: RequestForwarder;
  readonly #startedAtMs = performance.now();
  /** Since a shard hangs. */
  #isDraining = false;

  constructor(
    config: Config,
    parts: GatewayParts,
    ports: Ports,
    certificate: ServerCertificate | undefined,
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#ports = ports;
    this.#certificate = certificate;
    this.#counterMemory = allocateCounters(config.shards);
    this.#counters = new Counters(this.#counterMemory, 0);
    const plan = memoryPlan(config.memory, config.log.maxBytes);
    const logs = openLogStore(plan);
    this.#logs = logs;
    this.#memory = MemoryBudget.allocate(
      plan.limits,
      config.shards,
      crypto.getRandomValues(new Int32Array(1))[0],
    );
    this.#addressCounts = allocateAddressCounts(
      config.shards,
      (length) => crypto.getRandomValues(new Uint8Array(length)),
    );
    this.#directory = new Directory(
      {
        gracePeriodMs: config.gracePeriodMs,
        maxStreams: config.limits.streams,
        log: { maxBytes: plan.maxLogBytes, windowMs: config.log.windowMs },
        logs,
        maxStreamsPerAddress: config.limits.streamsPerAddress,
      },
      {
        opened: (stream) => this.#shards.broadcast({ kind: "stream-opened", stream }),
        closed: (streamId) => this.#onStreamClosed(streamId),
      },
    );
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
    const opus = { logs, ...opusOptions(config) };
    this.#transcoders = new TranscoderPool(parts.transcodingSource, opus, {
      failed: (streamId, reason, audioTrack) => {
        this.#directory.soundOf(streamId)?.failed(reason);
        this.#opus.failed(streamId, reason, audioTrack);
      },
      reported: (streamId, report, audioTrack) =>
        this.#directory.soundOf(streamId)?.take(report, audioTrack),
      ended: (streamId, audioTrack) => this.#opus.ended(streamId, audioTrack),
    });
    const send = (shard: number, message: ToShard) => this.#shards.send(shard, message);
    this.#opus = new OpusDirectory(this.#transcoders, {
      send,
      sourceOf: (streamId) => this.#directory.logOf(streamId),
      starved: (streamId) => this.#directory.soundOf(streamId)?.starved(),
    });
    this.#forwarder = new RequestForwarder(send);
  }

  async start(): Promise<void> {
    try {
      await this.#shards.start(this.#config.shards);
    } catch (error) {
      await this.stop();
      throw new ConfigError(`Cannot start: ${error instanceof Error ? error.message : error}`);
    }
  }

  async stop(): Promise<void> {
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
    this.#clearCounts(shard);
    return {
      kind: "start",
      shard,
      settings: shardSettings(this.#config, this.#parts, this.#ports, this.#certificate, shard),
      counters: this.#counterMemory,
      heartbeat,
      addressCounts: this.#addressCounts,
      memory: this.#memory,
      assets: this.#parts.assets,
      streams: this.#directory.entries,
    } as const;
  }

  #handle(shard: number, message: ToControl): void {
    switch (message.kind) {
      case "publish":
        return this.#decide(shard, message);
      case "unpublish":
        return this.#directory.unpublish(message.streamId, shard, message.sent);
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
      case "listen-failed":
      case "listening":
      case "stopped":
    }
  }

  #decide(shard: number, message: Extract<ToControl, { kind: "publish" }>): void {
    const { requestId, path, publisher } = message;
    const decision = this.#isDraining
      ? { kind: "refused", reason: "the server is about to end" } as const
      : this.#directory.publish(path, shard, performance.now(), publisher);
    const answer: ToShard = decision.kind === "accepted"
      ? { kind: "publish-accepted", requestId, streamId: decision.streamId }
      : { kind: "publish-refused", requestId, reason: decision.reason };
    this.#shards.send(shard, answer);
  }

  /** What a shard had that is no more, of all that is limited. */
  #clearCounts(shard: number): void {
    new Counters(this.#counterMemory, shard).clearGauges();
    clearAddressCounts(this.#addressCounts, shard);
    new MemoryBudget(this.#memory, shard).clear();
  }

  #onShardLost(shard: number): void {
    this.#clearCounts(shard);
    this.#directory.shardLost(shard);
    this.#opus.shardLost(shard);
    this.#forwarder.shardLost(shard);
  }

  /** Ends the others in order, and then has the process end: the one that hangs cannot be ended. */
  async #onShardHung(shard: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    getLogger(["sluice", "control"]).error(
      "Shard {shard} hangs: the others are drained for {drainMs} ms, then the process ends",
      { shard, drainMs: DRAIN_MS },
    );
    if (this.#shards.broadcast({ kind: "drain" }).length > 1) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    }
    await this.stop();
    this.#parts.shardHung(shard);
  }

  #describe(nowMs: number): Pick<StreamsReply, "server" | "counters"> {
    return {
      server: {
        version: this.#parts.version,
        rtmpPort: this.#ports.rtmpPort,
        uptimeMs: Math.round(nowMs - this.#startedAtMs),
        shards: this.#config.shards,
        shardRestarts: this.#shards.restarts,
        memory: describeMemory(this.#config.memory, new MemoryBudget(this.#memory, 0), this.#logs),
      },
      counters: this.#counters.totals(),
    };
  }
}
