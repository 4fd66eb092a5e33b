import { RtpViewer, type RtpViewerEvents } from "../../egress/rtp_viewer.ts";
import { isTransportCounted, type ViewerTrack } from "../../egress/viewer_track.ts";
import type { MessageListener, RtpAudience, RtpSubscriber } from "../../egress/rtp_audience.ts";
import type { ViewerQuality } from "../../egress/picture_thinner.ts";
import { type LinkDescription, ViewerLink } from "../../egress/viewer_link.ts";
import { eventMessage, type StreamMessage } from "../../egress/stream_messages.ts";
import type { Reception } from "../../rtp/receiver_report.ts";
import type { RtcpPacket } from "../../rtp/rtcp.ts";
import type { PacketArena } from "../../srtp/packet_arena.ts";
import type { SrtpMasterKey } from "../../srtp/key_derivation.ts";
import type { IceCredentials } from "../../webrtc/ice/credentials.ts";
import { Peer } from "../../webrtc/peer.ts";
import type { PeerOptions } from "../../webrtc/peer_options.ts";
import type { TransportAddress } from "../../address/transport_address.ts";
import type { ClientMeasures } from "../live/clients.ts";
import type { View } from "../live/ticket.ts";
import type { ViewerRenditions } from "../live/viewer_renditions.ts";
import { threadDelays } from "../thread_delays.ts";
import type { PumpedViewer, RtpPump } from "./rtp_pump.ts";
import { loggedSessionId, type PeerSession, type PeerSessionEvents } from "./sessions.ts";

/** A viewer that restarts ICE is asked for no echo for so long, if its checks do not come before. */
const MAX_RESTART_MS = 10_000;

/** Where a session's datagrams go. */
export interface SessionPaths {
  /** Sends an answer, or a part of a handshake. */
  send(datagram: Uint8Array, to: TransportAddress): void;
  /** Sends media, if {@linkcode isReady} says so. */
  sendAll(datagrams: readonly Uint8Array[], to: TransportAddress): void;
  isReady(to: TransportAddress): boolean;
}

/** What a session tells its endpoint. */
export interface SessionEvents extends PeerSessionEvents<WebrtcSession> {
  readonly connected: (session: WebrtcSession) => void;
  /** The first of its media is sent. */
  readonly begun: () => void;
  /** The viewer echoes nothing any more: its media stop until it does. */
  readonly consentLost: () => void;
  /** There was no room for so many messages on its data channels. */
  readonly messageDropped: (count: number) => void;
  /** The session has ended before media could be sent, and not because somebody wished so. */
  readonly failed: () => void;
  /** It ends because its viewer needs another. */
  readonly renewed: () => void;
}

/** What is sent to the viewer, as the answer says. */
export interface SessionMedia {
  readonly audio: ViewerTrack | undefined;
  readonly video: ViewerTrack | undefined;
  /** Whether pictures are wanted, and there were none. */
  readonly lacksVideo: boolean;
  readonly cname: string;
}

/** What a session is made of. */
export interface WebrtcSessionOptions {
  readonly id: string;
  readonly audience: RtpAudience;
  readonly media: SessionMedia;
  /** Of the pictures, for a viewer that is sent whichever fit. */
  readonly renditions: ViewerRenditions | undefined;
  readonly peer: Omit<PeerOptions, "events" | "transportFeedback">;
  readonly arena: PacketArena;
  readonly pump: RtpPump;
  readonly paths: SessionPaths;
  readonly events: SessionEvents;
  readonly viewerEvents: RtpViewerEvents;
}

/** What can be told of a viewer. */
export interface SessionDescription {
  /** What its media go over; `null` before it is connected. */
  readonly transport: "udp" | "tcp" | null;
  readonly packetsSent: number;
  /** Bytes of their payloads. */
  readonly bytesSent: number;
  /** How far what it is sent next is behind the newest. */
  readonly lagMs: number;
  /** How often it went on at a later picture. */
  readonly jumps: number;
  /** What it reports: loss, round trip, jitter, bitrate. */
  readonly reception: Reception | null;
  /** What of the pictures it is sent; `null` without pictures, or before it is connected. */
  readonly quality: ViewerQuality | null;
  /** The number of the track whose pictures it is sent; `null` if it is sent no other. */
  readonly videoTrack: number | null;
  /** What its link carries; `null` before it is connected. */
  readonly link: LinkDescription | null;
}

/** Data channels that a viewer may open, by their labels: what it is sent on them. */
const CHANNELS = { event: "sluice.events", cue: "sluice.cues" } as const;

/** A WebRTC viewer: its connection, and once that is up, its place in the stream. */
export class WebrtcSession
  implements PeerSession, PumpedViewer, RtpSubscriber, MessageListener, View {
  readonly id: string;
  readonly peer: Peer;
  readonly audience: RtpAudience;
  readonly #options: WebrtcSessionOptions;
  readonly #datagrams: Uint8Array[] = [];
  #viewer: RtpViewer | undefined;
  #hasBegun = false;
  #isOver = false;
  /** Where its media went last. */
  #sentTo: TransportAddress | undefined;
  /** Until then, its checks are to come under new names, for which it may have forgotten the old ones. */
  #restartsUntilMs = -Infinity;
  /** Whether it has opened a data channel on which it is told something. */
  #isListening = false;
  #toldQuality: ViewerQuality | null = null;

  constructor(options: WebrtcSessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.audience = options.audience;
    const { events, paths, media, renditions } = options;
    if (renditions !== undefined) renditions.onPackets = () => this.notify();
    this.peer = new Peer({
      ...options.peer,
      transportFeedback: isTransportCounted(media) ? "read" : "pass",
      events: {
        send: (datagram, to) => paths.send(datagram, to),
        connected: ({ local }) => this.#onConnected(local),
        rtcp: (packets) => this.#onRtcp(packets),
        channelOpened: ({ label }) => this.#onChannelOpened(label),
        roundTrip: (roundTripMs, sentMs) =>
          this.#viewer?.takeRoundTrip(roundTripMs, sentMs, performance.now()),
        addressKnown: (address) => events.addressKnown(this, address),
        addressProven: (address) => {
          events.addressProven(this, address);
          this.notify();
        },
        addressRetired: (address) => events.addressRetired(this, address),
        consentLost: () => {
          this.#viewer?.pause();
          events.consentLost();
        },
        ufragRetired: (ufrag) => {
          this.#restartsUntilMs = -Infinity;
          this.#changePath(this.peer.route);
          events.ufragRetired(ufrag);
        },
        dropped: (reason) => events.dropped(reason),
        ended: (reason) => {
          if (this.#viewer === undefined) events.failed();
          this.#finish(reason);
        },
      },
    });
  }

  /** {@linkcode loggedSessionId} of its id. */
  get loggedId(): string {
    return loggedSessionId(this.id);
  }

  /** How the viewer fares. */
  describe(): SessionDescription {
    return {
      transport: this.peer.route?.transport ?? null,
      packetsSent: this.#viewer?.packetCount ?? 0,
      bytesSent: this.#viewer?.octetCount ?? 0,
      lagMs: this.#viewer?.lagMs ?? 0,
      jumps: this.#viewer?.jumps ?? 0,
      reception: this.#viewer?.reception ?? null,
      quality: this.quality,
      videoTrack: this.videoTrack ?? null,
      link: this.#viewer?.link ?? null,
    };
  }

  get bytes(): number {
    return this.#viewer?.octetCount ?? 0;
  }

  measures(): ClientMeasures {
    const { bytesSent, lagMs, jumps, reception, quality, link } = this.describe();
    const tracks = reception?.tracks ?? [];
    const hasReports = tracks.some(({ reportCount }) => reportCount > 0);
    return {
      bytes: bytesSent,
      lagMs: this.#viewer === undefined ? null : lagMs,
      jumps,
      roundTripMs: reception?.roundTripMs ?? null,
      lossFraction: hasReports ? Math.max(...tracks.map((track) => track.lossFraction)) : null,
      packetsLost: hasReports ? tracks.reduce((sum, track) => sum + track.cumulativeLost, 0) : null,
      quality,
      estimatedBps: link?.estimateBps ?? null,
    };
  }

  /** What of the pictures it is sent, as far as its link carries them; `null` if there are none. */
  get quality(): ViewerQuality | null {
    return this.hasVideo && this.#viewer !== undefined ? this.#viewer.quality : null;
  }

  /** The number of the track whose pictures it is sent, if that may change. */
  get videoTrack(): number | undefined {
    return this.#viewer?.videoTrack;
  }

  get hasVideo(): boolean {
    return this.#options.media.video !== undefined;
  }

  get lacksVideo(): boolean {
    return this.#options.media.lacksVideo;
  }

  get nextMs(): number | undefined {
    return this.#viewer?.nextMs;
  }

  isReady(): boolean {
    const to = this.peer.route;
    return !this.#isOver && this.#viewer !== undefined && to !== undefined &&
      this.#options.paths.isReady(to);
  }

  sendNext(nowMs: number, unixMs: number): boolean {
    const viewer = this.#viewer;
    const to = this.peer.route;
    if (viewer === undefined || to === undefined) return false;
    if (to !== this.#sentTo) this.#changePath(to);
    this.#datagrams.length = 0;
    // By how much later the second is answered tells what lies between them.
    this.#askForEcho(viewer, nowMs);
    const hasMore = viewer.take(nowMs, unixMs, this.#datagrams);
    if (this.#datagrams.length > 0) this.#send(to);
    this.#askForEcho(viewer, nowMs);
    return hasMore;
  }

  /** One that cannot be asked for is as good as lost. */
  #askForEcho(viewer: RtpViewer, nowMs: number): void {
    if (nowMs < this.#restartsUntilMs || !viewer.wantsEcho(nowMs)) return;
    threadDelays.watch(nowMs);
    this.peer.askForEcho(viewer.echoAsked(nowMs));
  }

  #changePath(to: TransportAddress | undefined): void {
    this.#sentTo = to;
    if (to !== undefined) this.#viewer?.changePath(to.transport, performance.now());
  }

  #send(to: TransportAddress): void {
    this.#options.paths.sendAll(this.#datagrams, to);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#options.events.begun();
  }

  /** There are new packets. */
  notify(): void {
    if (this.#viewer !== undefined) this.#options.pump.wake(this);
  }

  /** A second has passed. */
  tick(nowMs: number): void {
    this.peer.handleTimeout(nowMs);
    this.#viewer?.tick();
    if (this.#isListening) this.#tellQuality();
  }

  /** There is something to be told on data channels. */
  hear({ kind, text }: StreamMessage): void {
    const dropped = this.peer.sendText(CHANNELS[kind], text, performance.now());
    if (dropped > 0) this.#options.events.messageDropped(dropped);
  }

  #onChannelOpened(label: string): void {
    if (label !== CHANNELS.event && label !== CHANNELS.cue) return;
    this.#isListening = true;
    const current = this.audience.listen(this);
    if (label === CHANNELS.cue) return;
    for (const message of current) this.hear(message);
    this.#toldQuality = null;
    this.#tellQuality();
  }

  #tellQuality(): void {
    const { quality } = this;
    if (quality === this.#toldQuality) return;
    this.#toldQuality = quality;
    this.hear(eventMessage("quality", { quality }));
  }

  renew(reason: string): void {
    this.#options.events.renewed();
    this.end(reason);
  }

  restart(local: IceCredentials, remote: IceCredentials): void {
    this.peer.restart(local, remote);
    this.#restartsUntilMs = performance.now() + MAX_RESTART_MS;
    this.#changePath(this.peer.route);
  }

  /** Ends the session and tells the viewer. */
  end(reason: string): void {
    this.peer.close();
    this.#finish(reason);
  }

  #onConnected(master: SrtpMasterKey): void {
    const { audience, media, renditions, arena, viewerEvents, events } = this.#options;
    this.#sentTo = this.peer.route;
    this.#viewer = new RtpViewer({
      feed: audience.feed,
      ...media,
      renditions,
      link: new ViewerLink(performance.now(), this.peer.route?.transport, threadDelays),
      arena,
      master,
      events: viewerEvents,
    });
    events.connected(this);
    this.notify();
  }

  #onRtcp(packets: readonly RtcpPacket[]): void {
    const to = this.peer.route;
    if (this.#viewer === undefined || to === undefined) return;
    this.#viewer.handle(packets, performance.now());
    // What is asked for again over TCP was not lost, only late.
    if (to.transport === "tcp") return;
    this.#viewer.resend(packets);
    this.notify();
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.pump.remove(this);
    this.audience.remove(this);
    this.audience.unlisten(this);
    this.#options.renditions?.closeAll();
    this.#options.events.ended(this, reason);
    this.#viewer?.close();
  }
}
