import { SrtpError } from "../srtp/srtp_error.ts";
import { SrtcpReceiver } from "../srtp/srtcp.ts";
import { splitDtlsExport, type SrtpMasterKey } from "../srtp/key_derivation.ts";
import { parseRtcp, type RtcpPacket } from "../rtp/rtcp.ts";
import { RtpError } from "../rtp/rtp_error.ts";
import { datagramKind } from "./datagram_kind.ts";
import { DtlsSession } from "./dtls.ts";
import type { DtlsCertificate } from "./dtls_certificate.ts";
import type { IceCredentials } from "./ice_credentials.ts";
import { IceLiteAgent } from "./ice_lite.ts";
import { sameTransportAddress, type TransportAddress } from "./transport_address.ts";

/** Addresses of one viewer that have proven themselves: each of its networks, over UDP and TCP. */
const MAX_ADDRESSES = 16;

/** What a peer tells its owner. The callbacks may be called within any method but the constructor. */
export interface PeerEvents {
  /** To be sent to `to`; the datagram is the callee's. */
  readonly send: (datagram: Uint8Array, to: TransportAddress) => void;
  /** Media can be sent from now on, with this key. */
  readonly connected: (master: SrtpMasterKey) => void;
  readonly rtcp: (packets: readonly RtcpPacket[]) => void;
  /** This address has proven itself, and was not known before. */
  readonly addressProven: (address: TransportAddress) => void;
  /** This address is not known any more: there are too many others. */
  readonly addressRetired: (address: TransportAddress) => void;
  /** Names of ours under which no check can come any more. */
  readonly ufragRetired: (ufrag: string) => void;
  /** Something was not taken: a name for counters. */
  readonly dropped: (reason: PeerDropReason) => void;
  /** The session is over; nothing is called any more. */
  readonly ended: (reason: string) => void;
}

/** Why something was not taken. */
export type PeerDropReason = "stun" | "unproven" | "authentication" | "malformed" | "kind";

export interface PeerOptions {
  readonly local: IceCredentials;
  readonly remoteUfrag: string | undefined;
  readonly certificate: DtlsCertificate;
  /** How long it may take until media can be sent. */
  readonly connectMs: number;
  /** How long it lasts after the viewer's last valid check. */
  readonly consentMs: number;
  readonly nowMs: number;
  readonly events: PeerEvents;
}

/**
 * A WebRTC session with one viewer: ICE, DTLS and the viewer's RTCP, without sockets and clocks.
 *
 * Only addresses from which a STUN request came that proves to know our password are spoken with.
 */
export class Peer {
  readonly #options: PeerOptions;
  readonly #ice: IceLiteAgent;
  readonly #deadlineMs: number;
  readonly #addresses: TransportAddress[] = [];
  #dtls: DtlsSession | undefined;
  #srtcp: SrtcpReceiver | undefined;
  #isOver = false;

  constructor(options: PeerOptions) {
    const { local, remoteUfrag, nowMs, connectMs, consentMs } = options;
    this.#options = options;
    this.#deadlineMs = nowMs + connectMs;
    this.#ice = new IceLiteAgent({
      local,
      remoteUfrag,
      nowMs,
      firstCheckTimeoutMs: connectMs,
      consentTimeoutMs: consentMs,
    });
  }

  /** Where to send; `undefined` before the first valid check, and when its TCP connection is gone. */
  get selected(): TransportAddress | undefined {
    return this.#ice.selected;
  }

  /** Names of ours that checks may bear. */
  get localUfrags(): readonly string[] {
    return this.#ice.localUfrags;
  }

  /** The other side's name, as far as it is known. */
  get remoteUfrag(): string | undefined {
    return this.#ice.remoteUfrag;
  }

  /** Takes a datagram or a frame of ICE-TCP, which it borrows. */
  receive(datagram: Uint8Array, from: TransportAddress, nowMs: number): void {
    if (this.#isOver) return;
    const kind = datagramKind(datagram);
    if (kind === "stun") return this.#receiveStun(datagram, from, nowMs);
    const { events } = this.#options;
    if (!this.#addresses.some((known) => sameTransportAddress(known, from))) {
      return events.dropped("unproven");
    }
    if (kind === "dtls") return this.#dtlsSession(nowMs).receive(datagram);
    if (kind === "rtcp") return this.#receiveRtcp(datagram);
    events.dropped("kind");
  }

  /** Ends the session if it has taken too long, or the viewer was not heard of for too long. */
  handleTimeout(nowMs: number): void {
    if (this.#isOver) return;
    if (this.#srtcp === undefined && nowMs >= this.#deadlineMs) {
      this.#end(
        this.#dtls === undefined ? "no connection came about" : "the handshake took too long",
      );
    } else if (this.#ice.isExpired(nowMs)) {
      this.#end("the viewer was not heard of any more");
    }
  }

  /** Begins an ICE restart; see {@linkcode IceLiteAgent.restart}. */
  restart(local: IceCredentials, remoteUfrag: string): void {
    const abandoned = this.#ice.restart(local, remoteUfrag);
    if (abandoned !== undefined) this.#options.events.ufragRetired(abandoned);
  }

  /** A TCP connection has ended. */
  removeAddress(address: TransportAddress): void {
    this.#ice.removeAddress(address);
    const at = this.#addresses.findIndex((known) => sameTransportAddress(known, address));
    if (at >= 0) this.#addresses.splice(at, 1);
  }

  /** Ends the session without a word to its owner; a connected viewer is told. */
  close(): void {
    if (this.#isOver) return;
    // First: it has something to send.
    this.#dtls?.close();
    this.#isOver = true;
  }

  #receiveStun(datagram: Uint8Array, from: TransportAddress, nowMs: number): void {
    const { events } = this.#options;
    const result = this.#ice.receive(datagram, from, nowMs);
    if (result.kind === "drop") return events.dropped("stun");
    if (result.kind === "answer") {
      if (result.retiredUfrag !== undefined) events.ufragRetired(result.retiredUfrag);
      this.#prove(from);
    }
    events.send(result.response, from);
  }

  #prove({ transport, hostname, port }: TransportAddress): void {
    const address = { transport, hostname, port };
    if (this.#addresses.some((known) => sameTransportAddress(known, address))) return;
    if (this.#addresses.length === MAX_ADDRESSES) this.#retireOne();
    this.#addresses.push(address);
    this.#options.events.addressProven(address);
  }

  /** The oldest is the least likely to be used still, but for the one that is sent to. */
  #retireOne(): void {
    const { selected } = this.#ice;
    const isSelected = selected !== undefined &&
      sameTransportAddress(this.#addresses[0]!, selected);
    const [retired] = this.#addresses.splice(isSelected ? 1 : 0, 1);
    this.#options.events.addressRetired(retired!);
  }

  #dtlsSession(nowMs: number): DtlsSession {
    const { certificate, events } = this.#options;
    this.#dtls ??= new DtlsSession({
      certificate,
      nowMs,
      send: (datagram) => {
        const to = this.#ice.selected;
        if (to !== undefined && !this.#isOver) events.send(datagram, to);
      },
      onConnected: (exportedKeys) => this.#onConnected(exportedKeys),
      onEnd: ({ reason }) => this.#end(reason),
    });
    return this.#dtls;
  }

  #onConnected(exportedKeys: Uint8Array): void {
    if (this.#isOver) return;
    const { client, server } = splitDtlsExport(exportedKeys);
    this.#srtcp = new SrtcpReceiver(client);
    this.#options.events.connected(server);
  }

  #receiveRtcp(datagram: Uint8Array): void {
    const { events } = this.#options;
    if (this.#srtcp === undefined) return events.dropped("unproven");
    try {
      events.rtcp(parseRtcp(this.#srtcp.unprotect(datagram)));
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
