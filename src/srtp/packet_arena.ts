/** The memory that protected packets are made in, shared by all senders of a thread. */
import {
  cryptPacketFunction,
  PADDING_LENGTH,
  padPacketFunction,
  writeCountersFunction,
} from "./packet_cipher.ts";
import { hmacLanesFunction } from "./sha1_lanes.ts";
import { SrtpError } from "./srtp_error.ts";
import { assembleModule } from "./wasm_assembler.ts";

/** Largest RTP packet, header and payload: with its tag it still fits the link of most viewers. */
export const MAX_RTP_PACKET_LENGTH = 1472;
/** Length of the authentication tag of HMAC_SHA1_80. */
export const TAG_LENGTH = 10;
/** How many packets' keystreams are made by one call of the cipher. */
export const PACKETS_PER_KEYSTREAM = 16;
/** Most slots that an arena may have: 6.5 MB. */
const MAX_SLOT_COUNT = 4096;

/** What is hashed behind a packet: its rollover counter, or E flag and index of RTCP. */
const TRAILER_LENGTH = 4;
const SLOT_LENGTH = 1600;
const KEY_STATES_AT = 0;
/** Counter blocks, which their keystream replaces. */
const KEYSTREAM_AT = 64;
const KEYSTREAM_LENGTH = PACKETS_PER_KEYSTREAM * MAX_RTP_PACKET_LENGTH;
const SLOTS_AT = KEYSTREAM_AT + KEYSTREAM_LENGTH;
const PAGE_LENGTH = 65_536;

if (MAX_RTP_PACKET_LENGTH + PADDING_LENGTH > SLOT_LENGTH) throw new Error("Slots are too short");

/** The functions of the arena's WebAssembly: see where each is made. */
interface ArenaFunctions {
  writeCounters(at: number, end: number, w0: number, w1: number, w2: number, w3: number): void;
  cryptPacket(at: number, length: number, headerLength: number, keystreamAt: number): void;
  padPacket(at: number, length: number, rollover: number): void;
  hmacLanes(
    at0: number,
    at1: number,
    at2: number,
    at3: number,
    length0: number,
    length1: number,
    length2: number,
    length3: number,
  ): void;
}

/**
 * A ring of slots in WebAssembly memory, each for one protected packet.
 *
 * The memory never grows, so that views on it stay valid; a view's bytes stay until `slotCount`
 * further packets have been protected by any sender of this arena. Whoever keeps packets longer
 * (a queue before a socket) must either bound that to fewer than `slotCount`, or copy.
 *
 * @example
 * ```ts
 * import { PacketArena } from "./packet_arena.ts";
 *
 * const arena = new PacketArena(256); // 410 KB
 * ```
 */
export class PacketArena {
  readonly slotCount: number;
  /** All the memory: for this room's senders. */
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly wasm: ArenaFunctions;
  /** Where counter blocks are written and keystream is read. */
  readonly keystreamAt = KEYSTREAM_AT;
  readonly #keyStates: Int32Array<ArrayBuffer>;
  readonly #views: Uint8Array<ArrayBuffer>[];
  #next = 0;

  /** @throws {SrtpError} if `slotCount` is not within 4 to {@linkcode MAX_SLOT_COUNT} */
  constructor(slotCount = 256) {
    if (!Number.isInteger(slotCount) || slotCount < 4 || slotCount > MAX_SLOT_COUNT) {
      throw new SrtpError(
        `Cannot make packet arena: must have 4..${MAX_SLOT_COUNT} slots, got ${slotCount}`,
      );
    }
    const length = SLOTS_AT + slotCount * SLOT_LENGTH;
    const bytes = assembleModule([
      writeCountersFunction(),
      cryptPacketFunction(),
      padPacketFunction(),
      hmacLanesFunction({ keyStatesAt: KEY_STATES_AT }),
    ], Math.ceil(length / PAGE_LENGTH));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const { buffer } = exports.memory as WebAssembly.Memory;
    this.slotCount = slotCount;
    this.memory = new Uint8Array(buffer as ArrayBuffer);
    this.wasm = exports as unknown as ArenaFunctions;
    this.#keyStates = new Int32Array(this.memory.buffer, KEY_STATES_AT, 10);
    this.#views = Array.from({ length: slotCount }, () => this.memory.subarray(0, 0));
  }

  /** Takes the oldest slot: its address, which {@linkcode packetAt} turns into a packet. */
  takeSlot(): number {
    const slot = this.#next;
    this.#next = slot + 1 === this.slotCount ? 0 : slot + 1;
    return SLOTS_AT + slot * SLOT_LENGTH;
  }

  /** The slot's first `length` bytes. Packets of equal length in the same slot share their view. */
  packetAt(slotAt: number, length: number): Uint8Array<ArrayBuffer> {
    const slot = (slotAt - SLOTS_AT) / SLOT_LENGTH;
    const kept = this.#views[slot]!;
    if (kept.length === length) return kept;
    const view = this.memory.subarray(slotAt, slotAt + length);
    this.#views[slot] = view;
    return view;
  }

  /**
   * Makes the tag of the one packet in a slot, behind it (RFC 3711 4.2).
   *
   * @param trailer 32 bits that are hashed behind the packet
   * @param keyStates what `hmacSha1States` returned
   */
  makeTag(slotAt: number, length: number, trailer: number, keyStates: Int32Array): void {
    this.wasm.padPacket(slotAt, length, trailer);
    this.useKeyStates(keyStates);
    const hashed = length + TRAILER_LENGTH;
    this.wasm.hmacLanes(slotAt, slotAt, slotAt, slotAt, hashed, hashed, hashed, hashed);
  }

  /** Whether that tag is the one that `datagram` ends with. */
  isTagOf(datagram: Uint8Array, slotAt: number, length: number): boolean {
    const shownAt = datagram.length - TAG_LENGTH;
    const madeAt = slotAt + length;
    let difference = 0;
    // All of it, so that it takes the same time wherever the tags differ.
    for (let at = 0; at < TAG_LENGTH; at++) {
      difference |= this.memory[madeAt + at]! ^ datagram[shownAt + at]!;
    }
    return difference === 0;
  }

  /** Sets what the next packets are authenticated with: what `hmacSha1States` returned. */
  useKeyStates(states: Int32Array): void {
    this.#keyStates.set(states);
  }
}
