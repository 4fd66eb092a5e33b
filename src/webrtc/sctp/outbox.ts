import { ByteWriter } from "../../bytes/byte_writer.ts";
import { CHUNK, writeChunk } from "./packet.ts";
import { ResendTimer } from "./resend_timer.ts";
import { isAfter, next } from "./serial_number.ts";

/** Bytes of user data of one chunk: its packet and record fit a datagram of 1,280 bytes. */
const MAX_FRAGMENT_BYTES = 1120;

/** What waits or is under way, at most: what is beyond is not taken. */
const MAX_QUEUED_BYTES = 64 * 1024;
const MAX_QUEUED_FRAGMENTS = 128;

/** Bytes under way (RFC 9260 7.2.1): at the beginning, after a loss at least, and at most. */
const INITIAL_WINDOW_BYTES = 4 * MAX_FRAGMENT_BYTES;
const MAX_WINDOW_BYTES = 32 * 1024;

/** So often is a later one acknowledged until one is taken for lost (RFC 9260 7.2.4). */
const MISSING_IS_LOST = 3;

const UNORDERED = 4;
const BEGINNING = 2;
const ENDING = 1;

/** Streams that begin anew. */
export type ResetStreams = readonly number[] | "all";

/** How a message is to be sent. */
export interface MessageOptions {
  readonly streamId: number;
  /** What it is (RFC 8831 8). */
  readonly protocolId: number;
  readonly isOrdered: boolean;
  /** How often each part may be sent again: none is given up with Infinity. */
  readonly maxResends: number;
  /** How long it is worth being sent: for ever with Infinity. */
  readonly lifetimeMs: number;
}

interface Message {
  readonly options: MessageOptions;
  /** Of those that are sent in order on its stream; of no meaning before it is sent. */
  sequence: number;
  readonly expiresAtMs: number;
  isGivenUp: boolean;
}

interface Fragment {
  readonly message: Message;
  readonly flags: number;
  readonly data: Uint8Array;
  /** Transmission sequence number; of no meaning before it is sent. */
  number: number;
  state: "waiting" | "flying" | "lost" | "acknowledged";
  sentAtMs: number;
  resends: number;
  missing: number;
}

/** What the other side tells to have got (RFC 9260 3.3.4). */
export interface Acknowledgement {
  readonly cumulative: number;
  readonly windowBytes: number;
  /** Runs that have come though others before them have not: distances from the cumulative one. */
  readonly runs: readonly (readonly [number, number])[];
}

/**
 * What is sent over an association: messages in pieces, sent again as long as they are worth it, as
 * fast as the other side and what lies between takes them (RFC 9260 6 and 7, RFC 3758).
 */
export class Outbox {
  readonly #waiting: Fragment[] = [];
  /** By their numbers, from the one behind the cumulative acknowledgement on. */
  readonly #sent: Fragment[] = [];
  readonly #sequences = new Map<number, number>();
  readonly #timer = new ResendTimer();
  readonly #canForward: boolean;
  #nextNumber: number;
  #acknowledged: number;
  /** Up to here the other side is to wait for nothing. */
  #forwardTo: number;
  /** Of ordered streams, the message up to which none is to be waited for. */
  readonly #forwarded = new Map<number, number>();
  #owesForward = false;
  #queuedBytes = 0;
  #windowBytes = INITIAL_WINDOW_BYTES;
  #peerWindowBytes: number;

  /** @param canForward whether the other side can be told that something does not come */
  constructor(
    initialNumber: number,
    peerWindowBytes: number,
    canForward: boolean,
  ) {
    this.#canForward = canForward;
    this.#nextNumber = initialNumber;
    this.#acknowledged = initialNumber - 1 >>> 0;
    this.#forwardTo = this.#acknowledged;
    this.#peerWindowBytes = peerWindowBytes;
  }

  /** Whether the other side has not answered for so long that it is taken to be gone. */
  get isGivenUp(): boolean {
    return this.#timer.isGivenUp;
  }

  /** The number of the newest that was sent. */
  get newestNumber(): number {
    return this.#nextNumber - 1 >>> 0;
  }

  /** Takes a message, which it keeps; whether there is room for it. */
  push(data: Uint8Array, options: MessageOptions, nowMs: number): boolean {
    const fragments = this.#waiting.length + this.#sent.length;
    const isFull = this.#queuedBytes + data.length > MAX_QUEUED_BYTES ||
      fragments >= MAX_QUEUED_FRAGMENTS;
    if (isFull) return false;
    this.#queuedBytes += data.length;
    const { isOrdered, lifetimeMs } = options;
    const message = { options, sequence: 0, expiresAtMs: nowMs + lifetimeMs, isGivenUp: false };
    for (let at = 0; at < data.length; at += MAX_FRAGMENT_BYTES) {
      const end = at + MAX_FRAGMENT_BYTES;
      this.#waiting.push({
        message,
        flags: (isOrdered ? 0 : UNORDERED) | (at === 0 ? BEGINNING : 0) |
          (end >= data.length ? ENDING : 0),
        data: data.subarray(at, end),
        number: 0,
        state: "waiting",
        sentAtMs: 0,
        resends: 0,
        missing: 0,
      });
    }
    return true;
  }

  /** Messages of these streams are counted from the beginning. */
  resetStreams(streamIds: ResetStreams): void {
    for (const known of [this.#sequences, this.#forwarded]) {
      if (streamIds === "all") known.clear();
      else for (const streamId of streamIds) known.delete(streamId);
    }
  }

  /** Takes what the other side has got. */
  acknowledge({ cumulative, windowBytes, runs }: Acknowledgement, nowMs: number): void {
    const isNone = isAfter(this.#acknowledged, cumulative) ||
      isAfter(cumulative, this.newestNumber);
    if (isNone) return;
    this.#peerWindowBytes = windowBytes;
    let gotBytes = 0;
    while (this.#sent.length > 0 && !isAfter(this.#sent[0]!.number, cumulative)) {
      gotBytes += this.#got(this.#sent.shift()!, nowMs);
    }
    this.#acknowledged = cumulative;
    gotBytes += this.#takeRuns(cumulative, runs, nowMs);
    if (gotBytes > 0) {
      this.#windowBytes = Math.min(
        this.#windowBytes + Math.min(gotBytes, MAX_FRAGMENT_BYTES),
        MAX_WINDOW_BYTES,
      );
      this.#timer.answered(nowMs);
    }
    this.#giveUpOn(nowMs);
    this.#owesForward = isAfter(this.#forwardTo, cumulative);
    if (!this.#owesForward) this.#forwarded.clear();
    if (!this.#isUnderWay) this.#timer.stop();
  }

  /** Takes what was not answered for lost. */
  handleTimeout(nowMs: number): void {
    if (!this.#timer.expire(nowMs)) return;
    for (const fragment of this.#sent) {
      if (fragment.state === "flying") fragment.state = "lost";
    }
    this.#windowBytes = MAX_FRAGMENT_BYTES;
    this.#giveUpOn(nowMs);
    this.#owesForward = isAfter(this.#forwardTo, this.#acknowledged);
  }

  /** The next chunk to be sent; `undefined` if none may be now. */
  next(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#owesForward) {
      this.#owesForward = false;
      this.#timer.start(nowMs);
      return this.#forwardChunk();
    }
    let flyingBytes = 0;
    for (const { state, data } of this.#sent) if (state === "flying") flyingBytes += data.length;
    // One at a time is sent even where no room is told (RFC 9260 6.1).
    const room = Math.min(this.#windowBytes, this.#peerWindowBytes);
    if (flyingBytes > 0 && flyingBytes >= room) return undefined;
    const fragment = this.#sent.find(({ state }) => state === "lost") ?? this.#takeWaiting(nowMs);
    if (fragment === undefined) return undefined;
    if (fragment.state === "lost") fragment.resends++;
    fragment.state = "flying";
    fragment.missing = 0;
    fragment.sentAtMs = nowMs;
    this.#timer.start(nowMs);
    return dataChunk(fragment);
  }

  get #isUnderWay(): boolean {
    return this.#sent.length > 0 || this.#owesForward;
  }

  #takeWaiting(nowMs: number): Fragment | undefined {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { message, data } = first;
      // One of which a part was sent is given up with that part.
      const isLate = nowMs > message.expiresAtMs && (first.flags & BEGINNING) !== 0;
      if (message.isGivenUp || isLate) {
        message.isGivenUp = true;
        this.#queuedBytes -= data.length;
        this.#waiting.shift();
        continue;
      }
      this.#waiting.shift();
      if ((first.flags & BEGINNING) !== 0) this.#count(message);
      first.number = this.#nextNumber;
      this.#nextNumber = next(this.#nextNumber);
      this.#sent.push(first);
      return first;
    }
    return undefined;
  }

  /** What is never sent is not counted: nobody is to wait for it. */
  #count(message: Message): void {
    const { isOrdered, streamId } = message.options;
    if (!isOrdered) return;
    message.sequence = this.#sequences.get(streamId) ?? 0;
    this.#sequences.set(streamId, message.sequence + 1 & 0xffff);
  }

  /** @returns its bytes, if they were not known to be there */
  #got(fragment: Fragment, nowMs: number): number {
    const { state, data, resends, sentAtMs } = fragment;
    if (state === "acknowledged") return 0;
    fragment.state = "acknowledged";
    this.#queuedBytes -= data.length;
    if (resends === 0) this.#timer.measured(nowMs - sentAtMs);
    return data.length;
  }

  #takeRuns(cumulative: number, runs: Acknowledgement["runs"], nowMs: number): number {
    let gotBytes = 0;
    const newest = Math.max(0, ...runs.map(([, last]) => last));
    let isLoss = false;
    for (const fragment of this.#sent) {
      const distance = fragment.number - cumulative >>> 0;
      if (runs.some(([first, last]) => distance >= first && distance <= last)) {
        gotBytes += this.#got(fragment, nowMs);
      } else if (distance < newest && fragment.state === "flying") {
        if (++fragment.missing < MISSING_IS_LOST) continue;
        fragment.state = "lost";
        isLoss = true;
      }
    }
    if (isLoss) this.#windowBytes = Math.max(this.#windowBytes / 2, INITIAL_WINDOW_BYTES);
    return gotBytes;
  }

  /** Of what is lost, what is not worth it is not sent again (RFC 3758 3.5). */
  #giveUpOn(nowMs: number): void {
    if (!this.#canForward) return;
    for (const { state, resends, message } of this.#sent) {
      const { options: { maxResends }, expiresAtMs } = message;
      if (state === "lost" && (resends >= maxResends || nowMs > expiresAtMs)) {
        message.isGivenUp = true;
      }
    }
    for (const fragment of this.#sent) {
      if (fragment.message.isGivenUp) this.#drop(fragment);
    }
    let first = this.#sent[0];
    while (first !== undefined && first.state === "acknowledged" && first.message.isGivenUp) {
      this.#forwardTo = first.number;
      const { options: { isOrdered, streamId }, sequence } = first.message;
      if (isOrdered) this.#forwarded.set(streamId, sequence);
      this.#sent.shift();
      first = this.#sent[0];
    }
  }

  #drop(fragment: Fragment): void {
    if (fragment.state !== "acknowledged") this.#queuedBytes -= fragment.data.length;
    fragment.state = "acknowledged";
  }

  /** RFC 3758 3.2: ordered streams are told which message they are not to wait for. */
  #forwardChunk(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter().u32(this.#forwardTo);
    for (const [streamId, sequence] of this.#forwarded) writer.u16(streamId).u16(sequence);
    return writeChunk(CHUNK.forwardTsn, 0, writer.take());
  }
}

function dataChunk({ message, flags, number, data }: Fragment): Uint8Array<ArrayBuffer> {
  const { streamId, protocolId } = message.options;
  const writer = new ByteWriter(16 + data.length).u32(number).u16(streamId).u16(message.sequence);
  return writeChunk(CHUNK.data, flags, writer.u32(protocolId).bytes(data).take());
}
