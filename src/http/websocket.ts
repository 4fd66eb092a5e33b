import { createHash } from "node:crypto";
import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "./http_error.ts";
import type { RequestHead } from "./request_head.ts";

/** Why a WebSocket is closed (RFC 6455 7.4.1). */
export const CloseCode = {
  normal: 1000,
  protocolError: 1002,
  tooBig: 1009,
} as const;

/** Kinds of frames (RFC 6455 5.2). */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** RFC 6455 1.3 */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** RFC 6455 4.1: 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const FINAL = 0x80;

/** Whether a request asks to become a WebSocket. */
export function asksForWebSocket({ headers }: RequestHead): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * The value of Sec-WebSocket-Accept for an opening handshake (RFC 6455 4.2).
 *
 * @throws {HttpError} with status 400 or 426 if the request is no such handshake
 */
export function acceptWebSocket({ method, version, headers }: RequestHead): string {
  const options = headers.get("connection")?.toLowerCase().split(/[\t ]*,[\t ]*/) ?? [];
  const key = headers.get("sec-websocket-key");
  if (method !== "GET" || version !== "1.1" || !options.includes("upgrade")) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      "Cannot open a WebSocket: must be GET of HTTP/1.1 with Connection: Upgrade",
    );
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new HttpError(
      STATUS_CODE.UpgradeRequired,
      "Cannot open a WebSocket: Sec-WebSocket-Version must be 13",
      // RFC 9110 15.5.22, RFC 6455 4.4
      { upgrade: "websocket", "sec-websocket-version": "13" },
    );
  }
  if (key === undefined || !KEY.test(key)) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      "Cannot open a WebSocket: Sec-WebSocket-Key must be 16 bytes in base64",
    );
  }
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** A whole, unmasked frame, as servers send them (RFC 6455 5.2). */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const headLength = length < 126 ? 2 : length < 0x10000 ? 4 : 10;
  const frame = new Uint8Array(headLength + length);
  const view = new DataView(frame.buffer);
  frame[0] = FINAL | opcode;
  if (headLength === 2) frame[1] = length;
  else if (headLength === 4) {
    frame[1] = 126;
    view.setUint16(2, length);
  } else {
    frame[1] = 127;
    view.setBigUint64(2, BigInt(length));
  }
  frame.set(payload, headLength);
  return frame;
}

/** A close frame with its code (RFC 6455 5.5.1). */
export function encodeCloseFrame(code: number): Uint8Array<ArrayBuffer> {
  return encodeFrame(Opcode.close, Uint8Array.of(code >> 8, code & 0xff));
}
