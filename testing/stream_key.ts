import { hashSecret, SALT_LENGTH, secretOf } from "../src/access/key_hash.ts";

/** A new stream key, which the encoder sends, and what the configuration has of it. */
export function makeKey(id: string): { readonly key: string; readonly hash: string } {
  const secret = secretOf(crypto.getRandomValues(new Uint8Array(18)));
  const salt = crypto.getRandomValues(new Uint8Array(SALT_LENGTH));
  return { key: `${id}.${secret}`, hash: hashSecret(secret, salt) };
}
