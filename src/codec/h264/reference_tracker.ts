import { CodecError } from "../codec_error.ts";
import { H264_NAL, type H264Configuration, type NalLengthSize } from "./h264.ts";
import { H264ParameterSets } from "./parameter_sets.ts";
import { H264PictureOrder } from "./picture_order.ts";
import { NON_EXISTING } from "./reference_frame.ts";
import { H264ReferenceFrames, hasReset } from "./reference_frames.ts";
import { type H264PictureType, h264PictureType, splitH264NalUnits } from "./slice.ts";
import { type H264SliceHeader, parseH264SliceHeader } from "./slice_header.ts";
import type { H264Sps } from "./sps.ts";

/**
 * Why nothing is proven of a kept picture:
 * - `refers-to-dropped`: a list holds another frame, or none, where the full stream has a frame;
 * - `refers-to-inexact`: all frames are there, but one of them differs itself;
 * - `b-slices`: it has B slices, whose lists are not modelled;
 * - `undefined-references`: decoders disagree on their reference frames, as after a lost picture;
 * - `picture-order`: the receiver would count another order;
 * - `field-pictures`: fields are not modelled, and two pictures in one access unit are not either;
 * - `unreadable`: a header or a parameter set is broken, missing, or uses what browsers do not decode;
 * - `awaiting-idr`: there was no IDR picture yet since the configuration, or since parameter sets
 *   changed.
 */
export type H264InexactReason =
  | "refers-to-dropped"
  | "refers-to-inexact"
  | "b-slices"
  | "undefined-references"
  | "picture-order"
  | "field-pictures"
  | "unreadable"
  | "awaiting-idr";

/** What a receiver without reordering does with a picture. */
export interface H264PictureVerdict {
  /** By all slices: B if one is, else P if one is. */
  readonly type: H264PictureType;
  /**
   * Whether it is sent: false if it is shown before a picture that was decoded before it. B pictures
   * are sent only where the SPS rules out reordering: elsewhere one in order has lost the picture
   * that it looks forward to.
   */
  readonly keep: boolean;
  /** Whether it provably decodes as in the full stream; false if it is not kept. */
  readonly exact: boolean;
  /** Set if it is kept and not exact. */
  readonly reason: H264InexactReason | undefined;
  /**
   * Whether it marks a frame that the receiver lost together with what was dropped. libavcodec goes
   * on, and so may be exact; told to be strict, as by Chromium's WebCodecs, it ends with an error.
   */
  readonly marksMissing: boolean;
}

/**
 * Tells which pictures of an H.264 stream a receiver without reordering, as browsers' WebRTC, can
 * be sent, and proves of each that it decodes there as in the full stream. Decodes nothing: it
 * follows two decoders by the slice headers, the one of the full stream and the receiver's, which
 * gets only what is kept. A picture is exact if nothing was dropped since the last IDR picture, or
 * if the lists of reference frames in use name the very same frames in both, each of them exact.
 *
 * The parameter sets of pictures that are not kept must be sent too.
 *
 * @example
 * ```ts ignore
 * const tracker = new H264ReferenceTracker(parseH264Configuration(record));
 * const verdict = tracker.track(accessUnit);
 * if (verdict?.keep) packetizer.push(accessUnit);
 * if (verdict?.reason !== undefined) stream.markInexact(verdict.reason);
 * ```
 */
export class H264ReferenceTracker {
  readonly #nalLengthSize: NalLengthSize;
  readonly #parameterSets = new H264ParameterSets();
  readonly #fullFrames = new H264ReferenceFrames();
  readonly #fullOrder = new H264PictureOrder();
  readonly #receiverFrames = new H264ReferenceFrames();
  readonly #receiverOrder = new H264PictureOrder();
  readonly #headers: H264SliceHeader[] = [];
  /** Set while nothing can be proven, up to the next IDR picture. */
  #obstacle: H264InexactReason | undefined = "awaiting-idr";
  /** The order count of the picture that is shown last, of all that were decoded. */
  #lastShown = 0;
  /** Whether the receiver lacks a picture since the last IDR picture. */
  #hasDropped = false;
  #pictureId = 0;

  /** For a new configuration, make a new tracker; a repeated one needs none. */
  constructor(
    { nalLengthSize, sps, pps }: Pick<H264Configuration, "nalLengthSize" | "sps" | "pps">,
  ) {
    this.#nalLengthSize = nalLengthSize;
    for (const set of [...sps, ...pps]) this.#addParameterSet(set);
  }

  /**
   * Judges the picture of the next access unit, in decoding order; keeps nothing of it. `undefined`
   * if it has no picture, only parameter sets or SEI.
   *
   * A slice header that cannot be read is no error: nothing is proven then up to the next IDR
   * picture, and pictures are kept or dropped by their slice types.
   *
   * @throws {CodecError} if the access unit is so broken that no picture type can be told.
   */
  track(accessUnit: Uint8Array): H264PictureVerdict | undefined {
    try {
      this.#readHeaders(accessUnit);
      if (this.#headers.length === 0) return undefined;
      const first = this.#headers[0]!;
      const { sps } = this.#parameterSets.of(first.ppsId);
      if (first.isIdr) {
        this.#obstacle = undefined;
        this.#hasDropped = false;
      }
      if (!isOneFrame(this.#headers)) this.#obstacle ??= "field-pictures";
      return this.#obstacle === undefined
        ? this.#judge(first, sps)
        : this.#judgeByType(typeOf(this.#headers), this.#obstacle);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#obstacle = "unreadable";
      const type = h264PictureType(accessUnit, this.#nalLengthSize);
      if (typeof type === "object") throw error;
      return type === undefined ? undefined : this.#judgeByType(type, "unreadable");
    }
  }

  /** Leaves the headers of the access unit's slices in `#headers`, without redundant slices. */
  #readHeaders(accessUnit: Uint8Array): void {
    this.#headers.length = 0;
    for (const nalUnit of splitH264NalUnits(accessUnit, this.#nalLengthSize)) {
      switch (nalUnit[0]! & 0b1_1111) {
        case H264_NAL.SPS:
        case H264_NAL.PPS:
          this.#addParameterSet(nalUnit);
          break;
        case H264_NAL.SLICE:
        case H264_NAL.SLICE_IDR:
        case H264_NAL.SLICE_PARTITION_A: {
          const header = parseH264SliceHeader(nalUnit, this.#parameterSets.of);
          if (header.redundantPicCnt === 0) this.#headers.push(header);
          break;
        }
      }
    }
  }

  #addParameterSet(nalUnit: Uint8Array): void {
    try {
      // Before an IDR picture, which clears this, a change is usual; elsewhere nearly unheard of.
      if (this.#parameterSets.add(nalUnit)) this.#obstacle ??= "awaiting-idr";
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#obstacle = "unreadable";
    }
  }

  #judge(first: H264SliceHeader, sps: H264Sps): H264PictureVerdict {
    const type = typeOf(this.#headers);
    const resets = hasReset(first);
    const pictureId = this.#pictureId++;
    const count = this.#fullOrder.countOf(first, sps);
    this.#fullFrames.begin(first, sps);
    // IDR pictures and resets begin anew: all before them is shown before them (H.264 C.4.4).
    const isInOrder = first.isIdr || resets || count >= this.#lastShown;
    const keep = isInOrder && (type !== "B" || neverReorders(sps));
    let reason: H264InexactReason | undefined;
    if (keep) {
      const receiverCount = this.#receiverOrder.countOf(first, sps);
      this.#receiverFrames.begin(first, sps);
      if (receiverCount !== count) this.#obstacle = "picture-order";
      if (this.#hasDropped) reason = this.#obstacle ?? this.#compareReferences(type, sps);
      this.#receiverFrames.finish(first, pictureId, reason === undefined);
      this.#receiverOrder.finish(first, resets);
    }
    this.#fullFrames.finish(first, pictureId, true);
    const shown = this.#fullOrder.finish(first, resets);
    if (keep || resets) this.#lastShown = shown;
    if (!keep) this.#hasDropped = true;
    const marksMissing = keep && this.#hasDropped && this.#receiverFrames.hasMarkedMissing;
    return { type, keep, exact: keep && reason === undefined, reason, marksMissing };
  }

  /** Without order counts, the type is the best guess. */
  #judgeByType(type: H264PictureType, obstacle: H264InexactReason): H264PictureVerdict {
    const keep = type !== "B";
    if (!keep) this.#hasDropped = true;
    const reason = keep && this.#hasDropped ? obstacle : undefined;
    return { type, keep, exact: keep && reason === undefined, reason, marksMissing: false };
  }

  #compareReferences(type: H264PictureType, sps: H264Sps): H264InexactReason | undefined {
    if (type === "I") return undefined;
    if (type === "B") return "b-slices";
    if (!this.#fullFrames.isDefined || !this.#receiverFrames.isDefined) {
      return "undefined-references";
    }
    for (const header of this.#headers) {
      if (header.type !== "P") continue;
      const reason = this.#compareLists(header, sps.allowsFrameNumGaps);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #compareLists(
    header: H264SliceHeader,
    allowsFrameNumGaps: boolean,
  ): H264InexactReason | undefined {
    const full = this.#fullFrames.listOf(header);
    const received = this.#receiverFrames.listOf(header);
    for (let index = 0; index < full.length; index++) {
      const frame = full[index];
      // No slice may use an entry without a frame (H.264 7.4.5.1), unless modification made it so.
      if (frame === undefined && index >= header.modifications.length) continue;
      if (frame === undefined) return "undefined-references";
      if (frame.pictureId === NON_EXISTING) {
        if (allowsFrameNumGaps) continue;
        return "undefined-references";
      }
      if (received[index]?.pictureId !== frame.pictureId) return "refers-to-dropped";
      if (!received[index]!.isExact) return "refers-to-inexact";
    }
    return undefined;
  }
}

function neverReorders({ maxReorderFrames, picOrderCntType }: H264Sps): boolean {
  return maxReorderFrames === 0 || picOrderCntType === 2;
}

function typeOf(headers: readonly H264SliceHeader[]): H264PictureType {
  let type: H264PictureType = "I";
  for (const header of headers) {
    if (header.type === "B") return "B";
    if (header.type === "P") type = "P";
  }
  return type;
}

/** Whether the slices are one frame's, not a field's or several pictures'. */
function isOneFrame(headers: readonly H264SliceHeader[]): boolean {
  const first = headers[0]!;
  for (const header of headers) {
    if (header.field !== undefined || !isSamePicture(first, header)) return false;
  }
  return true;
}

/** Whether a slice belongs to the picture of `first` (H.264 7.4.1.2.4). */
function isSamePicture(first: H264SliceHeader, header: H264SliceHeader): boolean {
  return header.frameNum === first.frameNum && header.isIdr === first.isIdr &&
    header.isReference === first.isReference && header.idrPicId === first.idrPicId &&
    header.picOrderCntLsb === first.picOrderCntLsb &&
    header.deltaPicOrderCnt === first.deltaPicOrderCnt &&
    header.deltaPicOrderCntBottom === first.deltaPicOrderCntBottom;
}
