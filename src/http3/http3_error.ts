/**
 * Why a stream or a connection is ended (RFC 9114 8.1, RFC 9204 6; the last two:
 * draft-ietf-webtrans-http3-16 9.5).
 */
export const Http3Code = {
  noError: 0x100,
  generalProtocolError: 0x101,
  internalError: 0x102,
  streamCreationError: 0x103,
  closedCriticalStream: 0x104,
  frameUnexpected: 0x105,
  frameError: 0x106,
  excessiveLoad: 0x107,
  idError: 0x108,
  settingsError: 0x109,
  missingSettings: 0x10a,
  requestRejected: 0x10b,
  requestCancelled: 0x10c,
  requestIncomplete: 0x10d,
  messageError: 0x10e,
  qpackDecompressionFailed: 0x200,
  qpackEncoderStreamError: 0x201,
  qpackDecoderStreamError: 0x202,
  bufferedStreamRejected: 0x3994bd84,
  sessionGone: 0x170d7b68,
} as const;

/** What a peer did wrong, with the code to end its stream or connection with (RFC 9114 8). */
export class Http3Error extends Error {
  override readonly name = "Http3Error";
  /** One of {@linkcode Http3Code}. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
