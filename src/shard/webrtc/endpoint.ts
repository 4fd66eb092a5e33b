import { getLogger, type Logger } from "@logtape/logtape";
import type { RtpAudience } from "../../egress/rtp_audience.ts";
import { PacketArena } from "../../srtp/packet_arena.ts";
import { createDtlsCertificate, type DtlsCertificate } from "../../webrtc/dtls/certificate.ts";
import { createIceCredentials, type IceCredentials } from "../../webrtc/ice/credentials.ts";
import { PEER_LEFT } from "../../webrtc/peer.ts";
import type { TransportAddress } from "../../address/transport_address.ts";
import { peerText } from "../../address/address_source.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { LeftSessions } from "./left_sessions.ts";
import { RtpPump } from "./rtp_pump.ts";
import type { Ticket } from "../live/ticket.ts";
import type { ViewerRenditions } from "../live/viewer_renditions.ts";
import type { ShardPlaces } from "../shard_places.ts";
import { type SessionEvents, type SessionMedia, WebrtcSession } from "./session.ts";
import { type NewPublisher, type PublisherEvents, WebrtcPublisher } from "./publisher_session.ts";
import { WebrtcSockets } from "./sockets.ts";
import { type PeerSession, type PeerSessionEvents, WebrtcSessions } from "./sessions.ts";

const logger = getLogger(["sluice", "webrtc"]);

/** A new viewer, as its offer and the answer have it. */
export interface NewSession {
  readonly audience: RtpAudience;
  readonly media: SessionMedia;
  /** Of the pictures, for a viewer that is sent whichever fit. */
  readonly renditions: ViewerRenditions | undefined;
  /** The viewer has lost its pictures. */
  readonly wishKeyFrame: (trackId: number | undefined) => void;
  readonly local: IceCredentials;
  readonly remoteUfrag: string | undefined;
  readonly remotePassword: string | undefined;
  /** Whether data channels were offered. */
  readonly hasDataChannels: boolean;
  /** By {@linkcode WebrtcEndpoint.createId}. */
  readonly id: string;
  /** It is closed when the viewer is gone. */
  readonly ticket: Ticket;
  /** When the viewer asked for it, by `performance.now`. */
  readonly askedAtMs: number;
  /** Of the connection that it was asked for over. */
  readonly log: Logger;
  /** Called before it ends because its viewer needs another. */
  readonly renewed: () => void;
}

/** Slots of memory that packets are checked in, one at a time. */
const RECEIVING_SLOTS = 4;

/** What a shard's WebRTC needs of it. */
export interface WebrtcContext {
  readonly settings: ShardSettings;
  readonly counters: Counters;
  /** The number of the shard, which its viewers' resources bear. */
  readonly shard: number;
  readonly places: Pick<ShardPlaces, "webrtcTcpConnections">;
}

/** The WebRTC viewers and publishers of a shard, on its UDP socket and TCP port. */
export class WebrtcEndpoint {
  readonly certificate: DtlsCertificate;
  readonly #context: WebrtcContext;
  readonly #sockets: WebrtcSockets;
  readonly #pump: RtpPump;
  readonly #arena = new PacketArena();
  /** What is sent keeps its slots for a while: what is received may take none of them. */
  readonly #receivingArena = new PacketArena(RECEIVING_SLOTS);
  readonly #sessions = new WebrtcSessions();
  readonly #left = new LeftSessions();

  private constructor(context: WebrtcContext, certificate: DtlsCertificate) {
    this.#context = context;
    this.certificate = certificate;
    this.#sockets = new WebrtcSockets(context, {
      received: (datagram, from) => this.#receive(datagram, from),
      closed: (address) => this.#sessions.dropAddress(address),
    });
    this.#pump = new RtpPump(this.#sockets.udp);
  }

  /** Listens; rejects with what `Deno.listen` throws. */
  static async open(context: WebrtcContext): Promise<WebrtcEndpoint> {
    const certificate = await createDtlsCertificate();
    const endpoint = new WebrtcEndpoint(context, certificate);
    endpoint.#sockets.run();
    return endpoint;
  }

  /** A name for a viewer, which nobody can guess: who has it can end the viewer. */
  createId(): string {
    return `${this.#context.shard}.${random(16).toHex()}`;
  }

  /** New credentials, which no viewer here has. */
  createCredentials(): IceCredentials {
    return createIceCredentials(random);
  }

  /** Waits for a viewer that was answered. */
  open(viewer: NewSession): WebrtcSession {
    const { audience, media, renditions, local, remoteUfrag, remotePassword, id, ticket } = viewer;
    const { counters, settings: { webrtc: { connectMs, consentMs } } } = this.#context;
    const { path, from } = ticket.request;
    const sessionTag = this.#sessions.nextTag();
    const log = logger.with({ id: ticket.id, peer: peerText(from), path });
    const session = new WebrtcSession({
      id,
      audience,
      media,
      renditions,
      peer: {
        local,
        // Copies: a part of a text keeps the whole offer alive.
        remoteUfrag: structuredClone(remoteUfrag),
        remotePassword: structuredClone(remotePassword),
        certificate: this.certificate,
        connectMs,
        consentMs,
        sessionTag,
        hasDataChannels: viewer.hasDataChannels,
        random,
        nowMs: performance.now(),
      },
      arena: this.#arena,
      pump: this.#pump,
      paths: this.#sockets,
      viewerEvents: {
        jumped: () => {
          counters.add("viewersJumped");
          viewer.wishKeyFrame(session.videoTrack);
        },
        resent: (count) => counters.add("webrtcPacketsResent", count),
        nacked: () => counters.add("webrtcNacks"),
        narrowed: () => counters.add("webrtcLinksNarrow"),
        keyFrameRequested: () => {
          counters.add("webrtcKeyFrameRequests");
          viewer.wishKeyFrame(session.videoTrack);
        },
        keyFrameAwaited: () => viewer.wishKeyFrame(session.videoTrack),
      },
      events: this.#eventsOf(viewer, sessionTag, log),
    });
    viewer.log.debug("{peer} is viewer {viewer} of {path}", { viewer: ticket.id, path });
    ticket.begin(session);
    this.#sessions.add(session, sessionTag);
    audience.add(session);
    return session;
  }

  /** Waits for a publisher that was answered. */
  openPublisher(publisher: NewPublisher): WebrtcPublisher {
    const { id, publish, media, local, offer, hasDataChannels } = publisher;
    const { settings: { webrtc: { connectMs, consentMs } } } = this.#context;
    const sessionTag = this.#sessions.nextTag();
    const session = new WebrtcPublisher({
      id,
      publish,
      media,
      peer: {
        local,
        // Copies: a part of a text keeps the whole offer alive.
        remoteUfrag: structuredClone(offer.iceUfrag),
        remotePassword: structuredClone(offer.icePassword),
        peerFingerprints: structuredClone(offer.fingerprints),
        certificate: this.certificate,
        connectMs,
        consentMs,
        sessionTag,
        hasDataChannels,
        random,
        nowMs: performance.now(),
      },
      arena: this.#receivingArena,
      paths: this.#sockets,
      events: this.#publisherEvents(publisher, sessionTag),
    });
    this.#sessions.add(session, sessionTag);
    publisher.place.offer(() => session.end("it gave way to another one"));
    return session;
  }

  session(id: string): WebrtcSession | undefined {
    const session = this.#sessions.byId(id);
    return session instanceof WebrtcSession ? session : undefined;
  }

  publisher(id: string): WebrtcPublisher | undefined {
    const session = this.#sessions.byId(id);
    return session instanceof WebrtcPublisher ? session : undefined;
  }

  /** Whether a session's client has just ended its connection: asked for its end, it is told so once. */
  takeLeft(id: string): boolean {
    return this.#left.take(id, performance.now());
  }

  /** Ends a session, as its client wishes. */
  end(session: PeerSession): void {
    session.end(PEER_LEFT);
    this.#left.take(session.id, performance.now());
  }

  /** Begins an ICE restart of a session; the new credentials. */
  restart(session: PeerSession, remote: IceCredentials): IceCredentials {
    const local = this.createCredentials();
    session.restart(local, remote);
    this.#sessions.addUfrag(session, local.ufrag);
    return local;
  }

  /** Looks after time-outs. To be called every second. */
  sweep(nowMs: number): void {
    this.#sockets.sweep(nowMs);
    for (const session of this.#sessions.all()) {
      try {
        session.tick(nowMs);
      } catch (error) {
        // A defect of ours, which must not keep the time of all others.
        logger.error("Cannot look after a session: {error}", { id: session.loggedId, error });
      }
    }
  }

  /** Ends all sessions and closes the ports. */
  async close(graceMs: number): Promise<void> {
    for (const session of this.#sessions.all()) session.end("the server stops");
    this.#pump.close();
    await this.#sockets.close(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  #receive(datagram: Uint8Array, from: TransportAddress): void {
    const session = this.#sessions.of(datagram, from);
    if (session === undefined) return this.#context.counters.add("webrtcDatagramsDropped");
    session.peer.receive(datagram, from, performance.now());
  }

  #onAddressKnown(session: PeerSession, address: TransportAddress): boolean {
    const isIts = this.#sessions.claimAddress(session, address, performance.now());
    const connection = isIts ? this.#sockets.connection(address) : undefined;
    if (connection === undefined) return isIts;
    connection.prove();
    connection.onReady = () => session.notify();
    return isIts;
  }

  /** What becomes of a viewer, as this endpoint and its log have it. */
  #eventsOf(
    { ticket, askedAtMs, renewed }: NewSession,
    sessionTag: number,
    log: Logger,
  ): SessionEvents {
    const { counters } = this.#context;
    return {
      ...this.#peerEvents(sessionTag, (reason) => ticket.close(reason)),
      connected: ({ peer: { route } }) => {
        // A handshake over that address is more than a stranger can do for others.
        ticket.settle();
        log.debug("{peer}: a viewer of {path} is connected by {transport} to {address}", {
          transport: route?.transport,
          address: route && peerText(route),
        });
      },
      begun: () => counters.observeSince("joinTime", { protocol: "whep" }, askedAtMs),
      consentLost: () => {
        counters.add("webrtcConsentsLost");
        log.info("{peer}: a viewer of {path} does not answer any more: its media stop");
      },
      messageDropped: (count) => counters.add("webrtcMessagesDropped", count),
      failed: () => counters.add("webrtcViewersFailed"),
      renewed,
    };
  }

  #publisherEvents(
    { publish, place, settle, over }: NewPublisher,
    sessionTag: number,
  ): PublisherEvents {
    const { counters } = this.#context;
    const log = logger.with({ id: publish.id, path: publish.path });
    return {
      ...this.#peerEvents(sessionTag, () => {
        place.leave();
        over();
      }),
      connected: (session) => {
        place.leave();
        const lack = settle();
        if (lack !== undefined) {
          counters.add("memoryEnded");
          return session.end(lack);
        }
        const { route } = session.peer;
        log.debug("A publisher of {path} is connected by {transport} to {address}", {
          transport: route?.transport,
          address: route && peerText(route),
        });
      },
      consentLost: () => {
        counters.add("webrtcConsentsLost");
        log.info("A publisher of {path} does not answer any more");
      },
      packetNoted: (what) => counters.tally("receivedPackets", { what }),
      failed: () => counters.add("webrtcPublishersFailed"),
    };
  }

  /** What is the same for all sessions. */
  #peerEvents(sessionTag: number, over: (reason: string) => void): PeerSessionEvents<PeerSession> {
    const { counters } = this.#context;
    return {
      addressKnown: (session, address) => this.#onAddressKnown(session, address),
      addressProven: (session, address) => this.#sessions.takeAddress(session, address),
      addressRetired: (session, address) => this.#forgetAddress(session, address),
      ufragRetired: (ufrag) => this.#sessions.removeUfrag(ufrag),
      dropped: (reason) => {
        counters.add("webrtcDatagramsDropped");
        if (reason === "authentication") counters.add("webrtcAuthenticationFailures");
      },
      ended: (session, reason) => {
        this.#sessions.remove(session, sessionTag);
        if (reason === PEER_LEFT) this.#left.add(session.id, performance.now());
        for (const address of session.peer.addresses) this.#forgetAddress(session, address);
        over(reason);
      },
    };
  }

  /** An address is a viewer's no more: if that is a connection, it is good for nothing. */
  #forgetAddress(session: PeerSession, address: TransportAddress): void {
    if (!this.#sessions.leaveAddress(session, address)) return;
    this.#sockets.connection(address)?.stop();
  }
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
