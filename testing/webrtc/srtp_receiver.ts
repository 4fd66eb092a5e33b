import { createDecipheriv, createHmac } from "node:crypto";
import { rtpHeaderSize } from "./rtp_packet.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import {
  deriveSessionKeys,
  type SrtpMasterKey,
  type SrtpSessionKeys,
} from "../../src/srtp/key_derivation.ts";

const TAG_LENGTH = 10;

/** Checks and decrypts SRTP packets (RFC 3711), after the letter of it and by node:crypto alone. */
export class SrtpReceiver {
  readonly #keys: SrtpSessionKeys;

  constructor(master: SrtpMasterKey) {
    this.#keys = deriveSessionKeys(master, "srtp");
  }

  /**
   * The payload of an RTP packet; `undefined` if the packet is not authentic, or is none.
   *
   * @param index rollover counter and sequence number, 48 bits
   */
  unprotect(datagram: Uint8Array, index: number): Uint8Array | undefined {
    const end = datagram.length - TAG_LENGTH;
    const headerLength = headerLengthOf(datagram);
    if (headerLength === undefined || end < headerLength) return undefined;
    const rollover = new Uint8Array(4);
    new DataView(rollover.buffer).setUint32(0, Math.floor(index / 0x1_0000));
    const tag = createHmac("sha1", this.#keys.authenticationKey)
      .update(datagram.subarray(0, end)).update(rollover).digest();
    for (let at = 0; at < TAG_LENGTH; at++) if (tag[at] !== datagram[end + at]) return undefined;
    const cipher = createDecipheriv(
      "aes-128-ctr",
      this.#keys.cipherKey,
      this.#counter(datagram, index),
    );
    return cipher.update(datagram.subarray(headerLength, end));
  }

  /** RFC 3711 4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16. */
  #counter(datagram: Uint8Array, index: number): Uint8Array {
    const counter = new Uint8Array(16);
    counter.set(this.#keys.salt);
    for (let at = 0; at < 4; at++) counter[4 + at]! ^= datagram[8 + at]!;
    for (let at = 0; at < 6; at++) counter[8 + at]! ^= Math.floor(index / 2 ** (40 - 8 * at));
    return counter;
  }
}

function headerLengthOf(datagram: Uint8Array): number | undefined {
  try {
    return rtpHeaderSize(datagram);
  } catch (error) {
    if (error instanceof RtpError) return undefined;
    throw error;
  }
}
