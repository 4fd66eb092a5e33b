import { getLogger } from "@logtape/logtape";
import { ReceivedMedia, type ReceivedMediaOptions } from "../../ingest/received_media.ts";
import type { RtpVerdict } from "../../ingest/rtp_verdict.ts";
import type { RtcpPacket } from "../../rtp/rtcp.ts";
import type { PacketArena } from "../../srtp/packet_arena.ts";
import { SrtcpSender } from "../../srtp/srtcp.ts";
import { SrtpReceiver, type SrtpRefusal } from "../../srtp/srtp_receiver.ts";
import { Peer } from "../../webrtc/peer.ts";
import type { PeerDropReason, PeerKeys, PeerOptions } from "../../webrtc/peer_options.ts";
import type { IceCredentials } from "../../webrtc/ice/credentials.ts";
import type { OfferedTransport } from "../../webrtc/sdp/offer.ts";
import type { Place } from "../net/places.ts";
import type { PublishSession } from "../live/publish_session.ts";
import type { LinkMeasures } from "../live/publish_source.ts";
import { loggedSessionId, type PeerSession, type PeerSessionEvents } from "./sessions.ts";
import type { SessionPaths } from "./session.ts";

const logger = getLogger(["sluice", "webrtc"]);

/** Deadlines that are so near to each other have one timer, and none comes sooner. */
const TIMER_SLACK_MS = 2;

/** What a publisher tells its endpoint. */
export interface PublisherEvents extends PeerSessionEvents<WebrtcPublisher> {
  readonly connected: (publisher: WebrtcPublisher) => void;
  /** It echoes nothing any more. */
  readonly consentLost: () => void;
  /** What became of a packet that was not simply taken. */
  readonly packetNoted: (what: Exclude<RtpVerdict, "taken">) => void;
  /** The session has ended before media could come, and not because somebody wished so. */
  readonly failed: () => void;
}

export interface WebrtcPublisherOptions {
  readonly id: string;
  /** What is received goes there; it is closed with the session. */
  readonly publish: PublishSession;
  readonly media: Omit<ReceivedMediaOptions, "nowMs">;
  readonly peer: Omit<PeerOptions, "events" | "transportFeedback">;
  /** Where packets are checked: it is no sender's. */
  readonly arena: PacketArena;
  readonly paths: SessionPaths;
  readonly events: PublisherEvents;
}

/** A new publisher, as its offer and the answer have it. */
export interface NewPublisher extends Pick<WebrtcPublisherOptions, "publish" | "media"> {
  /** By `WebrtcEndpoint.createId`. */
  readonly id: string;
  readonly local: IceCredentials;
  readonly offer: OfferedTransport;
  /** Whether data channels were offered. */
  readonly hasDataChannels: boolean;
  /** Until it is connected, it has a newcomer's place; then it leaves that. */
  readonly place: Place;
  /** It is connected, and takes more from now on: why that cannot be, if so. */
  readonly settle: () => string | undefined;
  /** The publisher is gone. */
  readonly over: () => void;
}

/** What can be told of a publisher. */
export interface PublisherDescription {
  /** What its media come over; `null` before it is connected. */
  readonly transport: "udp" | "tcp" | null;
  /** What was received; `null` before it is connected. */
  readonly media: ReturnType<ReceivedMedia["describe"]> | null;
}

/** A WebRTC publisher: its connection, and once that is up, what it sends. */
export class WebrtcPublisher implements PeerSession {
  readonly id: string;
  readonly peer: Peer;
  readonly publish: PublishSession;
  readonly #options: WebrtcPublisherOptions;
  #media: ReceivedMedia | undefined;
  #srtp: SrtpReceiver | undefined;
  #srtcp: SrtcpSender | undefined;
  #srtcpIndex = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  /** Key frames that were wished for when that was looked at last. */
  #keyFrameWishes = 0;
  #roundTripMs: number | null = null;
  #isOver = false;

  constructor(options: WebrtcPublisherOptions) {
    this.#options = options;
    this.id = options.id;
    this.publish = options.publish;
    const { events, paths } = options;
    this.peer = new Peer({
      ...options.peer,
      transportFeedback: "pass",
      events: {
        send: (datagram, to) => paths.send(datagram, to),
        connected: (keys) => this.#onConnected(keys),
        rtp: (datagram) => this.#onRtp(datagram),
        rtcp: (packets) => this.#onRtcp(packets),
        channelOpened: () => {},
        roundTrip: (roundTripMs) => {
          this.#roundTripMs = roundTripMs;
          this.#media?.takeRoundTrip(roundTripMs);
        },
        addressKnown: (address) => events.addressKnown(this, address),
        addressProven: (address) => events.addressProven(this, address),
        addressRetired: (address) => events.addressRetired(this, address),
        consentLost: () => events.consentLost(),
        ufragRetired: (ufrag) => events.ufragRetired(ufrag),
        dropped: (reason: PeerDropReason) => events.dropped(reason),
        ended: (reason) => {
          if (this.#media === undefined) events.failed();
          this.#finish(reason);
        },
      },
    });
  }

  /** {@linkcode loggedSessionId} of its id. */
  get loggedId(): string {
    return loggedSessionId(this.id);
  }

  describe(): PublisherDescription {
    return {
      transport: this.peer.route?.transport ?? null,
      media: this.#media?.describe() ?? null,
    };
  }

  /** How its link fares; `undefined` before it is connected. */
  measures(): LinkMeasures | undefined {
    const media = this.#media?.describe();
    if (media === undefined) return undefined;
    const fractions = media.layers.map(({ lossFraction }) => lossFraction)
      .filter((fraction) => fraction !== null);
    return {
      roundTripMs: this.#roundTripMs,
      packetsLost: media.layers.reduce((sum, layer) => sum + layer.lost, 0),
      lossFraction: fractions.length > 0 ? Math.max(...fractions) : null,
    };
  }

  /** Its connection can take more: it has nothing that waits. */
  notify(): void {}

  /** A second has passed. */
  tick(nowMs: number): void {
    this.peer.handleTimeout(nowMs);
    // What is asked for again, and waited for, goes by how long the way is now.
    if (this.#media !== undefined) this.peer.askForEcho(nowMs);
    this.publish.sweep(nowMs);
  }

  restart(local: IceCredentials, remote: IceCredentials): void {
    this.peer.restart(local, remote);
  }

  /** Ends the session and tells the publisher. */
  end(reason: string): void {
    this.peer.close();
    this.#finish(reason);
  }

  #onConnected({ local, remote }: PeerKeys): void {
    const { media, arena, events } = this.#options;
    this.#srtp = new SrtpReceiver(arena, remote);
    this.#srtcp = new SrtcpSender(local);
    const nowMs = performance.now();
    this.#media = new ReceivedMedia({ ...media, nowMs });
    this.peer.askForEcho(nowMs);
    if (this.#roundTripMs !== null) this.#media.takeRoundTrip(this.#roundTripMs);
    this.#keyFrameWishes = this.publish.wishes.keyFrameWishes;
    events.connected(this);
  }

  #onRtp(datagram: Uint8Array): void {
    const media = this.#media;
    if (media === undefined || this.#isOver) return;
    const { events } = this.#options;
    const packet = this.#srtp!.unprotect(datagram);
    if (typeof packet === "string") return this.#noteRefused(packet);
    const nowMs = performance.now();
    const verdict = media.takeRtp(packet, nowMs);
    if (verdict !== "taken") events.packetNoted(verdict);
    this.#passOn(media, nowMs);
  }

  #noteRefused(refusal: SrtpRefusal): void {
    const { events } = this.#options;
    switch (refusal) {
      case "forged":
        return events.dropped("authentication");
      case "malformed":
        return events.dropped("malformed");
      // The network may bring packets twice, and peers without RTX send them again as they were.
      case "replayed":
        return events.packetNoted("duplicate");
      case "many sources":
        return events.packetNoted("unknown-source");
    }
  }

  #onRtcp(packets: readonly RtcpPacket[]): void {
    if (this.#media === undefined || this.#isOver) return;
    const nowMs = performance.now();
    this.#media.takeRtcp(packets, nowMs);
    this.#passOn(this.#media, nowMs);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    if (this.#media === undefined || this.#isOver) return;
    const nowMs = performance.now();
    try {
      this.#media.handleTimeout(nowMs);
      this.#passOn(this.#media, nowMs);
    } catch (error) {
      // A defect of ours, which must not end what all others publish.
      logger.error("Cannot go on with what is published: {error}", { id: this.loggedId, error });
      this.end("a defect of the server");
    }
  }

  /** Hands over what is whole, and sends what the publisher is to be told. */
  #passOn(media: ReceivedMedia, nowMs: number): void {
    const { publish } = this;
    let hasNew = false;
    for (let message; (message = media.next()) !== undefined;) {
      publish.take(message, nowMs);
      hasNew = true;
      // What it was given may have ended it.
      if (this.#isOver) return;
    }
    if (hasNew) publish.flush(nowMs);
    const { keyFrameWishes } = publish.wishes;
    if (keyFrameWishes !== this.#keyFrameWishes) {
      this.#keyFrameWishes = keyFrameWishes;
      media.requestKeyFrame(nowMs, publish.wishes.takeWishedTracks());
    }
    this.#sendFeedback(media, nowMs);
    this.#schedule(media.nextDueMs(), nowMs);
  }

  #sendFeedback(media: ReceivedMedia, nowMs: number): void {
    const to = this.peer.route;
    for (let packet; (packet = media.nextFeedback(nowMs)) !== undefined;) {
      if (to === undefined) continue;
      this.#options.paths.send(this.#srtcp!.protect(packet, this.#srtcpIndex++), to);
    }
  }

  #schedule(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#timerDueMs - TIMER_SLACK_MS) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(TIMER_SLACK_MS, dueMs - nowMs));
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#srtp?.close();
    this.publish.close(reason);
    this.#options.events.ended(this, reason);
  }
}
