import {
  CLIENT_KEY,
  findDigest,
  HANDSHAKE_PACKET_LENGTH,
  placeDigest,
  SERVER_KEY,
  SERVER_SIGNING_KEY,
  signPacket,
} from "./digest.ts";
import { RtmpError } from "./rtmp_error.ts";

/** Random bytes, as many as asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/** The version of plain RTMP (RTMP 5.2.2). */
export const RTMP_VERSION = 3;

/** Versions above are not allowed, so that text protocols can be told apart (RTMP 5.2.2). */
const MAX_RTMP_VERSION = 31;

/** The record type a TLS connection starts with: a reserved RTMP version nobody uses. */
const TLS_HANDSHAKE_RECORD = 0x16;

/** S1's version field when digests are used: clients look for one in S1 only if it is 3 or more. */
const DIGEST_SERVER_VERSION = Uint8Array.of(5, 0, 15, 1);

/**
 * The server's side of the handshake (RTMP 5.2), simple or with digests.
 *
 * Answers S0, S1 and S2 at once when C1 is whole: with digests if C1 has a valid one, else S2 is
 * C1's echo. What C2 says is not checked: many encoders fill it with anything, and nothing depends
 * on it. A client that asks for another version, RTMPE's 6 for example, is offered version 3.
 *
 * @example
 * ```ts
 * import { ServerHandshake } from "./handshake.ts";
 *
 * const handshake = new ServerHandshake((length) => new Uint8Array(length));
 * const c0c1 = new Uint8Array(1537).fill(3, 0, 1);
 * const used = handshake.push(c0c1); // 1537
 * const s0s1s2 = handshake.takeOutput(); // 3073 bytes
 * ```
 */
export class ServerHandshake {
  readonly #random: RandomBytes;
  readonly #hello = new Uint8Array(1 + HANDSHAKE_PACKET_LENGTH);
  #state: "awaiting C0" | "awaiting C1" | "awaiting C2" | "done" = "awaiting C0";
  #received = 0;
  #output: Uint8Array | undefined;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** Whether C2 is whole: all further bytes are chunks. */
  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Takes bytes from the peer and returns how many of `piece` belong to the handshake; nothing is
   * borrowed. Throws {@linkcode RtmpError} if the first byte is not RTMP's.
   */
  push(piece: Uint8Array): number {
    let used = 0;
    if (this.#state === "awaiting C0" && piece.length > 0) {
      checkVersion(piece[0]!);
      this.#state = "awaiting C1";
    }
    if (this.#state === "awaiting C1") {
      const part = piece.subarray(0, this.#hello.length - this.#received);
      this.#hello.set(part, this.#received);
      this.#received += part.length;
      used = part.length;
      if (this.#received === this.#hello.length) {
        this.#output = answer(this.#hello.subarray(1), this.#random);
        this.#received = 0;
        this.#state = "awaiting C2";
      }
    }
    if (this.#state === "awaiting C2") {
      const part = Math.min(HANDSHAKE_PACKET_LENGTH - this.#received, piece.length - used);
      this.#received += part;
      used += part;
      if (this.#received === HANDSHAKE_PACKET_LENGTH) this.#state = "done";
    }
    return used;
  }

  /** Bytes to send to the peer, once; the caller owns them. */
  takeOutput(): Uint8Array | undefined {
    const output = this.#output;
    this.#output = undefined;
    return output;
  }
}

function checkVersion(version: number): void {
  if (version <= MAX_RTMP_VERSION && version !== TLS_HANDSHAKE_RECORD) return;
  throw new RtmpError(
    `Cannot start RTMP: the first byte must be ${RTMP_VERSION}, got ${version} (${guess(version)})`,
  );
}

/** What a peer that sends this first byte seems to speak. */
function guess(version: number): string {
  if (version === TLS_HANDSHAKE_RECORD) return "looks like TLS: RTMPS?";
  const character = String.fromCharCode(version);
  if (/[GPHDOC]/.test(character)) return `"${character}", looks like HTTP`;
  if (/[ -~]/.test(character)) return `"${character}", looks like text`;
  return "looks like no protocol known here";
}

/** S0, S1 and S2 for `c1`. */
function answer(c1: Uint8Array, random: RandomBytes): Uint8Array {
  const output = new Uint8Array(1 + 2 * HANDSHAKE_PACKET_LENGTH);
  output[0] = RTMP_VERSION;
  const s1 = output.subarray(1, 1 + HANDSHAKE_PACKET_LENGTH);
  const s2 = output.subarray(1 + HANDSHAKE_PACKET_LENGTH);
  s1.set(random(HANDSHAKE_PACKET_LENGTH - 8), 8);
  // Clients without digests leave the version field 0, which spares the search.
  const hasVersion = c1.subarray(4, 8).some((byte) => byte !== 0);
  const client = hasVersion ? findDigest(c1, CLIENT_KEY) : undefined;
  if (client === undefined) {
    s2.set(c1);
    return output;
  }
  s1.set(DIGEST_SERVER_VERSION, 4);
  placeDigest(s1, client.scheme, SERVER_KEY);
  s2.set(random(HANDSHAKE_PACKET_LENGTH));
  signPacket(s2, client.digest, SERVER_SIGNING_KEY);
  return output;
}
