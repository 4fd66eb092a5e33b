import { timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "./ice/credentials.ts";
import type { TransportAddress } from "../address/transport_address.ts";

/** A cookie of DTLS (RFC 6347 4.2.1). */
const COOKIE_LENGTH = 20;

/**
 * Checks of ours that may still be answered: all of half a minute at one in five seconds, or of one
 * second where the link is probed.
 */
const MAX_OPEN_CHECKS = 16;

interface OpenCheck {
  readonly secret: Uint8Array;
  readonly sentMs: number;
}

/**
 * An address that a peer has named, and what it has shown to receive.
 *
 * An address is proven by an echo of what was sent to it alone: nothing else shows that whoever
 * speaks in its name is there, for the peer itself may be the forger. Over TCP, the connection is
 * the proof.
 */
export class PeerPath {
  readonly address: TransportAddress;
  /** Given to this address alone: a ClientHello that shows it comes from who receives there. */
  readonly cookie: Uint8Array;
  #provenUntilMs: number;
  /** Bytes that came from here, less those that were sent in return. */
  #allowance = 0;
  #openChecks: OpenCheck[] = [];
  #isCookieShown = false;
  #isContested = false;

  constructor({ transport, hostname, port }: TransportAddress, random: RandomBytes) {
    this.address = { transport, hostname, port };
    this.cookie = random(COOKIE_LENGTH);
    this.#provenUntilMs = transport === "tcp" ? Infinity : -Infinity;
  }

  isProven(nowMs: number): boolean {
    return nowMs < this.#provenUntilMs;
  }

  get provenUntilMs(): number {
    return this.#provenUntilMs;
  }

  /** Another peer has proven the address, and this one has to. */
  contest(): void {
    this.#isContested = true;
  }

  isContested(nowMs: number): boolean {
    return this.#isContested && !this.isProven(nowMs);
  }

  /** Something has come from here: as much may be sent in return, as long as nothing is proven. */
  received(length: number, nowMs: number): void {
    if (!this.isProven(nowMs)) this.#allowance += length;
  }

  /** Whether an answer can be sent: to a proven address always, else no more than came from it. */
  allows(length: number, nowMs: number): boolean {
    if (this.isProven(nowMs)) return true;
    if (length > this.#allowance) return false;
    this.#allowance -= length;
    return true;
  }

  /** A check of ours is on its way to here. */
  noteCheck(secret: Uint8Array, sentMs: number): void {
    if (this.#openChecks.length === MAX_OPEN_CHECKS) this.#openChecks.shift();
    this.#openChecks.push({ secret, sentMs });
  }

  /** When the check was sent that this answers, which it does once; `undefined` if there is none. */
  takeAnswer(secret: Uint8Array): number | undefined {
    const at = this.#openChecks.findIndex((open) => timingSafeEqual(open.secret, secret));
    return at < 0 ? undefined : this.#openChecks.splice(at, 1)[0]!.sentMs;
  }

  /** Its cookie is shown: whether that is the first time. */
  takeCookie(): boolean {
    const isFirst = !this.#isCookieShown;
    this.#isCookieShown = true;
    return isFirst;
  }

  /** It has echoed something, which holds until then. */
  prove(untilMs: number): void {
    this.#provenUntilMs = Math.max(this.#provenUntilMs, untilMs);
    this.#isContested = false;
    this.#allowance = 0;
  }
}
