import { SrtpError } from "../srtp/srtp_error.ts";
import { SrtcpReceiver } from "../srtp/srtcp.ts";
import { splitDtlsExport } from "../srtp/key_derivation.ts";
import { parseRtcp } from "../rtp/rtcp.ts";
import { RtpError } from "../rtp/rtp_error.ts";
import { datagramKind } from "./datagram_kind.ts";
import { DtlsSession } from "./dtls/dtls.ts";
import { DataChannels } from "./sctp/data_channels.ts";
import { WebrtcError } from "./webrtc_error.ts";
import type { IceCredentials } from "./ice/credentials.ts";
import { IceLiteAgent } from "./ice/ice_lite.ts";
import type { PeerOptions } from "./peer_options.ts";
import type { PeerPath } from "./peer_path.ts";
import { PeerQuota } from "./peer_quota.ts";
import { PeerPaths } from "./peer_paths.ts";
import { parseStun } from "./ice/stun.ts";
import { answeredSessionTag, CHECK_SECRET_LENGTH, checkSecret } from "./ice/stun_check.ts";
import type { TransportAddress } from "../address/transport_address.ts";

/** RFC 7675 5.1: checks for consent are sent at 0.8 to 1.2 times this distance. */
const CONSENT_INTERVAL_MS = 5000;
/** So many checks may get lost before consent is taken to have ended. */
const CHECKS_PER_CONSENT = 6;

/** Why a session is over that the viewer has ended. */
export const PEER_LEFT = "it has left";

/**
 * A WebRTC session with one peer: ICE, DTLS and the peer's RTCP, without sockets and clocks.
 *
 * Only addresses from which a STUN request came that proves to know our password are spoken with;
 * and only one that has echoed something is sent more than it sends, see {@linkcode PeerPaths}.
 */
export class Peer {
  readonly #options: PeerOptions;
  readonly #ice: IceLiteAgent;
  readonly #paths: PeerPaths;
  readonly #deadlineMs: number;
  readonly #consentIntervalMs: number;
  #nextConsentMs = Infinity;
  /** Whether there was a route when that was looked at last. */
  #hasConsent = false;
  #dtls: DtlsSession | undefined;
  /** Whose datagram the DTLS session is given at the moment. */
  #dtlsFrom: PeerPath | undefined;
  #nowMs: number;
  /** There from the first record of data on. */
  #channels: DataChannels | undefined;
  readonly #quota = new PeerQuota();
  #srtcp: SrtcpReceiver | undefined;
  #isOver = false;

  constructor(options: PeerOptions) {
    const { local, remoteUfrag, remotePassword, nowMs, connectMs, consentMs, random } = options;
    this.#options = options;
    this.#nowMs = nowMs;
    this.#deadlineMs = nowMs + connectMs;
    this.#consentIntervalMs = Math.min(CONSENT_INTERVAL_MS, consentMs / CHECKS_PER_CONSENT);
    this.#paths = new PeerPaths({ consentMs, nowMs, random });
    this.#ice = new IceLiteAgent({
      local,
      remoteUfrag,
      remotePassword,
      nowMs,
      firstCheckTimeoutMs: connectMs,
      consentTimeoutMs: consentMs,
    });
  }

  /** Where media are to be sent; `undefined` as long as no address has proven itself. */
  get route(): TransportAddress | undefined {
    return this.#paths.route?.address;
  }

  /** Names of ours that checks may bear. */
  get localUfrags(): readonly string[] {
    return this.#ice.localUfrags;
  }

  /** The other side's name, as far as it is known. */
  get remoteUfrag(): string | undefined {
    return this.#ice.remoteUfrag;
  }

  /** Those that valid checks came from. */
  get addresses(): readonly TransportAddress[] {
    return this.#paths.addresses;
  }

  /** Whether an address has echoed what was sent to it, and not too long ago. */
  isProven(address: TransportAddress, nowMs: number): boolean {
    return this.#paths.find(address)?.isProven(nowMs) === true;
  }

  /** Takes a datagram or a frame of ICE-TCP, which it borrows. */
  receive(datagram: Uint8Array, from: TransportAddress, nowMs: number): void {
    if (this.#isOver) return;
    this.#nowMs = nowMs;
    const { events } = this.#options;
    const kind = datagramKind(datagram);
    const path = this.#paths.find(from);
    path?.received(datagram.length, nowMs);
    if (kind === "stun") {
      // From where nobody has come yet it may be a stranger's, who is not to use up what the peer has.
      if (path !== undefined && !this.#quota.take("checks")) return events.dropped("too many");
      return this.#receiveStun(datagram, from, path);
    }
    if (path === undefined) return events.dropped("unproven");
    if (kind === "dtls") return this.#receiveDtls(datagram, path);
    if (kind === "rtcp") return this.#receiveRtcp(datagram);
    if (kind !== "rtp" || events.rtp === undefined) return events.dropped("kind");
    // Media have keys once the handshake is done.
    if (this.#srtcp === undefined) return events.dropped("unproven");
    if (!this.#quota.take("media")) return events.dropped("too many");
    events.rtp(datagram);
  }

  /**
   * Ends the session if it has taken too long, or the viewer was not heard of for too long; asks
   * whether it still is where media are sent. To be called every second.
   */
  handleTimeout(nowMs: number): void {
    if (this.#isOver) return;
    this.#nowMs = nowMs;
    if (this.#srtcp === undefined && nowMs >= this.#deadlineMs) {
      return this.#end(
        this.#dtls === undefined ? "no connection came about" : "the handshake took too long",
      );
    }
    if (this.#ice.isExpired(nowMs)) return this.#end("it was not heard of any more");
    this.#quota.renew();
    this.#channels?.handleTimeout(nowMs);
    this.#paths.expire(nowMs);
    if (this.#hasConsent && this.route === undefined) this.#options.events.consentLost();
    this.#hasConsent = this.route !== undefined;
    if (nowMs >= this.#nextConsentMs) this.#askForConsent();
  }

  /**
   * Asks for an echo from where media go, behind all that was sent there: a check, whose answer gives
   * the round trip. Whether it was sent: not if the viewer has not told its password.
   */
  askForEcho(nowMs: number): boolean {
    const { route } = this.#paths;
    if (this.#isOver || route === undefined) return false;
    this.#nowMs = nowMs;
    return this.#check(route);
  }

  /** Begins an ICE restart; see {@linkcode IceLiteAgent.restart}. */
  restart(local: IceCredentials, remote: IceCredentials): void {
    const abandoned = this.#ice.restart(local, remote.ufrag, remote.password);
    if (abandoned !== undefined) this.#options.events.ufragRetired(abandoned);
  }

  /** See {@linkcode IceLiteAgent.learnRemote}. */
  learnRemote(remote: IceCredentials): void {
    this.#ice.learnRemote(remote);
  }

  /** Sends a text on the data channels of a name; for how many of them there was no room. */
  sendText(label: string, text: string, nowMs: number): number {
    return this.#channels?.sendText(label, text, nowMs) ?? 0;
  }

  /** A TCP connection has ended. */
  removeAddress(address: TransportAddress): void {
    this.#ice.removeAddress(address);
    const path = this.#paths.find(address);
    if (path !== undefined) this.#paths.remove(path, this.#nowMs);
  }

  /** Ends the session without a word to its owner; a connected viewer is told. */
  close(): void {
    if (this.#isOver) return;
    // First: it has something to send.
    this.#dtls?.close();
    this.#isOver = true;
  }

  #receiveStun(datagram: Uint8Array, from: TransportAddress, path: PeerPath | undefined): void {
    const { events } = this.#options;
    if (answeredSessionTag(datagram) !== undefined) return this.#receiveAnswer(datagram, path);
    const result = this.#ice.receive(datagram, from, this.#nowMs);
    if (result.kind === "drop") return events.dropped("stun");
    if (result.kind === "refuse") {
      if (path === undefined) return events.dropped("unproven");
      return this.#sendWithin(result.response, path);
    }
    if (result.retiredUfrag !== undefined) events.ufragRetired(result.retiredUfrag);
    const known = path ?? this.#admit(from, datagram.length);
    this.#paths.select(this.#ice.selected, this.#nowMs);
    // As long as it is another's, what it would go on with would reach that one: it asks once more.
    if (known.isContested(this.#nowMs) && this.#check(known)) return;
    this.#sendWithin(result.response, known);
    const { selected } = this.#paths;
    if (selected === known && !selected.isProven(this.#nowMs)) this.#check(selected);
  }

  /** The answer to a check of ours: it counts from the address that was asked only. */
  #receiveAnswer(datagram: Uint8Array, path: PeerPath | undefined): void {
    const message = parseStun(datagram);
    const sentMs = message && path?.takeAnswer(checkSecret(message.transactionId));
    if (sentMs === undefined || !this.#ice.isAuthentic(message!)) {
      return this.#options.events.dropped("stun");
    }
    this.#prove(path!, sentMs);
    if (path === this.#paths.route) this.#options.events.roundTrip(this.#nowMs - sentMs, sentMs);
  }

  #admit(from: TransportAddress, length: number): PeerPath {
    const { events } = this.#options;
    const { path, retired } = this.#paths.add(from, this.#nowMs);
    path.received(length, this.#nowMs);
    if (retired !== undefined) events.addressRetired(retired.address);
    if (!events.addressKnown(path.address)) path.contest();
    if (path.isProven(this.#nowMs)) events.addressProven(path.address);
    return path;
  }

  #prove(path: PeerPath, sentMs: number): void {
    this.#paths.prove(path, sentMs, this.#nowMs);
    this.#options.events.addressProven(path.address);
  }

  /** Sends an answer, unless it is more than an address may be sent that has shown nothing. */
  #sendWithin(answer: Uint8Array, path: PeerPath): void {
    const { events } = this.#options;
    if (path.allows(answer.length, this.#nowMs)) events.send(answer, path.address);
    else events.dropped("unproven");
  }

  /** Asks whether the other side receives at an address; whether that could be asked. */
  #check(path: PeerPath): boolean {
    const { random, sessionTag, events } = this.#options;
    const secret = random(CHECK_SECRET_LENGTH);
    const check = this.#ice.writeCheck({ sessionTag, secret });
    if (check === undefined || !this.#paths.allowsCheck(path, check.length, this.#nowMs)) {
      return false;
    }
    path.noteCheck(secret, this.#nowMs);
    events.send(check, path.address);
    return true;
  }

  #askForConsent(): void {
    const fraction = this.#options.random(1)[0]! / 255;
    this.#nextConsentMs = this.#nowMs + this.#consentIntervalMs * (0.8 + 0.4 * fraction);
    const { route, selected } = this.#paths;
    for (const path of route === selected ? [route] : [route, selected]) {
      // Over TCP, the connection itself is the proof.
      if (path?.address.transport === "udp") this.#check(path);
    }
  }

  #receiveDtls(datagram: Uint8Array, path: PeerPath): void {
    if (!this.#quota.take("records")) return this.#options.events.dropped("too many");
    this.#dtls ??= this.#openDtls();
    this.#dtlsFrom = path;
    const isTaken = this.#dtls.receive(datagram, path.cookie);
    this.#dtlsFrom = undefined;
    if (!isTaken) this.#options.events.dropped("malformed");
  }

  #openDtls(): DtlsSession {
    const { certificate, peerFingerprints, events } = this.#options;
    return new DtlsSession({
      certificate,
      peerFingerprints,
      nowMs: this.#nowMs,
      send: (datagram) => {
        const to = this.route;
        if (to !== undefined && !this.#isOver) events.send(datagram, to);
      },
      sendCookie: (datagram) => this.#dtlsFrom && this.#sendWithin(datagram, this.#dtlsFrom),
      acceptCookie: (cookie) => {
        const path = this.#paths.findByCookie(cookie);
        // Once: it could be kept, and shown when its address is another's.
        if (path?.takeCookie()) this.#prove(path, this.#nowMs);
        // A viewer may have changed its address since: that proves nothing, but its handshake goes
        // on, with whatever address proves itself.
        return path !== undefined || this.#paths.isRetiredCookie(cookie);
      },
      onConnected: (exportedKeys) => this.#onConnected(exportedKeys),
      onData: this.#options.hasDataChannels ? (data) => this.#receiveData(data) : undefined,
      onEnd: ({ kind, reason }) => this.#end(kind === "closed" ? PEER_LEFT : reason),
    });
  }

  #onConnected(exportedKeys: Uint8Array): void {
    if (this.#isOver) return;
    const { client, server } = splitDtlsExport(exportedKeys);
    this.#srtcp = new SrtcpReceiver(client);
    this.#nextConsentMs = this.#nowMs + this.#consentIntervalMs;
    this.#options.events.connected({ local: server, remote: client });
  }

  #receiveData(data: Uint8Array): void {
    const { events, random } = this.#options;
    this.#channels ??= new DataChannels(random, {
      send: (packet) => this.#dtls?.sendData(packet),
      opened: (channel) => events.channelOpened(channel),
    });
    try {
      this.#channels.receive(data, this.#nowMs);
    } catch (error) {
      if (!(error instanceof WebrtcError)) throw error;
      events.dropped("malformed");
    }
  }

  #receiveRtcp(datagram: Uint8Array): void {
    const { events, transportFeedback } = this.#options;
    if (this.#srtcp === undefined) return events.dropped("unproven");
    if (!this.#quota.take("reports")) return events.dropped("too many");
    try {
      events.rtcp(parseRtcp(this.#srtcp.unprotect(datagram), { transportFeedback }));
    } catch (error) {
      if (error instanceof SrtpError) events.dropped("authentication");
      else if (error instanceof RtpError) events.dropped("malformed");
      else throw error;
    }
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#options.events.ended(reason);
  }
}
