import { getLogger } from "@logtape/logtape";
import type { RtpAudience } from "../egress/rtp_audience.ts";
import { PacketArena } from "../srtp/packet_arena.ts";
import { createDtlsCertificate, type DtlsCertificate } from "../webrtc/dtls_certificate.ts";
import { createIceCredentials, type IceCredentials } from "../webrtc/ice_credentials.ts";
import { stunUsername } from "../webrtc/stun.ts";
import { answeredSessionTag } from "../webrtc/stun_check.ts";
import type { TransportAddress } from "../webrtc/transport_address.ts";
import { AddressCounts } from "./address_counts.ts";
import { ConnectionListener } from "./connection_listener.ts";
import type { Counters } from "./counters.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { IceTcpConnection } from "./ice_tcp.ts";
import type { ShardSettings } from "./messages.ts";
import { RtpPump } from "./rtp_pump.ts";
import { type SessionMedia, type SessionPaths, WebrtcSession } from "./webrtc_session.ts";

const logger = getLogger(["sluice", "webrtc"]);

/** Each viewer may try several pairs of addresses. */
const TCP_CONNECTIONS_PER_VIEWER = 2;
/** Connections that have yet to prove that they belong to a viewer. */
const TCP_STRANGERS = 64;

/** A new viewer, as its offer and the answer have it. */
export interface NewSession {
  readonly audience: RtpAudience;
  readonly media: SessionMedia;
  readonly local: IceCredentials;
  readonly remoteUfrag: string | undefined;
  readonly remotePassword: string | undefined;
  /** The address that it was asked for from: a proxy's, if there is one. */
  readonly from: string;
  /** For logs. */
  readonly path: string;
}

/** What a shard's WebRTC needs of it. */
export interface WebrtcContext {
  readonly settings: ShardSettings;
  readonly counters: Counters;
  /** The number of the shard, which its viewers' resources bear. */
  readonly shard: number;
}

/** The WebRTC viewers of a shard, on its UDP socket and TCP port. */
export class WebrtcEndpoint implements SessionPaths {
  readonly certificate: DtlsCertificate;
  readonly #context: WebrtcContext;
  readonly #socket: DatagramSocket | undefined;
  readonly #tcp: ConnectionListener;
  readonly #pump: RtpPump;
  readonly #arena = new PacketArena();
  readonly #sessions = new Map<string, WebrtcSession>();
  readonly #viewersByAddress = new AddressCounts();
  readonly #byUfrag = new Map<string, WebrtcSession>();
  /** By `addressKey`: whoever proved the address last, else whoever a valid check came from first. */
  readonly #byAddress = new Map<string, WebrtcSession>();
  /** By the number that answers to checks of ours bear. */
  readonly #byTag = new Map<number, WebrtcSession>();
  #lastTag = 0;
  readonly #tcpConnections = new Map<string, IceTcpConnection>();

  private constructor(context: WebrtcContext, certificate: DtlsCertificate) {
    const { settings, counters } = context;
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
    const maxConnections = TCP_CONNECTIONS_PER_VIEWER * settings.webrtc.maxViewers + TCP_STRANGERS;
    this.#tcp = new ConnectionListener(Deno.listen({ hostname: host, port: tcpPort }), {
      protocol: "webrtc",
      maxConnections,
      maxConnectionsPerAddress: maxConnections,
      counterNames: {
        connections: "webrtcTcpConnections",
        accepted: "webrtcTcpConnectionsAccepted",
        refused: "webrtcTcpConnectionsRefused",
        aborted: "webrtcTcpConnectionsAborted",
      },
      connect: (conn, nowMs) => {
        const connection = new IceTcpConnection(conn, events, nowMs, timeouts.stallMs);
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

  /** Viewers that were asked for from an address. */
  viewersFrom(hostname: string): number {
    return this.#viewersByAddress.of(hostname);
  }

  /** New credentials, which no viewer here has. */
  createCredentials(): IceCredentials {
    return createIceCredentials(random);
  }

  /** Waits for a viewer that was answered. */
  open(
    { audience, media, local, remoteUfrag, remotePassword, from, path }: NewSession,
  ): WebrtcSession {
    const { counters, shard, settings } = this.#context;
    const sessionTag = this.#lastTag = (this.#lastTag + 1) >>> 0;
    const session = new WebrtcSession({
      id: `${shard}.${random(16).toHex()}`,
      audience,
      media,
      peer: {
        local,
        // Copies: a part of a text keeps the whole offer alive.
        remoteUfrag: structuredClone(remoteUfrag),
        remotePassword: structuredClone(remotePassword),
        certificate: this.certificate,
        connectMs: settings.webrtc.firstCheckMs,
        consentMs: settings.webrtc.consentMs,
        sessionTag,
        random,
        nowMs: performance.now(),
      },
      arena: this.#arena,
      pump: this.#pump,
      paths: this,
      viewerEvents: {
        jumped: () => counters.add("viewersJumped"),
        resent: (count) => counters.add("webrtcPacketsResent", count),
        keyFrameRequested: () => counters.add("webrtcKeyFrameRequests"),
      },
      events: {
        connected: (session) => {
          logger.info("A viewer of {path} is connected by {transport}", {
            path,
            transport: session.peer.route?.transport,
          });
        },
        addressKnown: (session, address) => this.#onAddressKnown(session, address),
        addressProven: (session, address) => this.#byAddress.set(addressKey(address), session),
        consentLost: () => {
          counters.add("webrtcConsentsLost");
          logger.info("A viewer of {path} does not answer any more: its media stop", { path });
        },
        addressRetired: (session, address) => {
          const key = addressKey(address);
          if (this.#byAddress.get(key) === session) this.#byAddress.delete(key);
        },
        ufragRetired: (ufrag) => this.#byUfrag.delete(ufrag),
        dropped: (reason) => {
          counters.add("webrtcDatagramsDropped");
          if (reason === "authentication") counters.add("webrtcAuthenticationFailures");
        },
        failed: () => counters.add("webrtcViewersFailed"),
        ended: (session, reason) => {
          this.#byTag.delete(sessionTag);
          this.#viewersByAddress.remove(from);
          this.#onEnded(session, path, reason);
        },
      },
    });
    this.#viewersByAddress.add(from);
    counters.add("webrtcViewersAccepted");
    counters.add("webrtcViewers");
    counters.add("viewers");
    this.#sessions.set(session.id, session);
    this.#byUfrag.set(local.ufrag, session);
    this.#byTag.set(sessionTag, session);
    audience.add(session);
    return session;
  }

  session(id: string): WebrtcSession | undefined {
    return this.#sessions.get(id);
  }

  /** Begins an ICE restart of a session; the new credentials. */
  restart(session: WebrtcSession, remote: IceCredentials): IceCredentials {
    const local = this.createCredentials();
    session.peer.restart(local, remote);
    this.#byUfrag.set(local.ufrag, session);
    return local;
  }

  /** Looks after time-outs. To be called every second. */
  sweep(nowMs: number): void {
    this.#tcp.sweep(nowMs);
    for (const session of this.#sessions.values()) {
      try {
        session.tick(nowMs);
      } catch (error) {
        // A defect of ours, which must not keep the time of all others.
        logger.error("Cannot look after a viewer: {error}", { error });
      }
    }
  }

  /** Ends all viewers and closes the ports. */
  async close(graceMs: number): Promise<void> {
    for (const session of [...this.#sessions.values()]) session.end("the server stops");
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
    this.#context.counters.add("webrtcPacketsSent", datagrams.length);
    if (to.transport === "tcp") {
      this.#tcpConnections.get(addressKey(to))?.sendAll(datagrams);
    } else {
      for (const datagram of datagrams) this.#socket?.send(datagram, to as Deno.NetAddr);
    }
  }

  isReady(to: TransportAddress): boolean {
    return to.transport === "udp" || this.#tcpConnections.get(addressKey(to))?.isReady === true;
  }

  /** STUN finds its session by a name or number, everything else by the address. */
  #receive(datagram: Uint8Array, from: TransportAddress): void {
    const session = this.#sessionOf(datagram, from);
    if (session === undefined) return this.#context.counters.add("webrtcDatagramsDropped");
    session.peer.receive(datagram, from, performance.now());
  }

  #sessionOf(datagram: Uint8Array, from: TransportAddress): WebrtcSession | undefined {
    const tag = answeredSessionTag(datagram);
    if (tag !== undefined) return this.#byTag.get(tag);
    const username = stunUsername(datagram);
    return username === undefined
      ? this.#byAddress.get(addressKey(from))
      : this.#byUfrag.get(username.localUfrag);
  }

  /** An address that another viewer has proven is that viewer's, until it is proven again. */
  #onAddressKnown(session: WebrtcSession, address: TransportAddress): void {
    const key = addressKey(address);
    const owner = this.#byAddress.get(key);
    if (owner?.peer.isProven(address, performance.now())) return;
    this.#byAddress.set(key, session);
    const connection = address.transport === "tcp" ? this.#tcpConnections.get(key) : undefined;
    if (connection === undefined) return;
    connection.isProven = true;
    connection.onReady = () => session.notify();
  }

  #onTcpClosed(connection: IceTcpConnection): void {
    const key = addressKey(connection.address);
    this.#tcpConnections.delete(key);
    this.#byAddress.get(key)?.peer.removeAddress(connection.address);
    this.#byAddress.delete(key);
  }

  #onEnded(session: WebrtcSession, path: string, reason: string): void {
    const { counters } = this.#context;
    const { packetsSent, reception } = session.describe();
    logger.info("A viewer of {path} is gone: {reason} ({packetsSent} packets sent, {lost} lost)", {
      path,
      reason,
      packetsSent,
      lost: reception?.tracks.reduce((sum, track) => sum + track.cumulativeLost, 0) ?? 0,
    });
    counters.add("webrtcViewers", -1);
    counters.add("viewers", -1);
    this.#sessions.delete(session.id);
    for (const ufrag of session.peer.localUfrags) this.#byUfrag.delete(ufrag);
    for (const address of session.peer.addresses) {
      const key = addressKey(address);
      if (this.#byAddress.get(key) !== session) continue;
      this.#byAddress.delete(key);
      this.#tcpConnections.get(key)?.stop();
    }
  }
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function addressKey({ transport, hostname, port }: TransportAddress): string {
  return `${transport} ${hostname} ${port}`;
}
