/** SRTP for what is sent to one viewer: AES_CM_128_HMAC_SHA1_80 (RFC 3711). */
import type { Cipheriv } from "node:crypto";
import type { SrtpMasterKey } from "./key_derivation.ts";
import {
  MAX_RTP_PACKET_LENGTH,
  type PacketArena,
  PACKETS_PER_KEYSTREAM,
  TAG_LENGTH,
} from "./packet_arena.ts";
import { MAX_EXTENSION_LENGTH, type PacketExtension, type RtpIdentity } from "./rtp_identity.ts";
import { openRtpKeys } from "./rtp_keys.ts";
import { SrtpError } from "./srtp_error.ts";

/** Largest index of a packet: a rollover counter of 32 bits and a sequence number of 16. */
export const MAX_PACKET_INDEX = 2 ** 48 - 1;

const HEADER_LENGTH = 12;
const TIMESTAMP_AT = 4;
const ORIGINAL_SEQUENCE_NUMBER_LENGTH = 2;
const BLOCK_LENGTH = 16;
const ROLLOVER_LENGTH = 4;
const EXTENSION_FLAG = 0x10;

/**
 * Protects packets for one viewer.
 *
 * Plaintext packets are shared by all viewers and never changed: they are copied into slots of the
 * arena, where payload type, sequence number and SSRC become the viewer's, and its header extension
 * is put in. The index of a packet is its sequence number with the rollover counter in front
 * (RFC 3711 3.3.1), 48 bits, and always given by the caller: nothing is guessed, so that an old
 * packet can be sent again after a wrap.
 *
 * **Never protect two different packets with one index and SSRC**: whoever sees both sees what
 * differs between them. Sending the same packet again is safe, and gives the same bytes.
 *
 * What is returned are views into the arena: see {@linkcode PacketArena} for how long they last.
 *
 * @example
 * ```ts
 * import { PacketArena } from "./packet_arena.ts";
 * import { SrtpSender } from "./srtp_sender.ts";
 *
 * const arena = new PacketArena(); // one per thread
 * const master = { key: new Uint8Array(16), salt: new Uint8Array(14) };
 * const sender = new SrtpSender(arena, master); // one per viewer
 * const packets = [Uint8Array.of(0x80, 96, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0x65)];
 * const datagrams: Uint8Array[] = [];
 * const identity = { payloadType: 102, ssrc: 0xcafe, extension: undefined };
 * sender.protectBatch(packets, 1, 65_536, identity, datagrams);
 * datagrams[0]!.length; // 13 + 10
 * ```
 */
export class SrtpSender {
  readonly #arena: PacketArena;
  readonly #cipher: Cipheriv;
  readonly #keyStates: Int32Array<ArrayBuffer>;
  readonly #salt: Int32Array<ArrayBuffer>;
  /** Slots of the batch at work. */
  readonly #slots = new Int32Array(PACKETS_PER_KEYSTREAM);
  /** Lengths of the batch's packets with their rollover counters. */
  readonly #lengths = new Int32Array(PACKETS_PER_KEYSTREAM);
  #transportSequence = 0;

  /** @throws {SrtpError} if a length of `master` is wrong */
  constructor(arena: PacketArena, master: SrtpMasterKey) {
    const { cipher, keyStates, salt } = openRtpKeys(master);
    this.#arena = arena;
    this.#cipher = cipher;
    this.#keyStates = keyStates;
    this.#salt = salt;
  }

  /**
   * How many packets got a transport-wide sequence number: they count from 0, over all identities,
   * and packets have the low 16 bits.
   */
  get transportSequence(): number {
    return this.#transportSequence;
  }

  /**
   * Protects the first `count` of `packets`, each of them a header of 12 bytes and its payload.
   * The first gets `firstIndex`, and each one more; the results are appended to `datagrams`.
   *
   * At most half of the arena's slots make sense as one batch: more would overwrite its beginning.
   *
   * @param timestampShift what is added to their timestamps: always the same for the same packet
   * @throws {SrtpError} if a packet is no such packet or larger than
   * {@linkcode MAX_RTP_PACKET_LENGTH}, an index is out of range, or the batch exceeds the arena
   */
  protectBatch(
    packets: readonly Uint8Array[],
    count: number,
    firstIndex: number,
    identity: RtpIdentity,
    datagrams: Uint8Array[],
    timestampShift = 0,
  ): void {
    checkIndexes(firstIndex, count);
    if (count > packets.length || count > this.#arena.slotCount) {
      throw new SrtpError(
        `Cannot protect packets: must be up to ${
          Math.min(packets.length, this.#arena.slotCount)
        }, got ${count}`,
      );
    }
    const headerLength = headerLengthOf(identity);
    for (let at = 0; at < count; at++) checkPacket(packets[at]!, headerLength);
    for (let from = 0; from < count; from += PACKETS_PER_KEYSTREAM) {
      const size = Math.min(count - from, PACKETS_PER_KEYSTREAM);
      const index = firstIndex + from;
      for (let at = 0; at < size; at++) {
        this.#copy(at, packets[from + at]!, headerLength, index + at, identity);
        if (timestampShift !== 0) this.#shiftTimestamp(at, timestampShift);
      }
      this.#protectCopies(size, index, identity.ssrc, headerLength);
      for (let at = 0; at < size; at++) datagrams.push(this.#datagram(at));
    }
  }

  /** Lets go of the cipher, which Deno would keep for ever: nothing can be protected after that. */
  close(): void {
    this.#cipher.final();
  }

  /**
   * Protects one packet, for example one that is sent again.
   *
   * @throws {SrtpError} as {@linkcode protectBatch}
   */
  protectOne(
    packet: Uint8Array,
    index: number,
    identity: RtpIdentity,
    timestampShift = 0,
  ): Uint8Array<ArrayBuffer> {
    checkIndexes(index, 1);
    const headerLength = headerLengthOf(identity);
    checkPacket(packet, headerLength);
    this.#copy(0, packet, headerLength, index, identity);
    if (timestampShift !== 0) this.#shiftTimestamp(0, timestampShift);
    this.#protectCopies(1, index, identity.ssrc, headerLength);
    return this.#datagram(0);
  }

  /**
   * Protects a retransmission of `packet` (RFC 4588 4): a packet of the RTX stream that
   * `identity` names, with its own `index`, whose payload starts with `originalSequenceNumber`.
   *
   * @throws {SrtpError} as {@linkcode protectBatch}; the packet may be 2 bytes shorter only
   */
  protectRetransmission(
    packet: Uint8Array,
    originalSequenceNumber: number,
    index: number,
    identity: RtpIdentity,
    timestampShift = 0,
  ): Uint8Array<ArrayBuffer> {
    checkIndexes(index, 1);
    const headerLength = headerLengthOf(identity);
    const payloadAt = headerLength + ORIGINAL_SEQUENCE_NUMBER_LENGTH;
    checkPacket(packet, payloadAt);
    this.#copy(0, packet, payloadAt, index, identity);
    if (timestampShift !== 0) this.#shiftTimestamp(0, timestampShift);
    const { memory } = this.#arena;
    const at = this.#slots[0]! + headerLength;
    memory[at] = originalSequenceNumber >> 8;
    memory[at + 1] = originalSequenceNumber;
    this.#protectCopies(1, index, identity.ssrc, headerLength);
    return this.#datagram(0);
  }

  /** Copies `packet` to a slot, as the batch's packet `at`, with its payload at `payloadAt`. */
  #copy(
    at: number,
    packet: Uint8Array,
    payloadAt: number,
    index: number,
    identity: RtpIdentity,
  ): void {
    const { memory } = this.#arena;
    const { payloadType, ssrc, extension } = identity;
    const slot = this.#arena.takeSlot();
    const gapLength = payloadAt - HEADER_LENGTH;
    // The header's own 12 bytes land before the slot's payload and are written anew in front.
    memory.set(packet, slot + gapLength);
    memory[slot] = extension === undefined ? packet[0]! : packet[0]! | EXTENSION_FLAG;
    memory[slot + 1] = (packet[1]! & 0x80) | payloadType;
    memory[slot + 2] = index >> 8;
    memory[slot + 3] = index;
    if (gapLength > 0) { for (let byte = 4; byte < 8; byte++) memory[slot + byte] = packet[byte]!; }
    memory[slot + 8] = ssrc >> 24;
    memory[slot + 9] = ssrc >> 16;
    memory[slot + 10] = ssrc >> 8;
    memory[slot + 11] = ssrc;
    if (extension !== undefined) this.#writeExtension(slot + HEADER_LENGTH, extension);
    this.#slots[at] = slot;
    this.#lengths[at] = packet.length + gapLength + ROLLOVER_LENGTH;
  }

  /** The timestamp is no part of what encryption depends on, but of what is authenticated. */
  #shiftTimestamp(at: number, shift: number): void {
    const { memory } = this.#arena;
    const field = this.#slots[at]! + TIMESTAMP_AT;
    const before = memory[field]! << 24 | memory[field + 1]! << 16 | memory[field + 2]! << 8 |
      memory[field + 3]!;
    const timestamp = before + shift | 0;
    memory[field] = timestamp >> 24;
    memory[field + 1] = timestamp >> 16;
    memory[field + 2] = timestamp >> 8;
    memory[field + 3] = timestamp;
  }

  #writeExtension(at: number, { bytes, transportSequenceAt }: PacketExtension): void {
    const { memory } = this.#arena;
    // A few bytes: the call of set() would cost more.
    for (let byte = 0; byte < bytes.length; byte++) memory[at + byte] = bytes[byte]!;
    if (transportSequenceAt < 0) return;
    const sequence = this.#transportSequence++;
    memory[at + transportSequenceAt] = sequence >> 8;
    memory[at + transportSequenceAt + 1] = sequence;
  }

  /** Encrypts and authenticates the first `size` packets of the batch. */
  #protectCopies(size: number, firstIndex: number, ssrc: number, headerLength: number): void {
    const { memory, wasm, keystreamAt } = this.#arena;
    const end = this.#writeCounters(size, firstIndex, ssrc, headerLength);
    memory.set(this.#cipher.update(memory.subarray(keystreamAt, end)), keystreamAt);
    let keystream = keystreamAt;
    for (let at = 0; at < size; at++) {
      const length = this.#lengths[at]! - ROLLOVER_LENGTH;
      const rollover = Math.floor((firstIndex + at) / 0x1_0000);
      wasm.cryptPacket(this.#slots[at]!, length, headerLength, keystream);
      wasm.padPacket(this.#slots[at]!, length, rollover);
      keystream += keystreamLength(length - headerLength);
    }
    this.#authenticate(size);
  }

  /** Writes the counter blocks of all packets, one after the other, and returns their end. */
  #writeCounters(size: number, firstIndex: number, ssrc: number, headerLength: number): number {
    const { wasm, keystreamAt } = this.#arena;
    const salt = this.#salt;
    let counters = keystreamAt;
    for (let at = 0; at < size; at++) {
      const index = firstIndex + at;
      const end = counters + keystreamLength(this.#lengths[at]! - ROLLOVER_LENGTH - headerLength);
      // RFC 3711 4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
      wasm.writeCounters(
        counters,
        end,
        salt[0]!,
        salt[1]! ^ ssrc,
        salt[2]! ^ Math.floor(index / 0x1_0000),
        salt[3]! ^ (index << 16),
      );
      counters = end;
    }
    return counters;
  }

  /** Four packets at a time; lanes without a packet repeat the first, which does no harm. */
  #authenticate(size: number): void {
    const { wasm } = this.#arena;
    const slots = this.#slots;
    const lengths = this.#lengths;
    this.#arena.useKeyStates(this.#keyStates);
    for (let first = 0; first < size; first += 4) {
      const second = first + 1 < size ? first + 1 : first;
      const third = first + 2 < size ? first + 2 : first;
      const fourth = first + 3 < size ? first + 3 : first;
      wasm.hmacLanes(
        slots[first]!,
        slots[second]!,
        slots[third]!,
        slots[fourth]!,
        lengths[first]!,
        lengths[second]!,
        lengths[third]!,
        lengths[fourth]!,
      );
    }
  }

  #datagram(at: number): Uint8Array<ArrayBuffer> {
    const length = this.#lengths[at]! - ROLLOVER_LENGTH + TAG_LENGTH;
    return this.#arena.packetAt(this.#slots[at]!, length);
  }
}

/** Length of the keystream for a payload: whole blocks, and one at least. */
function keystreamLength(payloadLength: number): number {
  const blocks = (payloadLength + BLOCK_LENGTH - 1) >> 4;
  return (blocks === 0 ? 1 : blocks) * BLOCK_LENGTH;
}

/** Length of what is not encrypted. */
function headerLengthOf({ extension }: RtpIdentity): number {
  if (extension === undefined) return HEADER_LENGTH;
  const { length } = extension.bytes;
  if (length < 4 || length > MAX_EXTENSION_LENGTH || length % 4 !== 0) {
    throw new SrtpError(
      `Cannot protect packet: extension must be 4..${MAX_EXTENSION_LENGTH} bytes in words, got ${length}`,
    );
  }
  return HEADER_LENGTH + length;
}

function checkIndexes(first: number, count: number): void {
  if (!Number.isInteger(first) || first < 0 || first + count - 1 > MAX_PACKET_INDEX) {
    throw new SrtpError(
      `Cannot protect packet: index must be 0..${MAX_PACKET_INDEX}, got ${first} + ${count}`,
    );
  }
}

/** CSRCs and extensions of its own would lengthen the header, which is not encrypted. */
function checkPacket(packet: Uint8Array, payloadAt: number): void {
  const limit = MAX_RTP_PACKET_LENGTH - payloadAt + HEADER_LENGTH;
  if (packet.length < HEADER_LENGTH || packet.length > limit) {
    throw new SrtpError(
      `Cannot protect packet: must be ${HEADER_LENGTH}..${limit} bytes, got ${packet.length}`,
    );
  }
  if ((packet[0]! & 0xdf) !== 0x80) {
    throw new SrtpError(
      `Cannot protect packet: must have a header of ${HEADER_LENGTH} bytes, got flags ${packet[0]}`,
    );
  }
}
