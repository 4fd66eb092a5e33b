import { equals } from "@std/bytes/equals";
import { hasStartCode, lengthPrefixed, splitByteStream } from "../codec/annex_b.ts";
import type { NalLengthSize } from "../codec/h264/h264.ts";
import { encodeNalConfiguration } from "../codec/nal_configuration.ts";
import { type ReadNalRecord, readNalRecord } from "../codec/nal_record.ts";
import {
  isParameterSet,
  isPrefixToKeep,
  type NalCodec,
  NalFact,
  nalFacts,
} from "../codec/nal_facts.ts";
import { NalParameterSets } from "../codec/nal_parameter_sets.ts";
import { walkNalUnits } from "../codec/nal_units.ts";

/** Bytes and NAL units of what came without a picture and waits for one. */
const MAX_PREFIX_SIZE = 64 * 1024;
const MAX_PREFIX_UNITS = 64;

/** Parameter sets of one message that are looked at. */
const MAX_SETS_PER_MESSAGE = 64;

const NOTHING: readonly Uint8Array[] = [];

/**
 * What a configuration is: a record for players as it is, parameter sets that a record can be made of,
 * nothing to begin with, the one that was sent before, or that one and no longer in force.
 */
export type NalConfigured = "record" | "sets" | "empty" | "repeated" | "replaced" | "malformed";

/** The NAL units of a message, each behind its length. */
export interface NalMessage {
  /** As they came, or put into this form. */
  readonly data: Uint8Array;
  /** Bits of `NalFact`. */
  readonly facts: number;
}

/**
 * What the frames of one track of H.264 or H.265 have in common: how their NAL units are told apart,
 * and the parameter sets, from wherever they come. Encoders send them in a configuration, in the
 * pictures, or before these in messages of their own; with lengths or with start codes.
 */
export class NalStream {
  readonly codec: NalCodec;
  readonly #sets: NalParameterSets;
  #nalLengthSize: NalLengthSize = 4;
  /** Whether the sets are others than those of the configuration that viewers have. */
  #isChanged = false;
  /** The record that the publisher sent last, and whether viewers have a later one. */
  #published: Uint8Array | undefined;
  #isRenewed = false;
  /** Whether messages were found to be byte streams. */
  #isByteStream = false;
  #prefix: Uint8Array<ArrayBuffer>[] = [];
  #prefixSize = 0;

  constructor(codec: NalCodec) {
    this.codec = codec;
    this.#sets = new NalParameterSets(codec);
  }

  /** Whether there are parameter sets that {@linkcode nextConfiguration} has not put into a record. */
  get hasNews(): boolean {
    return this.#isChanged && this.#sets.isComplete;
  }

  /** Takes the data of a configuration: what was known is known no more, unless it is repeated. */
  configure(data: Uint8Array): NalConfigured {
    if (this.#published !== undefined && equals(this.#published, data)) {
      return this.#isRenewed ? "replaced" : "repeated";
    }
    const read = hasStartCode(data) ? this.#readByteStream(data) : readNalRecord(this.codec, data);
    if (read === undefined) return "malformed";
    this.#nalLengthSize = read.nalLengthSize;
    this.#sets.clear();
    for (const set of read.sets.slice(0, MAX_SETS_PER_MESSAGE)) this.#sets.take(set);
    this.#isChanged = !read.isRecord;
    this.#isRenewed = false;
    this.#published = read.isRecord ? data.slice() : undefined;
    if (read.isRecord) return "record";
    return this.hasNews ? "sets" : "empty";
  }

  #readByteStream(data: Uint8Array): ReadNalRecord | undefined {
    const sets = (splitByteStream(data) ?? []).filter((unit) => isParameterSet(this.codec, unit));
    return sets.length === 0 ? undefined : { isRecord: false, nalLengthSize: 4, sets };
  }

  /** Reads the NAL units of a message; `undefined` if they are none. */
  read(data: Uint8Array): NalMessage | undefined {
    const hasCode = hasStartCode(data);
    // By chance, a byte stream may have sense by lengths, too.
    if (!hasCode || !this.#isByteStream) {
      const facts = nalFacts(this.codec, data, this.#nalLengthSize);
      if ((facts & NalFact.broken) === 0) return { data, facts };
      // What is behind the slices is none of our business.
      if (!hasCode) return (facts & NalFact.slice) === 0 ? undefined : { data, facts };
    }
    const units = splitByteStream(data);
    if (units === undefined) return undefined;
    this.#isByteStream = true;
    // Frames have lengths of four bytes from here on, and the configuration is to say so.
    if (this.#nalLengthSize !== 4) this.#isChanged = true;
    this.#nalLengthSize = 4;
    const prefixed = lengthPrefixed(units);
    return { data: prefixed, facts: nalFacts(this.codec, prefixed, 4) };
  }

  /** Takes the parameter sets of a message that has some. */
  takeSets(data: Uint8Array): void {
    let count = 0;
    walkNalUnits(data, this.#nalLengthSize, (start, end) => {
      const unit = data.subarray(start, end);
      if (!isParameterSet(this.codec, unit)) return false;
      if (this.#sets.take(unit)) this.#isChanged = true;
      return ++count === MAX_SETS_PER_MESSAGE;
    });
  }

  /** Keeps what came without a picture, and is to go in front of the next one; copies it. */
  keepPrefix(data: Uint8Array): void {
    const lengthSize = this.#nalLengthSize;
    walkNalUnits(data, lengthSize, (start, end) => {
      if (!isPrefixToKeep(this.codec, data.subarray(start, end))) return false;
      const size = this.#prefixSize + end - start;
      if (size > MAX_PREFIX_SIZE || this.#prefix.length === MAX_PREFIX_UNITS) return true;
      this.#prefix.push(data.slice(start - lengthSize, end));
      this.#prefixSize = size;
      return false;
    });
  }

  /** What {@linkcode keepPrefix} has kept, which it then keeps no more. */
  takePrefix(): readonly Uint8Array[] {
    if (this.#prefix.length === 0) return NOTHING;
    const prefix = this.#prefix;
    this.#prefix = [];
    this.#prefixSize = 0;
    return prefix;
  }

  /** A record of the newest parameter sets. To be called if {@linkcode hasNews}. */
  nextConfiguration(): Uint8Array<ArrayBuffer> {
    this.#isChanged = false;
    this.#isRenewed = true;
    return encodeNalConfiguration(this.codec, this.#sets, this.#nalLengthSize);
  }
}
