import { type Cipheriv, createCipheriv } from "node:crypto";
import { deriveSessionKeys, type SrtpMasterKey } from "./key_derivation.ts";
import { hmacSha1States } from "./sha1_block.ts";

/** What the RTP packets of one direction are protected and checked with. */
export interface RtpKeys {
  /**
   * Encrypts counter blocks, as many as there are: a CTR cipher would have to be made anew for each
   * packet, which costs ten times as much. To be let go of by `final`, as Deno would keep it for ever.
   */
  readonly cipher: Cipheriv;
  /** Of HMAC-SHA1, behind its pads. */
  readonly keyStates: Int32Array<ArrayBuffer>;
  /** 16 bytes as big-endian words, the last two bytes 0. */
  readonly salt: Int32Array<ArrayBuffer>;
}

/** @throws {SrtpError} if a length of `master` is wrong */
export function openRtpKeys(master: SrtpMasterKey): RtpKeys {
  const { cipherKey, authenticationKey, salt } = deriveSessionKeys(master, "srtp");
  const cipher = createCipheriv("aes-128-ecb", cipherKey, null);
  cipher.setAutoPadding(false);
  const words = new DataView(new ArrayBuffer(16));
  salt.forEach((byte, at) => words.setUint8(at, byte));
  return {
    cipher,
    keyStates: hmacSha1States(authenticationKey),
    salt: Int32Array.from([0, 4, 8, 12], (at) => words.getInt32(at)),
  };
}
