import * as v from "valibot";

/** Milliseconds of an hour. */
export const HOUR_MS = 3_600_000;

/** An IPv4 or IPv6 address. */
export const ipAddress = v.pipe(
  v.string(),
  v.ip(({ received }) =>
    `Invalid IP: Expected an IP address such as 127.0.0.1 but received ${received}`
  ),
);

/** An address, or a network with the length of its prefix. */
export const network = v.pipe(
  v.string(),
  v.check(
    isNetwork,
    ({ received }) =>
      `Invalid network: Expected an IP address or a network such as 10.0.0.0/8 but received ${received}`,
  ),
);

/** A whole number in a range. */
export const count = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

/** Whether it is an IP address, alone or with the length of a prefix. */
function isNetwork(text: string): boolean {
  const [address, prefix, ...more] = text.split("/");
  if (more.length > 0 || !v.is(ipAddress, address) || address.includes("%")) return false;
  // An IPv4 address in the form of IPv6: with a prefix, nobody could say of which it is.
  if (/^::ffff:.*\./i.test(address)) return prefix === undefined;
  const bits = address.includes(":") ? 128 : 32;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

/** A section whose members all have defaults, so that it may be left out. */
export function section<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.optional(v.strictObject(entries), () => ({}) as never);
}
