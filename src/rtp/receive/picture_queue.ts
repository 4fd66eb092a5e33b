import type { Depacketizer, ReceivedUnit } from "./depacketizer.ts";
import { FrameDependencies, type PictureDependency } from "./frame_dependencies.ts";
import type { PacketRoom } from "./packet_room.ts";
import { PacketWindow } from "./packet_window.ts";
import type { ReceivedPacket } from "./received_packet.ts";

/** Two thirds of a second of 40 Mbit/s. */
const MAX_PACKETS = 2048;

/** How long a picture is waited for: until it was asked for and sent again some times. */
const MIN_HOLD_MS = 100;
const MAX_HOLD_MS = 600;
const HOLD_ROUND_TRIPS = 3;

/** A packet that cannot be asked for is waited for as long as it may be overtaken. */
const REORDERING_HOLD_MS = 50;

/** A picture is waited for no longer than this when a whole key frame is there behind it. */
const KEY_FRAME_PATIENCE_MS = 100;

/** How often it is looked whether there is such a key frame. */
const LOOK_INTERVAL_MS = 5;

/** A picture that has come whole. */
export interface ReceivedPicture {
  readonly unit: ReceivedUnit;
  /** 32 bits, in ticks of its clock. */
  readonly timestamp: number;
}

/** What it depends on how long a picture is waited for. */
export interface ReceptionTerms {
  readonly roundTripMs: number;
  /** Whether lost packets can be asked for. */
  readonly canAsk: boolean;
}

/**
 * What may leave: all pictures; those of which it is known that nothing they refer to is lost; or none
 * before the next key frame.
 */
type Passage = "all" | "decodable" | "key frame";

/** What became of a packet. */
export type QueueVerdict = "taken" | "duplicate" | "late" | "overflow";

/**
 * Makes pictures of the packets of one source, in order. A picture is all packets with one timestamp,
 * up to the marker or to the next one; it leaves when it has come whole and so has all before it. For
 * one that has not, those behind it wait until it is given up: then nothing leaves before the next key
 * frame, which {@linkcode lacksKeyFrame} says is to be asked for, but for pictures that say that they
 * refer to nothing that was lost. No picture leaves in part.
 *
 * @example
 * ```ts ignore
 * const pictures = new PictureQueue(H264_DEPACKETIZER, new PacketRoom(4_194_304));
 * pictures.put(number, packet, nowMs);
 * for (let picture; (picture = pictures.next(terms, nowMs)) !== undefined;) show(picture);
 * ```
 */
export class PictureQueue {
  readonly #depacketizer: Depacketizer;
  readonly #window: PacketWindow;
  /**
   * By the low bits of its number, whether a packet says that it is of a key frame: each is looked into
   * once, when it comes, as it may be asked about every few milliseconds while others are waited for.
   */
  readonly #keyFrames = new Uint8Array(MAX_PACKETS);
  /** From the begin of the window up to here, all packets are there and of one picture. */
  #scanned = 0;
  /** Of the picture at the begin of the window, as far as it has been scanned. */
  #timestamp: number | undefined;
  /** Whether the packet at the begin of the window is known to be the first of its picture. */
  #isAtStart = false;
  #passage: Passage = "key frame";
  readonly #dependencies: FrameDependencies | undefined;
  /** Whether the newest picture that left said what it refers to. */
  #hasDependencies = false;
  /** Whether packets have come since it was looked for a key frame, and when that was. */
  #hasNew = false;
  #lookedAtMs = -Infinity;
  #givenUp = 0;

  /**
   * @param room that it may share with the other layers of its source
   * @param descriptorId number of the extension with dependency descriptors, if there are any
   */
  constructor(depacketizer: Depacketizer, room: PacketRoom, descriptorId?: number) {
    this.#depacketizer = depacketizer;
    this.#dependencies = descriptorId === undefined
      ? undefined
      : new FrameDependencies(descriptorId);
    this.#window = new PacketWindow(MAX_PACKETS, room);
  }

  /** Nothing comes any more: its room is for others. */
  close(): void {
    this.#window.restart(0);
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#window.bytes;
  }

  /** Whether nothing leaves before the next key frame. */
  get needsKeyFrame(): boolean {
    return this.#passage === "key frame";
  }

  /** Whether a key frame is to be asked for: one is needed, and what is coming in is none. */
  get lacksKeyFrame(): boolean {
    if (!this.needsKeyFrame) return false;
    const { begin } = this.#window;
    const first = this.#window.at(begin)?.payload;
    return first === undefined || !this.#isOfKeyFrame(begin) ||
      !this.#depacketizer.begins(first);
  }

  /** Times that it went on without what had not come. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** When packets are to be asked for, at the earliest. */
  get requestsDueMs(): number {
    return this.#window.missing.dueMs;
  }

  /** The numbers of the packets that are to be asked for now. */
  takeRequests(roundTripMs: number, nowMs: number): readonly number[] {
    return this.#window.missing.takeDue(roundTripMs, nowMs);
  }

  /** Takes a packet over. On overflow all that is held is let go of, and it begins with this one. */
  put(number: number, packet: ReceivedPacket, nowMs: number): QueueVerdict {
    const verdict = this.#window.put(number, packet, nowMs);
    if (verdict === "overflow") {
      this.restart(number);
      this.#window.put(number, packet, nowMs);
    } else if (verdict !== "taken") return verdict;
    this.#hasNew = true;
    const isOfKeyFrame = this.#depacketizer.isOfKeyFrame(packet.payload);
    this.#keyFrames[number & (MAX_PACKETS - 1)] = isOfKeyFrame ? 1 : 0;
    return verdict;
  }

  /** The source has begun anew, with this number: what is held is let go of. */
  restart(number: number): void {
    this.#window.restart(number);
    this.#giveUp(number);
    this.#passage = "key frame";
  }

  /** The next picture; `undefined` if there is none yet. */
  next(terms: ReceptionTerms, nowMs: number): ReceivedPicture | undefined {
    for (;;) {
      const end = this.#endOfPicture();
      if (end === undefined) {
        if (!this.#goOn(terms, nowMs)) return undefined;
        continue;
      }
      const picture = this.#take(end);
      if (picture !== undefined) return picture;
    }
  }

  /** When it may go on without the picture that is waited for; Infinity if none is. */
  dueMs(terms: ReceptionTerms): number {
    const sinceMs = this.#blockedSinceMs();
    if (sinceMs === undefined) return Infinity;
    return Math.min(sinceMs + holdMs(terms), this.#hasNew ? this.#lookDueMs(sinceMs) : Infinity);
  }

  /** When it is to be looked for a key frame behind a picture that is waited for. */
  #lookDueMs(sinceMs: number): number {
    const patienceMs = this.needsKeyFrame ? 0 : KEY_FRAME_PATIENCE_MS;
    return Math.max(sinceMs + patienceMs, this.#lookedAtMs + LOOK_INTERVAL_MS);
  }

  /** Behind the last packet of the picture at the begin of the window, if all of it is there. */
  #endOfPicture(): number | undefined {
    const window = this.#window;
    if (this.#scanned < window.begin) this.#beginAt(window.begin);
    for (let packet; (packet = window.at(this.#scanned)) !== undefined;) {
      if (packet.payload.length > 0) {
        if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) {
          return this.#scanned;
        }
        this.#timestamp = packet.timestamp;
      }
      this.#scanned++;
      if (packet.isMarked) return this.#scanned;
    }
    return undefined;
  }

  /** Takes the packets of a picture out; `undefined` if it is none, or not to be shown. */
  #take(end: number): ReceivedPicture | undefined {
    const packets = this.#packetsUpTo(end);
    const saysKeyFrame = this.#hasKeyFrameUpTo(end);
    const [first] = packets;
    const isWhole = this.#isAtStart ||
      (first !== undefined && this.#depacketizer.begins(first.payload));
    this.#window.forgetUntil(end);
    this.#beginAt(end);
    this.#isAtStart = true;
    if (first === undefined) return undefined;
    const payloads = packets.map(({ payload }) => payload);
    const dependency = isWhole ? this.#dependencies?.of(packets) : undefined;
    const mayLeave = isWhole && (this.#mayLeave(dependency) || saysKeyFrame);
    if (!mayLeave) return undefined;
    const unit = this.#depacketizer.read(payloads);
    if (unit.kind === "malformed") {
      this.#passage = "key frame";
      return undefined;
    }
    // Of a picture there may be nothing but what is left out.
    if (unit.data.length === 0) return undefined;
    if (!unit.isKeyFrame && !this.#mayLeave(dependency)) return undefined;
    this.#noteLeft(unit, dependency);
    return { unit: dependency ? withPlace(unit, dependency) : unit, timestamp: first.timestamp };
  }

  /** The packets of a picture, but for those of no bytes. */
  #packetsUpTo(end: number): ReceivedPacket[] {
    const packets: ReceivedPacket[] = [];
    for (let number = this.#window.begin; number < end; number++) {
      const packet = this.#window.at(number)!;
      if (packet.payload.length > 0) packets.push(packet);
    }
    return packets;
  }

  #hasKeyFrameUpTo(end: number): boolean {
    for (let number = this.#window.begin; number < end; number++) {
      if (this.#isOfKeyFrame(number)) return true;
    }
    return false;
  }

  /** Of a packet that is held. */
  #isOfKeyFrame(number: number): boolean {
    return this.#keyFrames[number & (MAX_PACKETS - 1)] === 1;
  }

  /** Whether a picture that is no key frame may leave: if not, it may be that one is needed. */
  #mayLeave(dependency: PictureDependency | undefined): boolean {
    if (this.#passage === "key frame") return false;
    if (dependency === undefined) {
      if (this.#passage === "decodable") this.#passage = "key frame";
    } else if (!dependency.isDecodable && dependency.layers.temporalId === 0) {
      // All that comes refers to this one.
      this.#passage = "key frame";
    }
    return this.#passage !== "key frame" && dependency?.isDecodable !== false;
  }

  #noteLeft(unit: ReceivedUnit, dependency: PictureDependency | undefined): void {
    this.#hasDependencies = dependency !== undefined;
    if (dependency !== undefined) this.#dependencies!.note(dependency);
    if (unit.isKeyFrame) this.#passage = "all";
  }

  /** Goes on behind what is missing, if it has been waited for long enough; whether it has gone on. */
  #goOn(terms: ReceptionTerms, nowMs: number): boolean {
    const sinceMs = this.#blockedSinceMs();
    if (sinceMs === undefined) return false;
    const isOver = nowMs >= sinceMs + holdMs(terms);
    if (this.#hasNew && (isOver || nowMs >= this.#lookDueMs(sinceMs))) {
      this.#hasNew = false;
      this.#lookedAtMs = nowMs;
      const keyFrame = this.#wholeKeyFrame();
      if (keyFrame !== undefined) {
        this.#window.forgetUntil(keyFrame);
        this.#giveUp(keyFrame);
        this.#isAtStart = true;
        return true;
      }
    }
    if (!isOver) return false;
    const next = this.#behindGap();
    this.#window.forgetUntil(next);
    this.#giveUp(next);
    return true;
  }

  /** Since when what would come next is missing; `undefined` if nothing has come behind it. */
  #blockedSinceMs(): number | undefined {
    const window = this.#window;
    const number = Math.max(this.#scanned, window.begin);
    if (number >= window.end || window.at(number) !== undefined) return undefined;
    // Of too many that are missing it is not known: they are not waited for.
    return window.missing.sinceMs(number) ?? -Infinity;
  }

  /** The first packet that is there behind those that are missing. */
  #behindGap(): number {
    const window = this.#window;
    let number = Math.max(this.#scanned, window.begin);
    while (number < window.end && window.at(number) === undefined) number++;
    return number;
  }

  /** The first packet of a key frame that is there as a whole, behind what is missing. */
  #wholeKeyFrame(): number | undefined {
    const window = this.#window;
    let start: number | undefined;
    let isKeyFrame = false;
    let before: ReceivedPacket | undefined;
    for (let number = this.#behindGap(); number < window.end; number++) {
      const packet = window.at(number);
      const isOther = before !== undefined &&
        (before.isMarked || (packet !== undefined && packet.timestamp !== before.timestamp));
      if (isOther && isKeyFrame && start !== undefined) return start;
      if (packet === undefined) start = undefined;
      else {
        const isFirst = before === undefined && this.#depacketizer.begins(packet.payload);
        if (isOther || isFirst) {
          start = number;
          isKeyFrame = false;
        }
        isKeyFrame ||= this.#isOfKeyFrame(number);
      }
      before = packet;
    }
    return before?.isMarked === true && isKeyFrame ? start : undefined;
  }

  #giveUp(number: number): void {
    this.#givenUp++;
    if (this.#passage === "all") {
      this.#passage = this.#hasDependencies ? "decodable" : "key frame";
    }
    this.#beginAt(number);
    this.#isAtStart = false;
  }

  #beginAt(number: number): void {
    this.#scanned = number;
    this.#timestamp = undefined;
  }
}

/** A picture with what its descriptors say of its place among layers, of which it may say less. */
function withPlace(
  unit: ReceivedUnit,
  { layers, isUnreferenced, canSwitchBehind }: PictureDependency,
): ReceivedUnit {
  const layerSwitch = canSwitchBehind ? "behind" : unit.layerSwitch;
  return { ...unit, layers, layerSwitch, isDisposable: unit.isDisposable || isUnreferenced };
}

/** How long a picture is waited for. */
function holdMs({ roundTripMs, canAsk }: ReceptionTerms): number {
  if (!canAsk) return REORDERING_HOLD_MS;
  return Math.min(MAX_HOLD_MS, MIN_HOLD_MS + HOLD_ROUND_TRIPS * roundTripMs);
}
