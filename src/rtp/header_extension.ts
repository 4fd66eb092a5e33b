import { ONE_BYTE_EXTENSION_PROFILE } from "./packet.ts";
import { RtpError } from "./rtp_error.ts";

/** Numbers that one-byte elements can have (RFC 8285 4.2): 15 ends the reading. */
export const MAX_ONE_BYTE_ID = 14;

/** Names of header extensions in SDP. */
export const EXTENSION_URI = {
  /** A sequence number over all packets of a transport (draft-holmer-rmcat-transport-wide-cc). */
  transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  /** How long the receiver is to hold pictures back, at least and at most. */
  playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
} as const;

/** Bytes of an extension with a playout delay, and with a transport-wide sequence number beside it. */
export const PLAYOUT_DELAY_SIZE = 8;
export const BOTH_ELEMENTS_SIZE = 12;

/** Playout delays are told in steps of 10 ms, of 12 bits. */
const PLAYOUT_DELAY_STEP_MS = 10;
export const MAX_PLAYOUT_DELAY_MS = 0xfff * PLAYOUT_DELAY_STEP_MS;

/** How long a receiver is to hold pictures back. */
export interface PlayoutDelay {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Elements of a header extension, by the numbers that SDP gave them: 1 to 14. */
export interface HeaderElements {
  /** Number of the transport-wide sequence number. */
  readonly transportSequenceId: number | undefined;
  /** Number of the playout delay, and what it says. */
  readonly playoutDelayId: number | undefined;
  readonly playoutDelay: PlayoutDelay;
}

/** A header extension, to be put behind the header of packets. */
export interface HeaderExtension {
  /** With profile and length in front, in whole words. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where in it the transport-wide sequence number of 16 bits is to be written; -1 for nowhere. */
  readonly transportSequenceAt: number;
}

/**
 * Writes a header extension of one-byte elements (RFC 8285 4.2); `undefined` if it would be empty.
 *
 * @throws {RtpError} if a number cannot be that of a one-byte element
 *
 * @example
 * ```ts
 * import { writeHeaderExtension } from "./header_extension.ts";
 *
 * const playoutDelay = { minMs: 0, maxMs: 100 };
 * writeHeaderExtension({ transportSequenceId: 3, playoutDelayId: undefined, playoutDelay });
 * // { bytes: [0xbe, 0xde, 0, 1, 0x31, 0, 0, 0], transportSequenceAt: 5 }
 * ```
 */
export function writeHeaderExtension(elements: HeaderElements): HeaderExtension | undefined {
  const { transportSequenceId, playoutDelayId, playoutDelay } = elements;
  const content: number[] = [];
  if (playoutDelayId !== undefined) {
    const min = delaySteps(playoutDelay.minMs);
    const max = delaySteps(playoutDelay.maxMs);
    content.push(elementHead(playoutDelayId, 3), min >> 4, (min & 0xf) << 4 | max >> 8, max & 0xff);
  }
  const transportSequenceAt = transportSequenceId === undefined ? -1 : 4 + content.length + 1;
  if (transportSequenceId !== undefined) content.push(elementHead(transportSequenceId, 2), 0, 0);
  if (content.length === 0) return undefined;
  const words = Math.ceil(content.length / 4);
  const bytes = new Uint8Array(4 + 4 * words);
  const profile = ONE_BYTE_EXTENSION_PROFILE;
  bytes.set([profile >> 8, profile & 0xff, words >> 8, words & 0xff, ...content]);
  return { bytes, transportSequenceAt };
}

/** The byte in front of an element: its number, and its length less one. */
function elementHead(id: number, length: number): number {
  if (!Number.isInteger(id) || id < 1 || id > MAX_ONE_BYTE_ID) {
    throw new RtpError(
      `Cannot write header extension: number must be 1..${MAX_ONE_BYTE_ID}, got ${id}`,
    );
  }
  return id << 4 | (length - 1);
}

function delaySteps(delayMs: number): number {
  if (!(delayMs >= 0 && delayMs <= MAX_PLAYOUT_DELAY_MS)) {
    throw new RtpError(
      `Cannot write header extension: delay must be 0..${MAX_PLAYOUT_DELAY_MS} ms, got ${delayMs}`,
    );
  }
  return Math.round(delayMs / PLAYOUT_DELAY_STEP_MS);
}
