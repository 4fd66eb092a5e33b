import { getLogger, type Logger } from "@logtape/logtape";
import type { RtpAudience } from "../../egress/rtp_audience.ts";
import { PacketArena } from "../../srtp/packet_arena.ts";
import { createDtlsCertificate, type DtlsCertificate } from "../../webrtc/dtls/certificate.ts";
import { createIceCredentials, type IceCredentials } from "../../webrtc/ice/credentials.ts";
import type { TransportAddress } from "../../address/transport_address.ts";
import type { MemoryHolding } from "../../stream/memory_holding.ts";
import { peerText } from "../../address/address_source.ts";
import { ConnectionListener } from "../net/connection_listener.ts";
import type { Counters } from "../counters.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { IceTcpConnection } from "./ice_tcp.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { Place, type Refusal } from "../net/places.ts";
import { RtpPump } from "./rtp_pump.ts";
import type { ShardPlaces } from "../shard_places.ts";
import {
  loggedSessionId,
  type SessionEvents,
  type SessionMedia,
  type SessionPaths,
  WebrtcSession,
} from "./session.ts";
import { addressKey, WebrtcSessions } from "./sessions.ts";

const logger = getLogger(["sluice", "webrtc"]);

/** A new viewer, as its offer and the answer have it. */
export interface NewSession {
  readonly audience: RtpAudience;
  readonly media: SessionMedia;
  readonly local: IceCredentials;
  readonly remoteUfrag: string | undefined;
  readonly remotePassword: string | undefined;
  /** The address that it was asked for from: a proxy's, if there is one that is not trusted. */
  readonly from: Pick<Deno.NetAddr, "hostname" | "port">;
  /** What it has of the memory, if that is counted. */
  readonly held?: MemoryHolding;
  /** For logs. */
  readonly path: string;
  /** Of the connection that it was asked for over. */
  readonly log: Logger;
}

/** A viewer's place, and the one that it has beside until it is connected. */
interface ViewerPlaces {
  readonly newcomer: Place;
  readonly viewer: Place;
}

/** What is known of a viewer here, beside what it asked for. */
interface Opened {
  readonly places: ViewerPlaces;
  readonly sessionTag: number;
  readonly openedMs: number;
  /** It knows the viewer's address and id. */
  readonly log: Logger;
}

/** What a shard's WebRTC needs of it. */
export interface WebrtcContext {
  readonly settings: ShardSettings;
  readonly counters: Counters;
  /** The number of the shard, which its viewers' resources bear. */
  readonly shard: number;
  readonly places: Pick<
    ShardPlaces,
    "webrtcNewcomers" | "webrtcViewers" | "webrtcTcpConnections"
  >;
}

/** The WebRTC viewers of a shard, on its UDP socket and TCP port. */
export class WebrtcEndpoint implements SessionPaths {
  readonly certificate: DtlsCertificate;
  readonly #context: WebrtcContext;
  readonly #socket: DatagramSocket | undefined;
  readonly #tcp: ConnectionListener;
  readonly #pump: RtpPump;
  readonly #arena = new PacketArena();
  readonly #sessions = new WebrtcSessions();
  /** By `addressKey`. */
  readonly #tcpConnections = new Map<string, IceTcpConnection>();

  private constructor(context: WebrtcContext, certificate: DtlsCertificate) {
    const { settings, counters, places } = context;
    const { host, webrtc: { udpPort, tcpPort }, timeouts } = settings;
    this.#context = context;
    this.certificate = certificate;
    this.#socket = udpPort === undefined ? undefined : new DatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname: host, port: udpPort }),
      (datagram, from) => this.#receive(datagram, from as TransportAddress),
    );
    this.#pump = new RtpPump(this.#socket);
    const events = {
      received: (frame: Uint8Array, connection: IceTcpConnection) =>
        this.#receive(frame, connection.address),
      closed: (connection: IceTcpConnection) => this.#onTcpClosed(connection),
    };
    this.#tcp = new ConnectionListener(Deno.listen({ hostname: host, port: tcpPort }), {
      protocol: "webrtc",
      places: places.webrtcTcpConnections,
      counterNames: {
        accepted: "webrtcTcpConnectionsAccepted",
        refused: "webrtcTcpConnectionsRefused",
        aborted: "webrtcTcpConnectionsAborted",
      },
      connect: (conn, nowMs, { place }) => {
        const connection = new IceTcpConnection(conn, events, nowMs, timeouts.stallMs, place);
        this.#tcpConnections.set(addressKey(connection.address), connection);
        return connection;
      },
    }, counters);
  }

  /** Listens; rejects with what `Deno.listen` throws. */
  static async open(context: WebrtcContext): Promise<WebrtcEndpoint> {
    const certificate = await createDtlsCertificate();
    const endpoint = new WebrtcEndpoint(context, certificate);
    void endpoint.#socket?.run();
    void endpoint.#tcp.run();
    return endpoint;
  }

  /** Viewers, those that are still connecting included. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Why there is no room for a viewer that is asked for from an address. */
  refusal(hostname: string): Refusal | undefined {
    const { webrtcViewers, webrtcNewcomers } = this.#context.places;
    return webrtcViewers.refusal(hostname) ?? webrtcNewcomers.refusal(hostname);
  }

  /** New credentials, which no viewer here has. */
  createCredentials(): IceCredentials {
    return createIceCredentials(random);
  }

  /** Waits for a viewer that was answered, if there is room for it. */
  open(viewer: NewSession): WebrtcSession | Refusal {
    const { audience, media, local, remoteUfrag, remotePassword, from, path } = viewer;
    const { counters, shard, settings: { webrtc: { connectMs, consentMs } } } = this.#context;
    const places = this.#take(from.hostname);
    if ("reason" in places) return places;
    const openedMs = performance.now();
    const sessionTag = this.#sessions.nextTag();
    const id = `${shard}.${random(16).toHex()}`;
    const loggedId = loggedSessionId(id);
    const log = logger.with({ id: loggedId, peer: peerText(from) });
    const session = new WebrtcSession({
      id,
      audience,
      media,
      peer: {
        local,
        // Copies: a part of a text keeps the whole offer alive.
        remoteUfrag: structuredClone(remoteUfrag),
        remotePassword: structuredClone(remotePassword),
        certificate: this.certificate,
        connectMs,
        consentMs,
        sessionTag,
        random,
        nowMs: openedMs,
      },
      arena: this.#arena,
      pump: this.#pump,
      paths: this,
      viewerEvents: {
        jumped: () => counters.add("viewersJumped"),
        resent: (count) => counters.add("webrtcPacketsResent", count),
        nacked: () => counters.add("webrtcNacks"),
        keyFrameRequested: () => counters.add("webrtcKeyFrameRequests"),
      },
      events: this.#eventsOf(viewer, { places, sessionTag, openedMs, log }),
    });
    viewer.log.debug("{peer} is viewer {viewer} of {path}", { viewer: loggedId, path });
    const giveWay = () => session.end("it gave way to another, as it is not connected");
    for (const place of [places.newcomer, places.viewer]) place.offer(giveWay);
    counters.add("webrtcViewersAccepted");
    counters.add("viewers");
    this.#sessions.add(session, sessionTag);
    audience.add(session);
    return session;
  }

  session(id: string): WebrtcSession | undefined {
    return this.#sessions.byId(id);
  }

  /** Begins an ICE restart of a session; the new credentials. */
  restart(session: WebrtcSession, remote: IceCredentials): IceCredentials {
    const local = this.createCredentials();
    session.peer.restart(local, remote);
    this.#sessions.addUfrag(session, local.ufrag);
    return local;
  }

  /** Looks after time-outs. To be called every second. */
  sweep(nowMs: number): void {
    this.#tcp.sweep(nowMs);
    for (const session of this.#sessions.all()) {
      try {
        session.tick(nowMs);
      } catch (error) {
        // A defect of ours, which must not keep the time of all others.
        logger.error("Cannot look after a viewer: {error}", { id: session.loggedId, error });
      }
    }
  }

  /** Ends all viewers and closes the ports. */
  async close(graceMs: number): Promise<void> {
    for (const session of this.#sessions.all()) session.end("the server stops");
    this.#pump.close();
    await this.#tcp.close(graceMs);
    await this.#socket?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  send(datagram: Uint8Array, to: TransportAddress): void {
    if (to.transport === "tcp") this.#tcpConnections.get(addressKey(to))?.send(datagram);
    else this.#socket?.send(datagram, to as Deno.NetAddr);
  }

  sendAll(datagrams: readonly Uint8Array[], to: TransportAddress): void {
    const { counters } = this.#context;
    counters.add("webrtcPacketsSent", datagrams.length);
    counters.add("webrtcBytesSent", lengthOf(datagrams));
    if (to.transport === "tcp") {
      this.#tcpConnections.get(addressKey(to))?.sendAll(datagrams);
    } else {
      for (const datagram of datagrams) this.#socket?.send(datagram, to as Deno.NetAddr);
    }
  }

  isReady(to: TransportAddress): boolean {
    return to.transport === "udp" || this.#tcpConnections.get(addressKey(to))?.isReady === true;
  }

  #receive(datagram: Uint8Array, from: TransportAddress): void {
    const session = this.#sessions.of(datagram, from);
    if (session === undefined) return this.#context.counters.add("webrtcDatagramsDropped");
    session.peer.receive(datagram, from, performance.now());
  }

  #onAddressKnown(session: WebrtcSession, address: TransportAddress): void {
    const isIts = this.#sessions.claimAddress(session, address, performance.now());
    const connection = isIts ? this.#tcpConnections.get(addressKey(address)) : undefined;
    if (connection === undefined) return;
    connection.prove();
    connection.onReady = () => session.notify();
  }

  /** What becomes of a viewer, as this endpoint and its log have it. */
  #eventsOf(
    { path, held }: NewSession,
    { places, sessionTag, openedMs, log }: Opened,
  ): SessionEvents {
    const { counters } = this.#context;
    return {
      connected: ({ peer: { route } }) => {
        // A handshake over that address is more than a stranger can do for others.
        places.newcomer.leave();
        places.viewer.keep();
        log.info("{peer}: a viewer of {path} is connected by {transport} to {address}", {
          path,
          transport: route?.transport,
          address: route && peerText(route),
        });
      },
      addressKnown: (session, address) => this.#onAddressKnown(session, address),
      addressProven: (session, address) => this.#sessions.takeAddress(session, address),
      consentLost: () => {
        counters.add("webrtcConsentsLost");
        log.info("{peer}: a viewer of {path} does not answer any more: its media stop", { path });
      },
      addressRetired: (session, address) => this.#forgetAddress(session, address),
      ufragRetired: (ufrag) => this.#sessions.removeUfrag(ufrag),
      dropped: (reason) => {
        counters.add("webrtcDatagramsDropped");
        if (reason === "authentication") counters.add("webrtcAuthenticationFailures");
      },
      failed: () => counters.add("webrtcViewersFailed"),
      ended: (session, reason) => {
        this.#sessions.remove(session, sessionTag);
        places.newcomer.leave();
        places.viewer.leave();
        held?.close();
        this.#onEnded(session, reason, { path, log, openedMs });
      },
    };
  }

  #take(hostname: string): ViewerPlaces | Refusal {
    const { webrtcViewers, webrtcNewcomers } = this.#context.places;
    const newcomer = webrtcNewcomers.take(hostname);
    if (!(newcomer instanceof Place)) return newcomer;
    const viewer = webrtcViewers.take(hostname);
    if (viewer instanceof Place) return { newcomer, viewer };
    newcomer.leave();
    return viewer;
  }

  #onTcpClosed(connection: IceTcpConnection): void {
    this.#tcpConnections.delete(addressKey(connection.address));
    this.#sessions.dropAddress(connection.address);
  }

  #onEnded(
    session: WebrtcSession,
    reason: string,
    { path, log, openedMs }: { path: string } & Pick<Opened, "log" | "openedMs">,
  ): void {
    const { counters } = this.#context;
    const { packetsSent, reception } = session.describe();
    log.info(
      "{peer}: a viewer of {path} is gone: {reason} ({seconds} s, {packetsSent} packets sent, {lost} lost)",
      {
        path,
        reason,
        seconds: Math.round((performance.now() - openedMs) / 100) / 10,
        packetsSent,
        lost: reception?.tracks.reduce((sum, track) => sum + track.cumulativeLost, 0) ?? 0,
      },
    );
    counters.add("viewers", -1);
    for (const address of session.peer.addresses) this.#forgetAddress(session, address);
  }

  /** An address is a viewer's no more: if that is a connection, it is good for nothing. */
  #forgetAddress(session: WebrtcSession, address: TransportAddress): void {
    if (!this.#sessions.leaveAddress(session, address)) return;
    this.#tcpConnections.get(addressKey(address))?.stop();
  }
}

function lengthOf(datagrams: readonly Uint8Array[]): number {
  let length = 0;
  for (const datagram of datagrams) length += datagram.length;
  return length;
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
