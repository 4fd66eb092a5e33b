import { stunUsername } from "../../webrtc/ice/stun.ts";
import { answeredSessionTag } from "../../webrtc/ice/stun_check.ts";
import type { IceCredentials } from "../../webrtc/ice/credentials.ts";
import type { TransportAddress } from "../../address/transport_address.ts";
import type { Peer } from "../../webrtc/peer.ts";
import type { PeerDropReason } from "../../webrtc/peer_options.ts";

/** Somebody who watches or publishes by WebRTC. */
export interface PeerSession {
  readonly id: string;
  /** {@linkcode loggedSessionId} of it. */
  readonly loggedId: string;
  readonly peer: Peer;
  /** A second has passed. */
  tick(nowMs: number): void;
  /** What it is sent over can take more. */
  notify(): void;
  /** Begins an ICE restart; see `Peer.restart`. */
  restart(local: IceCredentials, remote: IceCredentials): void;
  /** Ends it and tells the peer. */
  end(reason: string): void;
}

/** What becomes of a session's addresses and names, and of itself. */
export interface PeerSessionEvents<Session extends PeerSession> {
  /** A valid check has come from there. */
  readonly addressKnown: (session: Session, address: TransportAddress) => boolean;
  /** It has echoed what was sent there. */
  readonly addressProven: (session: Session, address: TransportAddress) => void;
  readonly addressRetired: (session: Session, address: TransportAddress) => void;
  readonly ufragRetired: (ufrag: string) => void;
  readonly dropped: (reason: PeerDropReason) => void;
  readonly ended: (session: Session, reason: string) => void;
}

/** Random digits of a session's id that are logged. */
const LOGGED_ID_LENGTH = 8;

/** The beginning of a session's id, for logs: who has the whole id can end the session. */
export function loggedSessionId(id: string): string {
  return id.slice(0, id.indexOf(".") + 1 + LOGGED_ID_LENGTH);
}

/** Who watches and publishes by WebRTC on a shard, by all that datagrams and requests find them by. */
export class WebrtcSessions {
  readonly #byId = new Map<string, PeerSession>();
  readonly #byUfrag = new Map<string, PeerSession>();
  /** By the number that answers to checks of ours bear. */
  readonly #byTag = new Map<number, PeerSession>();
  /** By `addressKey`: whoever proved the address last, else whoever a valid check came from first. */
  readonly #byAddress = new Map<string, PeerSession>();
  #lastTag = 0;

  /** In the order of their coming; they may be removed meanwhile. */
  all(): Iterable<PeerSession> {
    return this.#byId.values();
  }

  byId(id: string): PeerSession | undefined {
    return this.#byId.get(id);
  }

  /** Whose datagram it is: STUN bears a name or number, everything else is told by the address. */
  of(datagram: Uint8Array, from: TransportAddress): PeerSession | undefined {
    const tag = answeredSessionTag(datagram);
    if (tag !== undefined) return this.#byTag.get(tag);
    const username = stunUsername(datagram);
    return username === undefined
      ? this.#byAddress.get(addressKey(from))
      : this.#byUfrag.get(username.localUfrag);
  }

  /** A number for a new one. */
  nextTag(): number {
    return this.#lastTag = (this.#lastTag + 1) >>> 0;
  }

  add(session: PeerSession, tag: number): void {
    this.#byId.set(session.id, session);
    this.#byTag.set(tag, session);
    for (const ufrag of session.peer.localUfrags) this.#byUfrag.set(ufrag, session);
  }

  /** Its addresses are let go of by {@linkcode leaveAddress}. */
  remove(session: PeerSession, tag: number): void {
    this.#byId.delete(session.id);
    this.#byTag.delete(tag);
    for (const ufrag of session.peer.localUfrags) this.#byUfrag.delete(ufrag);
  }

  /** A session has another name. */
  addUfrag(session: PeerSession, ufrag: string): void {
    this.#byUfrag.set(ufrag, session);
  }

  removeUfrag(ufrag: string): void {
    this.#byUfrag.delete(ufrag);
  }

  /**
   * A valid check has come from an address. One that another viewer has proven is that viewer's,
   * until it is proven again.
   *
   * @returns whether it is the session's now
   */
  claimAddress(session: PeerSession, address: TransportAddress, nowMs: number): boolean {
    const key = addressKey(address);
    if (this.#byAddress.get(key)?.peer.isProven(address, nowMs)) return false;
    this.#byAddress.set(key, session);
    return true;
  }

  /** A session has proven an address. */
  takeAddress(session: PeerSession, address: TransportAddress): void {
    this.#byAddress.set(addressKey(address), session);
  }

  /** An address is a session's no more; whether it was. */
  leaveAddress(session: PeerSession, address: TransportAddress): boolean {
    const key = addressKey(address);
    return this.#byAddress.get(key) === session && this.#byAddress.delete(key);
  }

  /** There is nobody at an address any more. */
  dropAddress(address: TransportAddress): void {
    const key = addressKey(address);
    this.#byAddress.get(key)?.peer.removeAddress(address);
    this.#byAddress.delete(key);
  }
}

/** What tells addresses apart. */
export function addressKey({ transport, hostname, port }: TransportAddress): string {
  return `${transport} ${hostname} ${port}`;
}
