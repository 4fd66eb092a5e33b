/** SETTINGS (RFC 9114 7.2.4): what a client's say, and the server's own. */
import { ByteWriter } from "../bytes/byte_writer.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";
import { MAX_FIELD_SECTION_SIZE } from "./qpack/field_section.ts";
import { readCodePoint, writeVarint } from "./varint.ts";

/** Settings in one frame. Browsers send less than ten. */
export const MAX_SETTINGS = 64;

/**
 * Identifiers of settings: RFC 9204 5, RFC 9114 7.2.4.1, RFC 9220 5, RFC 9297 2.1.1, and those by
 * which the drafts of WebTransport over HTTP/3 are told apart.
 */
export const SETTING = {
  qpackMaxTableCapacity: 0x01,
  maxFieldSectionSize: 0x06,
  qpackBlockedStreams: 0x07,
  enableConnectProtocol: 0x08,
  h3Datagram: 0x33,
  /** Of a draft of RFC 9297; Firefox sends both. */
  h3DatagramDraft04: 0xffd277,
  /** Drafts up to 06. */
  enableWebTransport: 0x2b603742,
  /** Drafts 07 to 12. */
  webTransportMaxSessions: 0xc671706a,
  /** Drafts 13 and 14. */
  wtMaxSessions: 0x14e9cd29,
  /** From draft 15 on. */
  wtEnabled: 0x2c7cf000,
} as const;

/** RFC 9114 7.2.4.1: of HTTP/2, and of no meaning here. */
const HTTP2_SETTINGS: readonly number[] = [0x02, 0x03, 0x04, 0x05];

/** Those that must be 0 or 1. */
const SWITCHES: readonly number[] = [
  SETTING.enableConnectProtocol,
  SETTING.h3Datagram,
  SETTING.h3DatagramDraft04,
  SETTING.enableWebTransport,
];

/** What a client's settings say, as far as a server needs to know. */
export interface ClientSettings {
  /** Whether it takes HTTP datagrams (RFC 9297 2.1.1). */
  readonly takesDatagrams: boolean;
  /** Whether it speaks WebTransport; clients of draft 12 may do so without saying it. */
  readonly takesWebTransport: boolean;
  /** Whether it takes extended CONNECT (RFC 9220 3), which only servers have to say. */
  readonly takesExtendedConnect: boolean;
}

/**
 * Parses the payload of a client's SETTINGS frame. Unknown settings are passed over.
 *
 * @throws {Http3Error} settingsError if one is there twice, is of HTTP/2 or has a forbidden value;
 * frameError if it is cut off; excessiveLoad if there are more than {@linkcode MAX_SETTINGS}
 */
export function parseClientSettings(payload: Uint8Array): ClientSettings {
  const settings = readSettings(payload);
  const isOn = (...identifiers: readonly number[]) =>
    identifiers.some((identifier) => (settings.get(identifier) ?? 0) > 0);
  return {
    takesDatagrams: isOn(SETTING.h3Datagram, SETTING.h3DatagramDraft04),
    takesWebTransport: isOn(
      SETTING.enableWebTransport,
      SETTING.webTransportMaxSessions,
      SETTING.wtMaxSessions,
      SETTING.wtEnabled,
    ),
    takesExtendedConnect: isOn(SETTING.enableConnectProtocol),
  };
}

function readSettings(payload: Uint8Array): ReadonlyMap<number, number> {
  const settings = new Map<number, number>();
  let count = 0;
  for (let at = 0; at < payload.length; count++) {
    if (count === MAX_SETTINGS) {
      throw new Http3Error(
        Http3Code.excessiveLoad,
        `Cannot read settings: must be up to ${MAX_SETTINGS}, got more`,
      );
    }
    const identifier = readCodePoint(payload, at);
    const value = identifier && readCodePoint(payload, identifier.end);
    if (value === undefined) {
      throw new Http3Error(
        Http3Code.frameError,
        `Cannot read settings: each must be whole, got ${payload.length - at} bytes of one`,
      );
    }
    requireSetting(identifier!.value, value.value, settings);
    settings.set(identifier!.value, value.value);
    at = value.end;
  }
  return settings;
}

function requireSetting(
  identifier: number,
  value: number,
  before: ReadonlyMap<number, number>,
): void {
  // Of those too large to be told apart, two may be two.
  if (before.has(identifier) && identifier !== Infinity) {
    throw settingsError("each must be there once", `${identifier} twice`);
  }
  if (HTTP2_SETTINGS.includes(identifier)) {
    throw settingsError("they must be of HTTP/3", `${identifier}`);
  }
  if (SWITCHES.includes(identifier) && value > 1) {
    throw settingsError(`${identifier} must be 0 or 1`, `${value}`);
  }
}

function settingsError(rule: string, got: string): Http3Error {
  return new Http3Error(Http3Code.settingsError, `Cannot read settings: ${rule}, got ${got}`);
}

/**
 * What this server says of itself. It speaks drafts of WebTransport up to 12: of servers that speak a
 * later one, Safari wants flow control of sessions, which one session on a connection has no use for.
 */
export const SERVER_SETTINGS: readonly (readonly [identifier: number, value: number])[] = [
  [SETTING.qpackMaxTableCapacity, 0],
  [SETTING.maxFieldSectionSize, MAX_FIELD_SECTION_SIZE],
  [SETTING.qpackBlockedStreams, 0],
  [SETTING.enableConnectProtocol, 1],
  [SETTING.h3Datagram, 1],
  [SETTING.enableWebTransport, 1],
  [SETTING.webTransportMaxSessions, 1],
];

/** The payload of a SETTINGS frame, which belongs to the caller. */
export function encodeSettings(
  settings: readonly (readonly [identifier: number, value: number])[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const [identifier, value] of settings) writeVarint(writeVarint(writer, identifier), value);
  return writer.take();
}
