/** SRTP and SRTCP written as plainly as RFC 3711 says them, on node:crypto: what ours must equal. */
import { createCipheriv, createHmac } from "node:crypto";
import { concat } from "@std/bytes/concat";
import type { SrtpMasterKey, SrtpSessionKeys } from "../../src/srtp/key_derivation.ts";

/** RFC 3711 4.3.1, with a key derivation rate of 0. */
export function referenceKeys(master: SrtpMasterKey, firstLabel: 0 | 3): SrtpSessionKeys {
  const derive = (label: number, length: number) => {
    // key_id * 2^16 is the counter block: label and salt meet in the middle.
    const keyId = (BigInt(label) << 48n) ^ toBigInt(master.salt);
    return aesCounterMode(master.key, keyId << 16n, new Uint8Array(length));
  };
  return {
    cipherKey: derive(firstLabel, 16),
    authenticationKey: derive(firstLabel + 1, 20),
    salt: derive(firstLabel + 2, 14),
  };
}

/** RFC 3711 3.3 on a packet whose header is `headerLength` long. */
export function referenceSrtp(
  packet: Uint8Array,
  index: bigint,
  keys: SrtpSessionKeys,
  headerLength = 12,
): Uint8Array {
  const ssrc = BigInt(new DataView(packet.buffer, packet.byteOffset).getUint32(8));
  const counter = (toBigInt(keys.salt) << 16n) ^ (ssrc << 64n) ^ (index << 16n);
  const header = packet.subarray(0, headerLength);
  const encrypted = concat([
    header,
    aesCounterMode(keys.cipherKey, counter, packet.subarray(headerLength)),
  ]);
  const rollover = new DataView(new ArrayBuffer(4));
  rollover.setUint32(0, Number(index >> 16n));
  const tag = createHmac("sha1", keys.authenticationKey)
    .update(encrypted).update(new Uint8Array(rollover.buffer)).digest();
  return concat([encrypted, tag.subarray(0, 10)]);
}

/** RFC 3711 3.4: header of 8 bytes in clear, E flag and index, tag. */
export function referenceSrtcp(
  packet: Uint8Array,
  index: number,
  keys: SrtpSessionKeys,
): Uint8Array {
  const ssrc = BigInt(new DataView(packet.buffer, packet.byteOffset).getUint32(4));
  const counter = (toBigInt(keys.salt) << 16n) ^ (ssrc << 64n) ^ (BigInt(index) << 16n);
  const trailer = new DataView(new ArrayBuffer(4));
  trailer.setUint32(0, 0x8000_0000 + index);
  const signed = concat([
    packet.subarray(0, 8),
    aesCounterMode(keys.cipherKey, counter, packet.subarray(8)),
    new Uint8Array(trailer.buffer),
  ]);
  const tag = createHmac("sha1", keys.authenticationKey).update(signed).digest();
  return concat([signed, tag.subarray(0, 10)]);
}

function aesCounterMode(key: Uint8Array, counter: bigint, bytes: Uint8Array): Uint8Array {
  const digits = BigInt.asUintN(128, counter).toString(16).padStart(32, "0");
  const block = Uint8Array.from(digits.match(/../g)!, (pair) => parseInt(pair, 16));
  return Uint8Array.from(createCipheriv("aes-128-ctr", key, block).update(bytes));
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
