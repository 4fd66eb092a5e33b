/** What a client of WebTransport sends: on its control stream, and to open a session. */
import { encodeFrame, FRAME } from "../../src/http3/frame.ts";
import { encodeFieldSection } from "../../src/http3/qpack/field_section.ts";
import type { HeaderField } from "../../src/http3/qpack/static_table.ts";
import { SETTING } from "../../src/http3/settings.ts";
import { controlStreamHead } from "../../src/http3/stream_type.ts";

/** As Chromium says them, with one that means nothing. */
const CLIENT_SETTINGS = [
  [SETTING.qpackMaxTableCapacity, 65536],
  [SETTING.maxFieldSectionSize, 262144],
  [SETTING.qpackBlockedStreams, 100],
  [SETTING.h3Datagram, 1],
  [SETTING.enableWebTransport, 1],
  [0x1f * 0x12345678 + 0x21, 0xc0ffee],
] as const;

/** What a CONNECT has that differs from the usual; `undefined` leaves a field out. */
export interface ConnectOptions {
  readonly authority?: string | undefined;
  readonly path?: string | undefined;
  readonly protocol?: string | undefined;
  readonly origin?: string | undefined;
  /** Behind the others. */
  readonly more?: readonly HeaderField[];
}

/** What a client's control stream begins with. */
export function clientControlHead(): Uint8Array<ArrayBuffer> {
  return controlStreamHead(CLIENT_SETTINGS);
}

/** The fields with which a browser asks for a session. */
export function connectFields(options: ConnectOptions = {}): HeaderField[] {
  const { authority, path, protocol, origin, more } = {
    authority: "localhost:4433",
    path: "/live/a.flv?audio=0",
    protocol: "webtransport",
    origin: "https://localhost:8443",
    more: [],
    ...options,
  };
  const fields: readonly (readonly [name: string, value: string | undefined])[] = [
    [":method", "CONNECT"],
    [":authority", authority],
    [":scheme", "https"],
    [":path", path],
    [":protocol", protocol],
    ["sec-webtransport-http3-draft02", "1"],
    ["origin", origin],
    ...more,
  ];
  return fields.filter((field): field is HeaderField => field[1] !== undefined);
}

/** The HEADERS frame that opens a session. */
export function connectFrame(options?: ConnectOptions): Uint8Array<ArrayBuffer> {
  return encodeFrame(FRAME.headers, encodeFieldSection(connectFields(options)));
}
