import * as v from "valibot";
import { MAX_COMPARED_LENGTH, MIN_SECRET_LENGTH } from "../access/key_hash.ts";

const MAX_ORIGINS = 64;

const origin = v.pipe(
  v.string(),
  v.check(
    isOrigin,
    ({ received }) =>
      `Invalid origin: Expected * or such as https://example.org but received ${received}`,
  ),
);

/** Whether it is a web page's origin, as browsers write it: no path, no port that is the default. */
function isOrigin(text: string): boolean {
  return text === "*" || (/^https?:/.test(text) && URL.parse(text)?.origin === text);
}

/** A secret that is sent to use something. */
export const secretToken = v.pipe(
  // What is given is in no message: it is a secret.
  v.string("Invalid type: Expected text"),
  v.minLength(MIN_SECRET_LENGTH),
  v.maxLength(MAX_COMPARED_LENGTH),
  v.regex(/^[\x21-\x7e]*$/, "Invalid text: Expected visible ASCII characters without spaces"),
);

/** Where the API and metrics are served apart from the rest. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

const EXPECTED_ADDRESS = (received: string) =>
  `Invalid address: Expected such as 127.0.0.1:9090 or [::1]:9090 but received ${received}`;

const address = v.pipe(
  v.string(),
  v.check((text) => addressOf(text) !== undefined, ({ received }) => EXPECTED_ADDRESS(received)),
  v.transform((text) => addressOf(text)!),
);

function addressOf(text: string): AdminAddress | undefined {
  const [, ipv6, ipv4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? ipv4;
  const port = Number(digits);
  const isAddress = ipv6 === undefined
    ? v.is(v.pipe(v.string(), v.ipv4()), host)
    : v.is(v.pipe(v.string(), v.ipv6()), host);
  return isAddress && port <= 65_535 ? { host: host!, port } : undefined;
}

/** Settings of who may see and change what goes on. */
export const ADMIN_MEMBERS = {
  /** Guards the API; without it, only this machine may read, and nobody change anything. */
  adminToken: v.optional(secretToken),
  /** Where the API and metrics are served, and nowhere else then: "127.0.0.1:9090". */
  adminListen: v.optional(address),
  /** Origins of the pages that may use this server; the API only those that are named. */
  corsOrigins: v.optional(v.pipe(v.array(origin), v.maxLength(MAX_ORIGINS)), () => ["*"]),
};
