/** SRTCP with AES_CM_128_HMAC_SHA1_80 (RFC 3711 3.4). */
import { createCipheriv } from "node:crypto";
import { deriveSessionKeys, type SrtpMasterKey } from "./key_derivation.ts";
import { PacketArena, TAG_LENGTH } from "./packet_arena.ts";
import { ReplayWindow } from "./replay_window.ts";
import { hmacSha1States } from "./sha1_block.ts";
import { SrtpError } from "./srtp_error.ts";

/** Largest RTCP packet, compound or not, without what SRTCP adds. */
const MAX_RTCP_PACKET_LENGTH = 1472;
/** Largest index: 31 bits. */
export const MAX_SRTCP_INDEX = 0x7fff_ffff;
/** Most SSRCs that one peer may send RTCP with: a viewer has one or two. */
const MAX_RTCP_SENDERS = 32;
/** What SRTCP adds: E flag and index, and the tag. */
const SRTCP_OVERHEAD = 14;

const HEADER_LENGTH = 8;
const INDEX_LENGTH = 4;
const ENCRYPTED_FLAG = 0x8000_0000;

/** Where tags are made, one at a time: nothing is kept in it. */
const arena = new PacketArena(4);

/** What the RTCP packets of one direction are protected and checked with. */
interface RtcpKeys {
  readonly cipherKey: Uint8Array;
  /** Of HMAC-SHA1, behind its pads. */
  readonly keyStates: Int32Array<ArrayBuffer>;
  readonly salt: Uint8Array;
}

/**
 * Protects RTCP packets that are sent to one peer.
 *
 * @example
 * ```ts
 * import { SrtcpReceiver, SrtcpSender } from "./srtcp.ts";
 *
 * const master = { key: new Uint8Array(16), salt: new Uint8Array(14) };
 * const receiverReport = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7);
 * const datagram = new SrtcpSender(master).protect(receiverReport, 1);
 * const packet = new SrtcpReceiver(master).unprotect(datagram); // equals receiverReport
 * ```
 */
export class SrtcpSender {
  readonly #keys: RtcpKeys;

  /** @throws {SrtpError} if a length of `master` is wrong */
  constructor(master: SrtpMasterKey) {
    this.#keys = openRtcpKeys(master);
  }

  /**
   * Protects `packet`, a whole RTCP packet or compound of them; the result is a new array.
   *
   * @param index 0 to 2^31 - 1; never the same for two packets of one SSRC, and growing
   * @throws {SrtpError} if a limit is broken
   */
  protect(packet: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
    const { length } = packet;
    if (length < HEADER_LENGTH || length > MAX_RTCP_PACKET_LENGTH) {
      throw new SrtpError(
        `Cannot protect RTCP packet: must be ${HEADER_LENGTH}..${MAX_RTCP_PACKET_LENGTH} bytes, ` +
          `got ${length}`,
      );
    }
    if (!Number.isInteger(index) || index < 0 || index > MAX_SRTCP_INDEX) {
      throw new SrtpError(
        `Cannot protect RTCP packet: index must be 0..${MAX_SRTCP_INDEX}, got ${index}`,
      );
    }
    const datagram = new Uint8Array(length + SRTCP_OVERHEAD);
    datagram.set(packet.subarray(0, HEADER_LENGTH));
    datagram.set(crypt(packet, index, this.#keys), HEADER_LENGTH);
    const trailer = ENCRYPTED_FLAG + index;
    new DataView(datagram.buffer).setUint32(length, trailer);
    const tagAt = makeTag(datagram.subarray(0, length), trailer, this.#keys) + length;
    datagram.set(arena.memory.subarray(tagAt, tagAt + TAG_LENGTH), length + INDEX_LENGTH);
    return datagram;
  }
}

/** Checks and decrypts RTCP packets of one peer; see {@linkcode SrtcpSender} for an example. */
export class SrtcpReceiver {
  readonly #keys: RtcpKeys;
  /** A window for each SSRC, as each counts its own packets (RFC 3711 3.2.3); libsrtp does so. */
  readonly #windows = new Map<number, ReplayWindow>();

  /** @throws {SrtpError} if a length of `master` is wrong */
  constructor(master: SrtpMasterKey) {
    this.#keys = openRtcpKeys(master);
  }

  /**
   * The RTCP packet in `datagram`, as a new array.
   *
   * @throws {SrtpError} if it is not authentic, not encrypted, came before, or is too short or
   * long: the datagram is to be dropped and nothing has changed
   */
  unprotect(datagram: Uint8Array): Uint8Array<ArrayBuffer> {
    const { length } = datagram;
    const limits = [HEADER_LENGTH + SRTCP_OVERHEAD, MAX_RTCP_PACKET_LENGTH + SRTCP_OVERHEAD];
    if (length < limits[0]! || length > limits[1]!) {
      throw new SrtpError(
        `Cannot unprotect RTCP packet: must be ${limits[0]}..${limits[1]} bytes, got ${length}`,
      );
    }
    const packet = datagram.subarray(0, length - SRTCP_OVERHEAD);
    const trailer = new DataView(datagram.buffer, datagram.byteOffset + packet.length).getUint32(0);
    if (!arena.isTagOf(datagram, makeTag(packet, trailer, this.#keys), packet.length)) {
      throw new SrtpError("Cannot unprotect RTCP packet: its tag must be authentic");
    }
    if (trailer < ENCRYPTED_FLAG) {
      throw new SrtpError("Cannot unprotect RTCP packet: must be encrypted, got no E flag");
    }
    const index = trailer - ENCRYPTED_FLAG;
    const window = this.#windowOf(datagram);
    if (!window.isFresh(index)) {
      throw new SrtpError(`Cannot unprotect RTCP packet: index must be new, got ${index}`);
    }
    // Not slice(): that of a Buffer borrows.
    const decrypted = new Uint8Array(packet);
    decrypted.set(crypt(packet, index, this.#keys), HEADER_LENGTH);
    window.take(index);
    return decrypted;
  }

  /** The window of an authentic datagram's SSRC. */
  #windowOf(datagram: Uint8Array): ReplayWindow {
    const ssrc = new DataView(datagram.buffer, datagram.byteOffset).getUint32(4);
    let window = this.#windows.get(ssrc);
    if (window === undefined) {
      // To forget a window would let its packets in again.
      if (this.#windows.size === MAX_RTCP_SENDERS) {
        throw new SrtpError(
          `Cannot unprotect RTCP packet: must be of up to ${MAX_RTCP_SENDERS} SSRCs, got another`,
        );
      }
      window = new ReplayWindow();
      this.#windows.set(ssrc, window);
    }
    return window;
  }
}

/** Encrypts or decrypts what follows the header (RFC 3711 4.1.1). */
function crypt(packet: Uint8Array, index: number, keys: RtcpKeys): Uint8Array {
  const counter = new Uint8Array(16);
  counter.set(keys.salt);
  for (let byte = 0; byte < 4; byte++) {
    counter[4 + byte] = counter[4 + byte]! ^ packet[4 + byte]!;
    counter[10 + byte] = counter[10 + byte]! ^ (index >>> (24 - 8 * byte));
  }
  const cipher = createCipheriv("aes-128-ctr", keys.cipherKey, counter);
  const output = cipher.update(packet.subarray(HEADER_LENGTH));
  // Nothing comes of it, but without it Deno keeps the cipher for ever.
  cipher.final();
  return output;
}

/** Copies a packet into a slot, and makes its tag with E flag and index; where the slot is. */
function makeTag(packet: Uint8Array, trailer: number, { keyStates }: RtcpKeys): number {
  const slot = arena.takeSlot();
  arena.memory.set(packet, slot);
  arena.makeTag(slot, packet.length, trailer, keyStates);
  return slot;
}

/** @throws {SrtpError} if a length of `master` is wrong */
function openRtcpKeys(master: SrtpMasterKey): RtcpKeys {
  const { cipherKey, authenticationKey, salt } = deriveSessionKeys(master, "srtcp");
  return { cipherKey, keyStates: hmacSha1States(authenticationKey), salt };
}
