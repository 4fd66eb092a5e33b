/// <reference lib="deno.worker" />

import { ConfiguredAccess } from "../access/configured_access.ts";
import { configureLogging } from "../logging/logging.ts";
import { ControlLink } from "./control_link.ts";
import { setConnectionIdPrefix } from "./net/connection_id.ts";
import { CountedAccess, type SessionListener } from "./counted_access.ts";
import { clientEvent } from "./http/api/client_event.ts";
import { EventOutbox } from "./event_outbox.ts";
import { Counters } from "../metrics/counters.ts";
import { listenHttp } from "./http/listener.ts";
import type { ToControl, ToShard } from "./messages.ts";
import type { ConnectionListener } from "./net/connection_listener.ts";
import { listenRtmp } from "./rtmp/listener.ts";
import { HttpRoutes } from "./http/routes.ts";
import type { HttpContext } from "./http/routing/route_context.ts";
import type { ShardSettings } from "./shard_settings.ts";
import { shardPlaces } from "./shard_places.ts";
import { MemoryBudget } from "../stream/memory_budget.ts";
import { AddressCounts, COUNTED } from "./net/address_counts.ts";
import { pictureRefusal } from "./live/picture_refusal.ts";
import { limitClients, recheckClients } from "./live/recheck.ts";
import { RevokedCounts } from "./live/revoked_counts.ts";
import { ServingCertificate } from "./net/serving_certificate.ts";
import { SlowWriters } from "./net/slow_writers.ts";
import { Clients } from "./live/clients.ts";
import { Streams } from "./live/streams.ts";
import { Publishers } from "./live/publishers.ts";
import { Viewers } from "./live/viewers.ts";
import { timeSlice } from "./time_slice.ts";
import { ThreadMeter } from "../metrics/thread_meter.ts";
import { NetworkList } from "../address/network_list.ts";
import { maxPayloadSize } from "./live/viewer_media.ts";
import { WebrtcEndpoint } from "./webrtc/endpoint.ts";
import { WebtransportEndpoint } from "./webtransport/endpoint.ts";

/** How often time-outs are looked after, and reports are sent. */
const TICK_MS = 1000;

/** When it is told who is revoked, though what was asked about them has no answer yet. */
const RECHECK_ANSWER_MS = 1000;

/** How long clients have to take what is left for them when the server stops. */
const STOP_GRACE_MS = 1000;

/**
 * How long it takes until those are gone who are ended then, and again until who follows events is
 * told of that: both on the way of a message.
 */
const LAST_WORDS_MS = 250;

type StartMessage = Extract<ToShard, { kind: "start" }>;

/** What only the shard itself has to do with. */
interface ShardParts {
  readonly access: ConfiguredAccess;
  readonly readiness: { isReady: boolean };
  /** Shows that the thread does not hang. */
  readonly beat: () => void;
  readonly outbox: EventOutbox;
}

/** A shard at work: all of the data path, on one thread. */
class Shard {
  readonly #context: HttpContext;
  readonly #access: ConfiguredAccess;
  readonly #control: ControlLink;
  readonly #streams: Streams;
  readonly #rtmp: ConnectionListener;
  readonly #http: ConnectionListener;
  readonly #webrtc: WebrtcEndpoint;
  readonly #webtransport: WebtransportEndpoint | undefined;
  readonly #viewers: Viewers;
  readonly #publishers: Publishers;
  readonly #routes: HttpRoutes;
  readonly #readiness: { isReady: boolean };
  readonly #beat: () => void;
  readonly #slowWriters: SlowWriters;
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #meter: ThreadMeter;
  readonly #outbox: EventOutbox;

  private constructor(context: HttpContext, { access, readiness, beat, outbox }: ShardParts) {
    this.#context = context;
    this.#access = access;
    this.#readiness = readiness;
    this.#beat = beat;
    this.#outbox = outbox;
    this.#control = context.control;
    this.#streams = context.streams;
    this.#webrtc = context.webrtc;
    this.#webtransport = context.webtransport;
    this.#viewers = context.viewers;
    this.#publishers = context.publishers;
    this.#meter = new ThreadMeter(context.counters);
    this.#slowWriters = new SlowWriters(context.memory);
    this.#routes = new HttpRoutes(context);
    this.#rtmp = listenRtmp(context);
    this.#http = listenHttp(context, this.#routes);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#rtmp.run();
    this.#http.run();
    this.#webtransport?.run();
  }

  /** Listens; rejects with what `Deno.listen` throws. */
  static async open(start: StartMessage, post: (message: ToControl) => void): Promise<Shard> {
    const { assets, shard } = start;
    // Everybody reads there what counts now: a reload changes it in place.
    const settings: ShardSettings = { ...start.settings };
    const control = new ControlLink(post);
    const counters = new Counters(start.counters, shard);
    const configured = shardAccess(settings, control, counters);
    const access = new CountedAccess(configured, counters, sessionListener(settings, control));
    const memory = new MemoryBudget(start.memory, shard);
    const proxies = new NetworkList(settings.trustedProxies);
    const { addressCounts } = start;
    const places = shardPlaces(settings.places, { addressCounts, shard, counters, proxies });
    const webrtc = await WebrtcEndpoint.open({ settings, counters, shard, places });
    const streams = shardStreams(settings, control, counters, memory);
    const outbox = new EventOutbox((events) => control.send({ kind: "events", events }));
    const clients = shardClients(outbox, counters, streams);
    const viewers = new Viewers({
      settings,
      places,
      streamCounts: new AddressCounts(addressCounts, shard, "streamViewers"),
      counters,
      memory,
      clients,
      access,
      shard,
      maxViewersOf: (path) => streams.byPath(path)?.entry.maxViewers,
      came: (path) => streams.byPath(path)?.wishKeyFrame(),
      sent: (path, sentBytes) => streams.byPath(path)?.count({ sentBytes }),
    });
    for (const entry of start.streams) streams.open(entry);
    const readiness = { isReady: true };
    const shared = {
      settings,
      access,
      certificate: settings.tls && new ServingCertificate(settings.tls),
      streams,
      control,
      counters,
      memory,
      assets,
      shard,
      webrtc,
      clients,
      viewers,
      publishers: new Publishers(),
      places,
      proxies,
      readiness,
    };
    const webtransport = settings.webtransport &&
      new WebtransportEndpoint(shared, settings.webtransport);
    const context = { ...shared, webtransport };
    const words = new Int32Array(start.heartbeat);
    const beat = () => void Atomics.add(words, 0, 1);
    timeSlice.onBeat(beat);
    return new Shard(context, { access: configured, readiness, beat, outbox });
  }

  async handle(message: Exclude<ToShard, StartMessage>): Promise<void> {
    switch (message.kind) {
      case "stream-opened":
        return this.#streams.open(message.stream);
      case "publication-contested":
        return this.#publishers.contest(
          message.streamId,
          message.how,
          () => this.#control.send({ kind: "publication-kept", streamId: message.streamId }),
        );
      case "events":
        return this.#routes.events.take(message.first, message.events);
      case "publication-ended":
        return this.#publishers.end(message.streamId, message.reason);
      case "stream-changed":
        return this.#streams.change(message.streamId, message.terms);
      case "stream-closed":
        await this.#streams.close(message.streamId);
        return this.#control.send({ kind: "stream-released", streamId: message.streamId });
      case "publish-accepted":
      case "publish-refused":
      case "stream-ended":
      case "streams-reply":
      case "forward-reply":
      case "opus-opened":
      case "opus-closed":
      case "access-answer":
      case "reload-reply":
        return this.#control.settle(message);
      case "forwarded-request":
        return await this.#answerForwarded(message);
      case "configure":
        return await this.#configure(message);
      case "drain":
        return this.#drain(message.keepsHttp);
      case "stop":
        return await this.#stop();
      case "end-events":
        return this.#routes.events.close();
    }
  }

  async #answerForwarded(
    { requestId, from, request }: Extract<ToShard, { kind: "forwarded-request" }>,
  ): Promise<void> {
    const response = await this.#routes.answerForwarded(request);
    this.#control.send({ kind: "forwarded-response", requestId, to: from, response });
  }

  #tick(): void {
    this.#beat();
    this.#meter.tick();
    const nowMs = performance.now();
    this.#rtmp.sweep(nowMs);
    this.#http.sweep(nowMs);
    this.#webrtc.sweep(nowMs);
    this.#webtransport?.sweep(nowMs);
    this.#viewers.sweep(nowMs);
    this.#slowWriters.settle([
      ...this.#rtmp.writers,
      ...this.#http.writers,
      ...this.#webtransport?.writers ?? [],
    ]);
    const { webrtc } = this.#context.settings;
    this.#streams.sweep(nowMs, (pictures) => pictureRefusal(pictures, webrtc));
    void this.#routes.list.tick();
    this.#routes.events.tick(Date.now());
    void this.#routes.whep.followers.tick();
    const { clients, access } = this.#context;
    // They were asked about while other settings were there, and let in when those were gone.
    void recheckClients(clients.takeLate(), access, { revoke: [], recheck: true });
    this.#control.send({ kind: "report", streams: this.#streams.report() });
  }

  async #configure(message: Extract<ToShard, { kind: "configure" }>): Promise<void> {
    const { settings } = message;
    const { places, certificate, clients, access, counters } = this.#context;
    Object.assign(this.#context.settings, settings);
    this.#access.configure(settings.access);
    for (const counted of COUNTED) places[counted].limit(settings.places[counted]);
    if (settings.tls !== undefined) certificate?.renew(settings.tls);
    this.#webtransport?.renew(settings.webtransport?.certificate);
    configureLogging(settings, () => counters.add("logLinesLeftOut"));
    const asked = clients.change(performance.now());
    // Before limits count: what somebody came with may not be what lets it in by then.
    const counts = new RevokedCounts(message.revoke, asked);
    await limitClients(asked, (request) => this.#access.decideHere(request));
    const rechecked = Promise.all([
      recheckClients(asked, access, message, counts),
      this.#routes.events.recheck(),
    ]);
    if (message.revoke.length > 0) {
      await Promise.race([
        rechecked,
        new Promise((resolve) => setTimeout(resolve, RECHECK_ANSWER_MS)),
      ]);
      this.#control.send({ kind: "configured", id: message.id, counts: counts.list });
    }
    await rechecked;
  }

  /** Viewers keep what they have, and those who ask are told that it is not ready. */
  #drain(keepsHttp: boolean): void {
    this.#readiness.isReady = false;
    this.#rtmp.drain();
    if (keepsHttp) return;
    this.#http.drain();
    this.#webtransport?.drain();
    this.#viewers.leave();
    this.#routes.whep.followers.sendAway();
  }

  async #stop(): Promise<void> {
    this.#readiness.isReady = false;
    clearInterval(this.#ticker);
    this.#meter.stop();
    this.#routes.list.close();
    this.#routes.whep.followers.close();
    const closing = [
      ...[this.#rtmp, this.#webrtc, this.#webtransport].map((listener) =>
        listener?.close(STOP_GRACE_MS)
      ),
      // Who follows events is among those whom it serves.
      this.#http.close(STOP_GRACE_MS + 2 * LAST_WORDS_MS),
    ];
    await this.#context.clients.gone(STOP_GRACE_MS + LAST_WORDS_MS);
    this.#outbox.flush();
    this.#control.send({ kind: "emptied" });
    await Promise.all(closing);
    await this.#access.close(STOP_GRACE_MS);
    this.#control.send({ kind: "stopped" });
  }
}

function shardStreams(
  { flushMs, rtmpFlushMs, windowMs, webrtc }: ShardSettings,
  control: ControlLink,
  counters: Counters,
  memory: MemoryBudget,
): Streams {
  const options = {
    flushMs,
    rtmpFlushMs,
    windowMs,
    maxPayloadSize: maxPayloadSize(webrtc),
    memory,
  };
  return new Streams(control, options, {
    jumped: () => counters.add("viewersJumped"),
    starved: (count) => counters.add("memoryEnded", count),
  });
}

/** Of whose coming and going control is told. */
function shardClients(outbox: EventOutbox, counters: Counters, streams: Streams): Clients {
  return new Clients(counters, (change) => {
    outbox.add(() => clientEvent(change, (path) => streams.byPath(path)?.entry.streamId));
  });
}

function shardAccess(
  settings: ShardSettings,
  control: ControlLink,
  counters: Counters,
): ConfiguredAccess {
  return new ConfiguredAccess(settings.access, {
    askFunction: settings.asksFunction ? (request) => control.askFunction(request) : undefined,
    observer: {
      answered: (_hook, event, outcome, tookMs) =>
        counters.observe("hookTime", { hook: event, outcome }, tookMs / 1000),
      noticeLost: () => counters.add("hookNoticesLost"),
    },
    nowMs: () => Date.now(),
  });
}

/** Tells the program that the gateway is embedded in, if it wants to know. */
function sessionListener(
  { tellsBegins, tellsEnds }: ShardSettings,
  control: ControlLink,
): SessionListener {
  return {
    began: tellsBegins ? (session) => control.send({ kind: "session-began", session }) : undefined,
    ended: tellsEnds ? (session) => control.send({ kind: "session-ended", session }) : undefined,
  };
}

const post = (message: ToControl) => self.postMessage(message);

async function start(message: StartMessage): Promise<Shard | undefined> {
  const counters = new Counters(message.counters, message.shard);
  configureLogging(message.settings, () => counters.add("logLinesLeftOut"));
  setConnectionIdPrefix(message.shard);
  try {
    const shard = await Shard.open(message, post);
    post({ kind: "listening" });
    return shard;
  } catch (error) {
    post({ kind: "listen-failed", reason: error instanceof Error ? error.message : `${error}` });
    return undefined;
  }
}

let starting: Promise<Shard | undefined> | undefined;

self.addEventListener("message", async ({ data }: MessageEvent<ToShard>) => {
  if (data.kind === "start") starting = start(data);
  else (await starting)?.handle(data);
});
