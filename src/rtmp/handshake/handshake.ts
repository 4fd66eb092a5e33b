import {
  CLIENT_KEY,
  CLIENT_SIGNING_KEY,
  findDigest,
  HANDSHAKE_PACKET_LENGTH,
  isSigned,
  placeDigest,
  SERVER_KEY,
  SERVER_SIGNING_KEY,
  signPacket,
} from "./digest.ts";
import { RtmpError } from "../rtmp_error.ts";

/** Random bytes, as many as asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/** The version of plain RTMP (RTMP 5.2.2). */
const RTMP_VERSION = 3;

/** Versions of RTMPE, which encrypts all that follows the handshake: not in the document. */
const ENCRYPTED_VERSIONS: readonly number[] = [6, 8, 9];

/** Versions above are not allowed, so that text protocols can be told apart (RTMP 5.2.2). */
const MAX_RTMP_VERSION = 31;

/** The record type a TLS connection starts with: a reserved RTMP version nobody uses. */
const TLS_HANDSHAKE_RECORD = 0x16;

/** S1's version field when digests are used: clients look for one in S1 only if it is 3 or more. */
const DIGEST_SERVER_VERSION = Uint8Array.of(5, 0, 15, 1);

/** Time and version: what C2 does not have to echo of S1, since it has a time of its own there. */
const ECHO_AT = 8;

const NOTHING = new Uint8Array(0);

/**
 * What a client's C2 turned out to be: `signed` with the digest of S1, its `echo`, or neither. Many
 * encoders send zeros, C1 again or anything: nothing may depend on it but a counter.
 */
export type ClientProof = "signed" | "echo" | "mismatch";

/**
 * The server's side of the handshake (RTMP 5.2), simple or with digests.
 *
 * Answers S0, S1 and S2 at once when C1 is whole: with digests if C1 has a valid one, in the scheme
 * that it has, else S2 is C1's echo. C2 is looked at and not insisted on. A client that asks for
 * another version, RTMPE's 6 for example, is offered version 3: whether it takes that shows in what
 * it sends next.
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
  /** C1, then C2; nothing afterwards. */
  #packet = new Uint8Array(HANDSHAKE_PACKET_LENGTH);
  #state: "awaiting C0" | "awaiting C1" | "awaiting C2" | "done" = "awaiting C0";
  #received = 0;
  #version = RTMP_VERSION;
  #answer: Answer | undefined;
  #output: Uint8Array | undefined;
  #proof: ClientProof | undefined;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** Whether C2 is whole: all further bytes are chunks. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** The version that the client asked for in C0; {@linkcode RTMP_VERSION} before it has. */
  get version(): number {
    return this.#version;
  }

  /** What C2 was; `undefined` before it is whole. */
  get proof(): ClientProof | undefined {
    return this.#proof;
  }

  /**
   * Takes bytes from the peer and returns how many of `piece` belong to the handshake; nothing is
   * borrowed. Throws {@linkcode RtmpError} if the first byte is not RTMP's.
   */
  push(piece: Uint8Array): number {
    let used = 0;
    if (this.#state === "awaiting C0" && piece.length > 0) {
      checkVersion(piece[0]!);
      this.#version = piece[0]!;
      this.#state = "awaiting C1";
      used = 1;
    }
    if (this.#state === "awaiting C1") {
      used += this.#fill(piece.subarray(used));
      if (this.#received === HANDSHAKE_PACKET_LENGTH) this.#onC1();
    }
    if (this.#state === "awaiting C2") {
      used += this.#fill(piece.subarray(used));
      if (this.#received === HANDSHAKE_PACKET_LENGTH) this.#onC2();
    }
    return used;
  }

  /** Bytes to send to the peer, once; the caller owns them. */
  takeOutput(): Uint8Array | undefined {
    const output = this.#output;
    this.#output = undefined;
    return output;
  }

  #fill(piece: Uint8Array): number {
    const part = piece.subarray(0, HANDSHAKE_PACKET_LENGTH - this.#received);
    this.#packet.set(part, this.#received);
    this.#received += part.length;
    return part.length;
  }

  #onC1(): void {
    this.#answer = answerTo(this.#packet, this.#random);
    this.#output = this.#answer.bytes.slice();
    this.#received = 0;
    this.#state = "awaiting C2";
  }

  #onC2(): void {
    if (this.#answer !== undefined) this.#proof = proofOf(this.#packet, this.#answer);
    this.#answer = undefined;
    this.#packet = NOTHING;
    this.#state = "done";
  }
}

/**
 * What is behind an error soon after the handshake, if the client asked for another version than
 * {@linkcode RTMP_VERSION}: noise, mostly, since it encrypts though it was told not to. The error
 * itself if it did not.
 */
export function withVersion(version: number, error: RtmpError): RtmpError {
  if (version === RTMP_VERSION) return error;
  const isEncrypted = ENCRYPTED_VERSIONS.includes(version);
  const name = isEncrypted ? "RTMPE, which this server does not speak" : "unknown";
  return new RtmpError(
    `Cannot go on with RTMP: the client asked for version ${version} (${name}), ` +
      `was offered ${RTMP_VERSION}, and does not keep to it: ${error.message}`,
    { cause: error },
  );
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

interface Answer {
  /** S0, S1 and S2. */
  readonly bytes: Uint8Array;
  readonly s1: Uint8Array;
  /** The digest in S1, if digests are used. */
  readonly digest: Uint8Array | undefined;
}

function answerTo(c1: Uint8Array, random: RandomBytes): Answer {
  const bytes = new Uint8Array(1 + 2 * HANDSHAKE_PACKET_LENGTH);
  bytes[0] = RTMP_VERSION;
  const s1 = bytes.subarray(1, 1 + HANDSHAKE_PACKET_LENGTH);
  const s2 = bytes.subarray(1 + HANDSHAKE_PACKET_LENGTH);
  s1.set(random(HANDSHAKE_PACKET_LENGTH - 8), 8);
  // Clients without digests leave the version field 0, which spares the search.
  const hasVersion = c1.subarray(4, 8).some((byte) => byte !== 0);
  const client = hasVersion ? findDigest(c1, CLIENT_KEY) : undefined;
  if (client === undefined) {
    s2.set(c1);
    return { bytes, s1, digest: undefined };
  }
  s1.set(DIGEST_SERVER_VERSION, 4);
  const digest = placeDigest(s1, client.scheme, SERVER_KEY);
  s2.set(random(HANDSHAKE_PACKET_LENGTH));
  signPacket(s2, client.digest, SERVER_SIGNING_KEY);
  return { bytes, s1, digest };
}

function proofOf(c2: Uint8Array, { s1, digest }: Answer): ClientProof {
  if (digest !== undefined && isSigned(c2, digest, CLIENT_SIGNING_KEY)) return "signed";
  for (let at = ECHO_AT; at < c2.length; at++) {
    if (c2[at] !== s1[at]) return "mismatch";
  }
  return "echo";
}
