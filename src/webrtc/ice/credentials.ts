import { WebrtcError } from "../webrtc_error.ts";

/** Names one side of a session, and proves that a check belongs to it (RFC 8445 5.3). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** Random bytes, as many as asked for, from a source fit for secrets. */
export type RandomBytes = (length: number) => Uint8Array;

/** 48 bits, of which RFC 8445 5.3 wants 24; 8 characters. */
const UFRAG_BYTES = 6;
/** 144 bits, of which RFC 8445 5.3 wants 128; 24 characters. */
const PASSWORD_BYTES = 18;

// RFC 8839 5.4: ice-char is the alphabet of Base64. Some clients write Base64url.
const UFRAG = /^[\w+/=-]{4,256}$/;
const PASSWORD = /^[\w+/=-]{22,256}$/;

/** New credentials for our side. */
export function createIceCredentials(random: RandomBytes): IceCredentials {
  return {
    ufrag: toIceChars(random(UFRAG_BYTES)),
    password: toIceChars(random(PASSWORD_BYTES)),
  };
}

/** @throws {WebrtcError} unless `ufrag` is 4 to 256 ice-chars */
export function checkIceUfrag(ufrag: string): string {
  if (UFRAG.test(ufrag)) return ufrag;
  throw new WebrtcError(
    `Cannot read ice-ufrag: must be 4..256 characters of Base64, got ${
      JSON.stringify(ufrag.slice(0, 32))
    }`,
  );
}

/** @throws {WebrtcError} unless `password` is 22 to 256 ice-chars; the message does not show it */
export function checkIcePassword(password: string): string {
  if (PASSWORD.test(password)) return password;
  throw new WebrtcError(
    `Cannot read ice-pwd: must be 22..256 characters of Base64, got ${password.length}`,
  );
}

/** Lengths divisible by three need no padding, which is no ice-char. */
function toIceChars(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
