import { timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "./ice/credentials.ts";
import { PeerPath } from "./peer_path.ts";
import { sameTransportAddress, type TransportAddress } from "../address/transport_address.ts";

/** Addresses of one viewer: each of its networks, over UDP and TCP. */
export const MAX_PEER_PATHS = 16;

/**
 * Bytes that may go to addresses that have shown nothing, beyond what came from there: some twenty
 * checks of ours, for all addresses of a session together.
 */
export const MAX_UNPROVEN_BYTES = 2048;
/** So that a viewer may change its network for as long as it likes. */
const UNPROVEN_BYTES_PER_MS = 0.032;

/** A proof holds for at least so long: proofs are asked for once a second at most. */
const MIN_PROOF_MS = 3000;

/** How long addresses are good for, and how they are asked. */
export interface PeerPathsOptions {
  /** How long media go on to an address that echoes nothing any more (RFC 7675 5.1: 30 s). */
  readonly consentMs: number;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

/**
 * The addresses of one peer, and which of them is sent to.
 *
 * Media go where ICE wants them once that address has proven itself, until then on to where they
 * went before, and nowhere if that does not echo any more either.
 */
export class PeerPaths {
  readonly #proofMs: number;
  readonly #random: RandomBytes;
  readonly #paths: PeerPath[] = [];
  /** The newest of addresses that have gone. */
  readonly #retiredCookies: Uint8Array[] = [];
  #selected: PeerPath | undefined;
  #route: PeerPath | undefined;
  #unprovenBytes = MAX_UNPROVEN_BYTES;
  #countedMs: number;

  constructor({ consentMs, nowMs, random }: PeerPathsOptions) {
    this.#proofMs = Math.max(consentMs, MIN_PROOF_MS);
    this.#random = random;
    this.#countedMs = nowMs;
  }

  /** Where media are sent; `undefined` as long as no address is proven. */
  get route(): PeerPath | undefined {
    return this.#route;
  }

  /** Where ICE wants them. */
  get selected(): PeerPath | undefined {
    return this.#selected;
  }

  get addresses(): readonly TransportAddress[] {
    return this.#paths.map(({ address }) => address);
  }

  find(address: TransportAddress): PeerPath | undefined {
    return this.#paths.find((path) => sameTransportAddress(path.address, address));
  }

  /** The address whose cookie this is. */
  findByCookie(cookie: Uint8Array): PeerPath | undefined {
    return this.#paths.find((path) =>
      cookie.length === path.cookie.length && timingSafeEqual(cookie, path.cookie)
    );
  }

  /** Whether an address that is not known any more was given this cookie. */
  isRetiredCookie(cookie: Uint8Array): boolean {
    return this.#retiredCookies.some((retired) =>
      cookie.length === retired.length && timingSafeEqual(cookie, retired)
    );
  }

  /** Adds an address that a valid check came from; returns it, and the one that it takes the place of. */
  add(
    address: TransportAddress,
    nowMs: number,
  ): { readonly path: PeerPath; readonly retired: PeerPath | undefined } {
    const retired = this.#paths.length === MAX_PEER_PATHS ? this.#retireOne(nowMs) : undefined;
    const path = new PeerPath(address, this.#random);
    this.#paths.push(path);
    return { path, retired };
  }

  remove(path: PeerPath, nowMs: number): void {
    this.#drop(path);
    if (this.#selected === path) this.#selected = undefined;
    if (this.#route === path) this.#route = undefined;
    this.#choose(nowMs);
  }

  /** ICE has chosen an address, which is known. */
  select(address: TransportAddress | undefined, nowMs: number): void {
    this.#selected = address && this.find(address);
    this.#choose(nowMs);
  }

  /** An address has echoed what it was sent at that time. */
  prove(path: PeerPath, sentMs: number, nowMs: number): void {
    path.prove(sentMs + this.#proofMs);
    this.#choose(nowMs);
  }

  /** Looks whether the route still holds. To be called every second. */
  expire(nowMs: number): void {
    this.#choose(nowMs);
  }

  /** Whether a check of ours may be sent: to an address that has shown nothing, some only. */
  allowsCheck(path: PeerPath, length: number, nowMs: number): boolean {
    if (path.allows(length, nowMs)) return true;
    const regained = (nowMs - this.#countedMs) * UNPROVEN_BYTES_PER_MS;
    this.#unprovenBytes = Math.min(MAX_UNPROVEN_BYTES, this.#unprovenBytes + regained);
    this.#countedMs = nowMs;
    if (this.#unprovenBytes < length) return false;
    this.#unprovenBytes -= length;
    return true;
  }

  #choose(nowMs: number): void {
    if (this.#selected?.isProven(nowMs)) this.#route = this.#selected;
    else if (!this.#route?.isProven(nowMs)) this.#route = this.#newestProven(nowMs);
  }

  #newestProven(nowMs: number): PeerPath | undefined {
    const proven = this.#paths.filter((path) => path.isProven(nowMs));
    return proven.sort((one, other) => other.provenUntilMs - one.provenUntilMs)[0];
  }

  /** One that has proven nothing before one that has, the oldest first; never one that is in use. */
  #retireOne(nowMs: number): PeerPath {
    const free = this.#paths.filter((path) => path !== this.#selected && path !== this.#route);
    const retired = free.find((path) => !path.isProven(nowMs)) ?? free[0]!;
    this.#drop(retired);
    return retired;
  }

  #drop(path: PeerPath): void {
    this.#paths.splice(this.#paths.indexOf(path), 1);
    if (this.#retiredCookies.length === MAX_PEER_PATHS) this.#retiredCookies.shift();
    this.#retiredCookies.push(path.cookie);
  }
}
