/** SRTP of what one peer sends: AES_CM_128_HMAC_SHA1_80 (RFC 3711). */
import type { Cipheriv } from "node:crypto";
import type { SrtpMasterKey } from "./key_derivation.ts";
import { MAX_RTP_PACKET_LENGTH, type PacketArena, TAG_LENGTH } from "./packet_arena.ts";
import { ReplayWindow } from "./replay_window.ts";
import { openRtpKeys } from "./rtp_keys.ts";

/**
 * How far behind the newest a packet may come: packets that are asked for again come late, and
 * those who know no RTX send them as they were. At 10 Mbit/s this is a second.
 */
const RTP_REPLAY_WINDOW_SIZE = 1024;
/** Most SSRCs that one peer may send RTP with: sound, four layers of pictures, repairs of each. */
export const MAX_RTP_SENDERS = 32;

const HEADER_LENGTH = 12;
const BLOCK_LENGTH = 16;
const EXTENSION_FLAG = 0x10;
const SEQUENCE_NUMBERS = 0x1_0000;

/**
 * Why a packet is not taken: a result and no error, which would cost more than all else that is done
 * with a packet, and anybody may send as many as he likes.
 */
export type SrtpRefusal =
  /** Too short, too long, or cut off within its header. */
  | "malformed"
  /** It came before, or is too old to know. */
  | "replayed"
  /** Its tag is not that of the peer. */
  | "forged"
  /** Of yet another SSRC than {@linkcode MAX_RTP_SENDERS}. */
  | "many sources";

/**
 * Checks and decrypts RTP packets of one peer.
 *
 * The rollover counter is not sent: it is taken to be what puts the packet nearest to the newest one
 * of its SSRC (RFC 3711 3.3.1).
 *
 * @example
 * ```ts
 * import { PacketArena } from "./packet_arena.ts";
 * import { SrtpReceiver } from "./srtp_receiver.ts";
 * import { SrtpSender } from "./srtp_sender.ts";
 *
 * const arena = new PacketArena(); // one per thread
 * const master = { key: new Uint8Array(16), salt: new Uint8Array(14) };
 * const packet = Uint8Array.of(0x80, 96, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 0x65);
 * const identity = { payloadType: 96, ssrc: 1, extension: undefined };
 * const datagram = new SrtpSender(arena, master).protectOne(packet, 7, identity);
 * new SrtpReceiver(arena, master).unprotect(datagram); // equals packet
 * ```
 */
export class SrtpReceiver {
  readonly #arena: PacketArena;
  readonly #cipher: Cipheriv;
  readonly #keyStates: Int32Array<ArrayBuffer>;
  readonly #salt: Int32Array<ArrayBuffer>;
  /** A window for each SSRC, as each counts its own packets. */
  readonly #windows = new Map<number, ReplayWindow>();

  /**
   * @param arena where packets are checked; none of its slots is kept
   * @throws {SrtpError} if a length of `master` is wrong
   */
  constructor(arena: PacketArena, master: SrtpMasterKey) {
    const { cipher, keyStates, salt } = openRtpKeys(master);
    this.#arena = arena;
    this.#cipher = cipher;
    this.#keyStates = keyStates;
    this.#salt = salt;
  }

  /**
   * The RTP packet in `datagram`, as a new array; or why the datagram is to be dropped: then nothing
   * has changed.
   */
  unprotect(datagram: Uint8Array): Uint8Array<ArrayBuffer> | SrtpRefusal {
    const length = datagram.length - TAG_LENGTH;
    const headerLength = headerLengthOf(datagram, length);
    if (headerLength === undefined) return "malformed";
    const ssrc = u32(datagram, 8);
    const known = this.#windows.get(ssrc);
    const index = indexOf(datagram[2]! << 8 | datagram[3]!, known?.newest ?? -1);
    // First: what is sent again and again costs no more than this.
    if (known?.isFresh(index) === false) return "replayed";
    const slot = this.#arena.takeSlot();
    if (!this.#isAuthentic(slot, datagram, length, index)) return "forged";
    const window = known ?? this.#openWindow(ssrc);
    if (window === undefined) return "many sources";
    if (length > headerLength) this.#decrypt(slot, length, headerLength, ssrc, index);
    window.take(index);
    return this.#arena.memory.slice(slot, slot + length);
  }

  /** Lets go of the cipher, which Deno would keep for ever: nothing can be taken after that. */
  close(): void {
    this.#cipher.final();
  }

  /** Copies the packet into a slot, and makes the tag anew behind it. */
  #isAuthentic(slot: number, datagram: Uint8Array, length: number, index: number): boolean {
    const arena = this.#arena;
    arena.memory.set(datagram.subarray(0, length), slot);
    arena.makeTag(slot, length, Math.floor(index / SEQUENCE_NUMBERS), this.#keyStates);
    return arena.isTagOf(datagram, slot, length);
  }

  #openWindow(ssrc: number): ReplayWindow | undefined {
    // To forget a window would let its packets in again.
    if (this.#windows.size === MAX_RTP_SENDERS) return undefined;
    const window = new ReplayWindow(RTP_REPLAY_WINDOW_SIZE);
    this.#windows.set(ssrc, window);
    return window;
  }

  /** What is behind the packet's header in its slot. */
  #decrypt(slot: number, length: number, headerLength: number, ssrc: number, index: number): void {
    const { memory, wasm, keystreamAt } = this.#arena;
    const salt = this.#salt;
    const blocks = Math.ceil((length - headerLength) / BLOCK_LENGTH);
    const end = keystreamAt + blocks * BLOCK_LENGTH;
    // RFC 3711 4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
    wasm.writeCounters(
      keystreamAt,
      end,
      salt[0]!,
      salt[1]! ^ ssrc,
      salt[2]! ^ Math.floor(index / SEQUENCE_NUMBERS),
      salt[3]! ^ (index << 16),
    );
    memory.set(this.#cipher.update(memory.subarray(keystreamAt, end)), keystreamAt);
    wasm.cryptPacket(slot, length, headerLength, keystreamAt);
  }
}

/**
 * How long the packet's header is; `undefined` if it is none that can be.
 *
 * @param length of the packet without its tag
 */
function headerLengthOf(datagram: Uint8Array, length: number): number | undefined {
  if (length < HEADER_LENGTH || length > MAX_RTP_PACKET_LENGTH) return undefined;
  let headerLength = HEADER_LENGTH + 4 * (datagram[0]! & 0xf);
  if ((datagram[0]! & EXTENSION_FLAG) !== 0) {
    if (headerLength + 4 > length) return undefined;
    headerLength += 4 + 4 * (datagram[headerLength + 2]! << 8 | datagram[headerLength + 3]!);
  }
  return headerLength > length ? undefined : headerLength;
}

/** The index with this sequence number that is nearest to the newest one, and none below 0. */
function indexOf(sequence: number, newest: number): number {
  if (newest < 0) return sequence;
  const rollover = Math.floor(newest / SEQUENCE_NUMBERS);
  const distance = sequence - newest % SEQUENCE_NUMBERS;
  const half = SEQUENCE_NUMBERS / 2;
  const step = distance > half ? -1 : distance < -half ? 1 : 0;
  return Math.max(0, rollover + step) * SEQUENCE_NUMBERS + sequence;
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}
