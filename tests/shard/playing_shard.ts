/** Shards in this process that play over sockets, for tests of who may and who is there. */
import type { Access } from "../../src/access/access.ts";
import { RequestForwarder } from "../../src/control/request_forwarder.ts";
import { CountedAccess } from "../../src/shard/counted_access.ts";
import { ControlLink } from "../../src/shard/control_link.ts";
import { allocateCounters, Counters } from "../../src/metrics/counters.ts";
import { HttpConnection } from "../../src/shard/http/serving/connection.ts";
import { HttpRoutes } from "../../src/shard/http/routes.ts";
import type { Clients } from "../../src/shard/live/clients.ts";
import type { Streams } from "../../src/shard/live/streams.ts";
import type { Viewers } from "../../src/shard/live/viewers.ts";
import type { ToShard } from "../../src/shard/messages.ts";
import { setConnectionIdPrefix } from "../../src/shard/net/connection_id.ts";
import { ConnectionListener } from "../../src/shard/net/connection_listener.ts";
import { listenRtmp } from "../../src/shard/rtmp/listener.ts";
import { WebrtcEndpoint } from "../../src/shard/webrtc/endpoint.ts";
import { WebtransportEndpoint } from "../../src/shard/webtransport/endpoint.ts";
import { createSelfSigned } from "../../src/tls/self_signed.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import type { SessionServer } from "../../testing/http3/session_client.ts";
import { OPUS_CONFIGURATION, opusFrame } from "../../testing/media/enhanced_samples.ts";
import { openMemory } from "./open_memory.ts";
import { SHARD_SETTINGS, testPlaces, testViewers } from "./shard_settings.ts";
import { testStreams } from "./test_streams.ts";

const OFFER = Deno.readTextFileSync(
  new URL("../../testing/fixtures/webrtc_offer_chromium_audio.sdp", import.meta.url),
);

const CERTIFICATE = createSelfSigned({
  names: ["localhost"],
  notBeforeMs: Date.now() - 3_600_000,
  notAfterMs: Date.now() + 3_600_000,
  serialNumber: crypto.getRandomValues(new Uint8Array(16)),
});

/** How long a player waits for a stream that is not there. */
const PLAY_WAIT_MS = 50;

/** Several shards, and what carries their messages. */
export class PlayingShards implements AsyncDisposable {
  readonly shards: PlayingShard[] = [];
  readonly #counters: SharedArrayBuffer;
  readonly #forwarder = new RequestForwarder((shard, message) => this.#send(shard, message));

  private constructor(count: number) {
    this.#counters = allocateCounters(count);
  }

  static async start(count: number, access: Access): Promise<PlayingShards> {
    const all = new PlayingShards(count);
    for (let shard = 0; shard < count; shard++) {
      const control = new ControlLink((message) => {
        const nowMs = performance.now();
        if (message.kind === "events-follow" && message.isFollowing) {
          // Nothing has changed yet.
          queueMicrotask(() => all.shards[shard]!.routes.events.take(1, []));
        }
        if (message.kind === "forward") return all.#forwarder.forward(shard, message, nowMs);
        if (message.kind !== "forwarded-response") return;
        all.#forwarder.respond(shard, message.requestId, message.response);
      });
      const counters = new Counters(all.#counters, shard);
      all.shards.push(
        await PlayingShard.start(shard, {
          access: new CountedAccess(access, counters),
          control,
          counters,
        }),
      );
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shard of this.shards) await shard[Symbol.asyncDispose]();
  }

  #send(to: number, message: ToShard): boolean {
    const shard = this.shards[to];
    if (shard === undefined) return false;
    const copy = structuredClone(message);
    if (copy.kind === "forward-reply") shard.control.settle(copy);
    if (copy.kind !== "forwarded-request") return true;
    const { requestId, from, request } = copy;
    void shard.routes.answerForwarded(request).then((response) => {
      shard.control.send({ kind: "forwarded-response", requestId, to: from, response });
    });
    return true;
  }
}

interface ShardParts {
  readonly access: Access;
  readonly control: ControlLink;
  readonly counters: Counters;
}

/** One shard: RTMP and HTTP on ports of its own. */
export class PlayingShard implements AsyncDisposable {
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly streams: Streams;
  readonly viewers: Viewers;
  readonly clients: Clients;
  readonly routes: HttpRoutes;
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly webtransport: SessionServer;
  readonly #webtransport: WebtransportEndpoint;
  readonly #webrtc: WebrtcEndpoint;
  readonly #rtmp: ConnectionListener;
  readonly #http: ConnectionListener;
  readonly #shard: number;
  readonly #publications: Publication[] = [];
  readonly #writers: LogWriter[] = [];
  #streamIds = 0;

  private constructor(
    shard: number,
    { access, control, counters }: ShardParts,
    webrtc: WebrtcEndpoint,
    places: ReturnType<typeof testPlaces>,
  ) {
    const memory = openMemory();
    const timeouts = { ...SHARD_SETTINGS.timeouts, playWaitMs: PLAY_WAIT_MS };
    const settings = { ...SHARD_SETTINGS, timeouts };
    this.#shard = shard;
    this.control = control;
    this.counters = counters;
    this.#webrtc = webrtc;
    this.streams = testStreams(control, memory);
    const people = testViewers(counters, { ...places, memory, access, shard });
    this.clients = people.clients;
    this.viewers = people.viewers;
    const { streams } = this;
    const readiness = { isReady: true };
    const shared = { settings, access, streams, control, counters, memory };
    const common = { ...shared, ...people, ...places };
    const assets = [{ path: "/", contentType: "text/html", body: "" }];
    this.#webtransport = new WebtransportEndpoint(common, {
      port: 0,
      certificate: CERTIFICATE,
      names: [],
    });
    const { port } = this.#webtransport.facts;
    this.webtransport = { port, certificate: CERTIFICATE.certificate };
    const webtransport = this.#webtransport;
    this.routes = new HttpRoutes({ ...common, assets, webrtc, webtransport, readiness });
    const rtmp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.rtmpPort = rtmp.addr.port;
    this.#rtmp = listenRtmp(common, this.#named(rtmp));
    const http = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.httpPort = http.addr.port;
    const answer = this.routes.answer.bind(this.routes);
    this.#http = new ConnectionListener(this.#named(http), {
      protocol: "http",
      places: places.places.httpConnections,
      counterNames: {
        accepted: "httpConnectionsAccepted",
        refused: "httpConnectionsRefused",
        aborted: "httpConnectionsAborted",
      },
      connect: (conn, nowMs, accepted) =>
        new HttpConnection(
          conn,
          { counters, memory, timeouts, proxies: places.proxies, answer },
          nowMs,
          accepted,
        ),
    }, counters);
    void this.#rtmp.run();
    void this.#http.run();
    this.#webtransport.run();
  }

  static async start(shard: number, parts: ShardParts): Promise<PlayingShard> {
    const { counters } = parts;
    const places = testPlaces(counters);
    const webrtc = await WebrtcEndpoint.open({
      settings: SHARD_SETTINGS,
      counters,
      shard,
      places: places.places,
    });
    return new PlayingShard(shard, parts, webrtc, places);
  }

  /** A stream of sound that every way to play can carry; returns what sends so many frames of it. */
  open(path: string): (frames: number, bytes?: number) => void {
    const shared = LogWriter.allocate(1 << 24);
    const writer = new LogWriter(shared, { windowMs: 10_000 });
    const publication = new Publication(writer, { trackSettleMs: 0 });
    this.#publications.push(publication);
    this.#writers.push(writer);
    this.streams.open({ streamId: ++this.#streamIds, path, log: shared });
    writer.setState(LogState.live);
    publication.audio(0, OPUS_CONFIGURATION, performance.now());
    let timeMs = 0;
    return (frames, bytes = 0) => {
      for (let at = 0; at < frames; at++) {
        const frame = opusFrame();
        const body = new Uint8Array(frame.length + bytes);
        body.set(frame);
        publication.audio(timeMs += 20, body, performance.now());
      }
      publication.flush(performance.now());
    };
  }

  httpUrl(path: string): string {
    return `http://127.0.0.1:${this.httpPort}${path}`;
  }

  /** Asks for WebRTC with an offer of Chromium's. */
  offer(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const all = { "content-type": "application/sdp", ...headers };
    return fetch(this.httpUrl(path), { method: "POST", headers: all, body: OFFER });
  }

  /** Ends all streams. */
  async endStreams(): Promise<void> {
    const nowMs = performance.now();
    for (const publication of this.#publications.splice(0)) publication.close(nowMs);
    for (const writer of this.#writers.splice(0)) writer.setState(LogState.ended);
    for (let streamId = 1; streamId <= this.#streamIds; streamId++) {
      await this.streams.close(streamId);
    }
  }

  /** Whether a viewer over WebTransport does not take what it is sent. */
  get isViewerStuck(): boolean {
    return this.#webtransport.writers.some(({ pieceSinceMs }) => {
      return pieceSinceMs !== undefined && performance.now() - pieceSinceMs > 200;
    });
  }

  /** Lets a second pass. */
  sweep(nowMs = performance.now()): void {
    this.#rtmp.sweep(nowMs);
    this.#http.sweep(nowMs);
    this.#webrtc.sweep(nowMs);
    this.#webtransport.sweep(nowMs);
    this.viewers.sweep(nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nowMs = performance.now();
    for (const publication of this.#publications) publication.close(nowMs);
    await Promise.all(
      [this.#rtmp, this.#http, this.#webrtc, this.#webtransport].map((each) => each.close(0)),
    );
  }

  /** All shards are on one thread here: whose connection it is, its accept says. */
  #named(listener: Deno.TcpListener): Pick<Deno.TcpListener, "accept" | "close"> {
    return {
      accept: async () => {
        const conn = await listener.accept();
        setConnectionIdPrefix(this.#shard);
        return conn;
      },
      close: () => listener.close(),
    };
  }
}
