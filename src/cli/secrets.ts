import { AccessError } from "../access/access_error.ts";
import { hashSecret, SALT_LENGTH, secretOf } from "../access/key_hash.ts";
import { signUrl } from "../access/signed_url.ts";
import { parseIpAddress } from "../address/transport_address.ts";
import type { SignCommand } from "../config/commands.ts";
import { ConfigError } from "../config/config_error.ts";

/** Bytes of a secret that is made: they are 24 characters. */
const NEW_SECRET_BYTES = 18;

/** Makes as many random bytes as it is asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/**
 * The hash of a secret, as the configuration has it.
 *
 * @param given what standard input holds: the secret, perhaps with the end of its line
 * @throws {ConfigError} if it can be no secret
 */
export function hashedKey(given: string, random: RandomBytes): string {
  return withConfigErrors(() => hashSecret(onlyLine(given), random(SALT_LENGTH)));
}

/** A new secret and its hash, a line each. */
export function newKey(random: RandomBytes): string {
  const secret = secretOf(random(NEW_SECRET_BYTES));
  return `secret  ${secret}\nhash    ${hashedKey(secret, random)}`;
}

/**
 * What makes a URL of a stream a signed one, to be put behind it.
 *
 * @throws {ConfigError} if the secret, the id or the address can be none
 */
export function signedQuery(
  { secretId, action, path, lifetimeSeconds, address }: SignCommand,
  given: string,
  nowMs: number,
): string {
  if (address !== undefined && parseIpAddress(address) === undefined) {
    throw new ConfigError(`Cannot use --address: expected an IP address, got "${address}"`);
  }
  const expiresAtMs = nowMs + lifetimeSeconds * 1000;
  const secret = { id: secretId, secret: onlyLine(given) };
  return `?token=${
    withConfigErrors(() => signUrl(secret, { action, path, expiresAtMs, address }))
  }`;
}

function onlyLine(given: string): string {
  return given.replace(/\r?\n$/, "");
}

function withConfigErrors<Made>(make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (error instanceof AccessError) throw new ConfigError(error.message);
    throw error;
  }
}
