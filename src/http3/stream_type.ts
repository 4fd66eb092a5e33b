/** What unidirectional streams begin with (RFC 9114 6.2). */
import { ByteWriter } from "../bytes/byte_writer.ts";
import { encodeFrame, FRAME } from "./frame.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";
import { encodeSettings } from "./settings.ts";
import { readCodePoint, readVarint, writeVarint } from "./varint.ts";

/** RFC 9114 6.2, RFC 9204 4.2, draft-ietf-webtrans-http3-16 4.2. */
const STREAM_TYPE = {
  control: 0x00,
  push: 0x01,
  qpackEncoder: 0x02,
  qpackDecoder: 0x03,
  webTransport: 0x54,
} as const;

const PLAIN_KINDS: ReadonlyMap<number, PlainStreamHead["kind"]> = new Map([
  [STREAM_TYPE.control, "control"],
  [STREAM_TYPE.push, "push"],
  [STREAM_TYPE.qpackEncoder, "qpack-encoder"],
  [STREAM_TYPE.qpackDecoder, "qpack-decoder"],
]);

/** What a unidirectional stream is for. */
export type StreamHead = PlainStreamHead | WebTransportStreamHead;

/** A stream of HTTP/3 itself, or one of a type that is not known, which is to be passed over. */
export interface PlainStreamHead {
  /** A client's "push" ends the connection: streamCreationError (RFC 9114 6.2.2). */
  readonly kind: "control" | "push" | "qpack-encoder" | "qpack-decoder" | "unknown";
  /** Bytes of it; what is behind them is the stream's content. */
  readonly length: number;
}

/** A stream of a WebTransport session. */
export interface WebTransportStreamHead {
  readonly kind: "web-transport";
  /** The stream whose CONNECT opened the session. */
  readonly sessionId: number;
  /** Bytes of it; what is behind them is the stream's content. */
  readonly length: number;
}

/**
 * What a unidirectional stream begins with; `undefined` if it needs more.
 *
 * @param bytes the stream from its first byte on
 * @throws {Http3Error} idError, if the session is none that a client can have opened; excessiveLoad,
 * if its number is above 2^53-1
 *
 * @example
 * ```ts
 * import { readStreamHead } from "./stream_type.ts";
 *
 * readStreamHead(Uint8Array.of(0x00, 0x04, 0x00)); // { kind: "control", length: 1 }
 * ```
 */
export function readStreamHead(bytes: Uint8Array): StreamHead | undefined {
  const type = readCodePoint(bytes, 0);
  if (type === undefined) return undefined;
  if (type.value !== STREAM_TYPE.webTransport) {
    return { kind: PLAIN_KINDS.get(type.value) ?? "unknown", length: type.end };
  }
  const session = readVarint(bytes, type.end);
  if (session === undefined) return undefined;
  // RFC 9000 2.1: bidirectional streams of clients are every fourth.
  if (session.value % 4 !== 0) {
    throw new Http3Error(
      Http3Code.idError,
      `Cannot read stream: its session must be a multiple of 4, got ${session.value}`,
    );
  }
  return { kind: "web-transport", sessionId: session.value, length: session.end };
}

/**
 * What a control stream begins with: its type and SETTINGS (RFC 9114 6.2.1). It belongs to the
 * caller.
 */
export function controlStreamHead(
  settings: readonly (readonly [identifier: number, value: number])[],
): Uint8Array<ArrayBuffer> {
  const writer = writeVarint(new ByteWriter(), STREAM_TYPE.control);
  return writer.bytes(encodeFrame(FRAME.settings, encodeSettings(settings))).take();
}

/** What a unidirectional stream of a session begins with; it belongs to the caller. */
export function webTransportStreamHead(sessionId: number): Uint8Array<ArrayBuffer> {
  return writeVarint(writeVarint(new ByteWriter(), STREAM_TYPE.webTransport), sessionId).take();
}
