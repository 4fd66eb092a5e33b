/**
 * The digest of Adobe's "complex" handshake: not in the RTMP 1.0 document, but asked for by Flash
 * Player, librtmp's SWF verification and ffmpeg when it plays.
 */
import { createHmac } from "node:crypto";
import { ByteWriter } from "../../bytes/byte_writer.ts";

/** Length of C1, S1, C2 and S2 (RTMP 5.2.3, 5.2.4). */
export const HANDSHAKE_PACKET_LENGTH = 1536;

/** Length of an HMAC-SHA256. */
const DIGEST_LENGTH = 32;

/** Where in C1 and S1 the digest lies: before the key block (`1`) or behind it (`0`). */
export type DigestScheme = 0 | 1;

/** A digest found in a C1. `digest` borrows from it. */
export interface ClientDigest {
  readonly scheme: DigestScheme;
  readonly digest: Uint8Array;
}

const utf8 = new TextEncoder();

// deno-fmt-ignore
const KEY_TAIL = Uint8Array.of(
  0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
  0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
);

/** Keys C1's digest. */
export const CLIENT_KEY: Uint8Array = utf8.encode("Genuine Adobe Flash Player 001");

/** Makes the key of C2's signature. */
export const CLIENT_SIGNING_KEY: Uint8Array = new ByteWriter().bytes(CLIENT_KEY).bytes(KEY_TAIL)
  .take();

/** Keys S1's digest. */
export const SERVER_KEY: Uint8Array = utf8.encode("Genuine Adobe Flash Media Server 001");

/** Makes the key of S2's signature. */
export const SERVER_SIGNING_KEY: Uint8Array = new ByteWriter().bytes(SERVER_KEY).bytes(KEY_TAIL)
  .take();

/** Time and version take the first 8 bytes; two blocks of 764 bytes follow. */
const DIGEST_BLOCK_AT = { 0: 772, 1: 8 } as const;
const DIGEST_POSITIONS = 764 - DIGEST_LENGTH - 4;

/** Where the digest of `packet` starts, a C1 or S1: four bytes of its block add up to the offset. */
function digestOffset(packet: Uint8Array, scheme: DigestScheme): number {
  const block = DIGEST_BLOCK_AT[scheme];
  const sum = packet[block]! + packet[block + 1]! + packet[block + 2]! + packet[block + 3]!;
  return block + 4 + (sum % DIGEST_POSITIONS);
}

/** The digest of a C1 or S1: over all its bytes but the digest's own. */
function packetDigest(packet: Uint8Array, offset: number, key: Uint8Array): Uint8Array {
  return createHmac("sha256", key)
    .update(packet.subarray(0, offset))
    .update(packet.subarray(offset + DIGEST_LENGTH))
    .digest();
}

/** Writes the digest of `packet`, a C1 or S1, in its place, and returns that place as a view. */
export function placeDigest(
  packet: Uint8Array,
  scheme: DigestScheme,
  key: Uint8Array,
): Uint8Array {
  const offset = digestOffset(packet, scheme);
  packet.set(packetDigest(packet, offset, key), offset);
  return packet.subarray(offset, offset + DIGEST_LENGTH);
}

/** The digest of `packet`, a C1 or S1, made with `key`; `undefined` if neither scheme has it. */
export function findDigest(packet: Uint8Array, key: Uint8Array): ClientDigest | undefined {
  for (const scheme of [0, 1] as const) {
    const offset = digestOffset(packet, scheme);
    const found = packet.subarray(offset, offset + DIGEST_LENGTH);
    if (equalBytes(found, packetDigest(packet, offset, key))) return { scheme, digest: found };
  }
  return undefined;
}

/** Signs `packet`, an S2 or C2, in its last 32 bytes, for the peer whose digest is `digest`. */
export function signPacket(packet: Uint8Array, digest: Uint8Array, signingKey: Uint8Array): void {
  packet.set(packetSignature(packet, digest, signingKey), packet.length - DIGEST_LENGTH);
}

/** The signature that `packet`, an S2 or C2, must end with. */
export function packetSignature(
  packet: Uint8Array,
  digest: Uint8Array,
  signingKey: Uint8Array,
): Uint8Array {
  const key = createHmac("sha256", signingKey).update(digest).digest();
  const signed = packet.subarray(0, packet.length - DIGEST_LENGTH);
  return createHmac("sha256", key).update(signed).digest();
}

/** Whether `packet`, an S2 or C2, ends with the signature for the peer whose digest is `digest`. */
export function isSigned(packet: Uint8Array, digest: Uint8Array, signingKey: Uint8Array): boolean {
  const found = packet.subarray(packet.length - DIGEST_LENGTH);
  return equalBytes(found, packetSignature(packet, digest, signingKey));
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
