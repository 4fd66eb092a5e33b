/**
 * The PROXY protocol (haproxy.org, doc/proxy-protocol.txt): what a proxy says before anything else on
 * a connection about whom it is for.
 */
import { ByteQueue } from "../bytes/byte_queue.ts";
import { ByteReader } from "../bytes/byte_reader.ts";
import { ProxyError } from "./proxy_error.ts";

/** Bytes of a header of version 1, its line end included (2.1). */
const MAX_TEXT_LENGTH = 107;

/** Bytes of a header of version 2 behind its length: addresses, and what else is said of the client. */
const MAX_BINARY_LENGTH = 4096;

/** What a connection begins with. */
export type ProxyHeader =
  /** Something else: there is no header. */
  | { readonly kind: "none" }
  /** The connection is the proxy's own, or for somebody who has no IP address. */
  | { readonly kind: "unnamed" }
  | { readonly kind: "client"; readonly hostname: string; readonly port: number };

const TEXT_SIGNATURE = new TextEncoder().encode("PROXY ");
// 2.2
const BINARY_SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
/** Signature, version and command, family and protocol, length. */
const BINARY_HEAD_LENGTH = BINARY_SIGNATURE.length + 4;

const LF = 10;
const TEXT_LINE = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/;
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: [\x20-\x7e]*)?\r\n$/;
const IPV4 = /^(?:(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?=\d)|$)){4}$/;
const MAX_PORT = 65_535;

const VERSION_2 = 2;
const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
/** Family and protocol: TCP over IPv4 and over IPv6. What else there is has no address for us. */
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
/** Two addresses and two ports. */
const IPV4_LENGTH = 12;
const IPV6_LENGTH = 36;

/**
 * Reads the header that a connection may begin with, of both versions.
 *
 * @example
 * ```ts
 * import { ProxyHeaderReader } from "./proxy_header.ts";
 *
 * const reader = new ProxyHeaderReader();
 * reader.push(new TextEncoder().encode("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET /"));
 * reader.next(); // { kind: "client", hostname: "192.0.2.1", port: 56324 }
 * reader.rest(); // the bytes of "GET /"
 * ```
 */
export class ProxyHeaderReader {
  readonly #queue = new ByteQueue();

  /** Takes a copy of what has come. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /**
   * What the connection begins with; `undefined` if it needs more.
   *
   * @throws {ProxyError} if a header has begun and is none
   */
  next(): ProxyHeader | undefined {
    const { length } = this.#queue;
    if (length === 0) return undefined;
    const begin = this.#queue.peek(Math.min(length, BINARY_SIGNATURE.length))!;
    if (isBeginOf(begin, TEXT_SIGNATURE)) return this.#takeText();
    if (isBeginOf(begin, BINARY_SIGNATURE)) return this.#takeBinary();
    return { kind: "none" };
  }

  /** What has come behind the header, or without one; it belongs to the caller. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.#queue.take(this.#queue.length)!.slice() as Uint8Array<ArrayBuffer>;
  }

  #takeText(): ProxyHeader | undefined {
    const bytes = this.#queue.peek(Math.min(this.#queue.length, MAX_TEXT_LENGTH))!;
    const end = bytes.indexOf(LF) + 1;
    if (end === 0) {
      if (bytes.length < MAX_TEXT_LENGTH) return undefined;
      throw new ProxyError(
        `Cannot read PROXY line: must have up to ${MAX_TEXT_LENGTH} bytes, got more`,
      );
    }
    const line = new TextDecoder("latin1").decode(bytes.subarray(0, end));
    this.#queue.skip(end);
    if (UNKNOWN_LINE.test(line)) return { kind: "unnamed" };
    const [, family, hostname, , port] = TEXT_LINE.exec(line) ?? [];
    const isAddress = family === "TCP4" ? IPV4.test(hostname!) : isIpv6(hostname);
    if (!isAddress || Number(port) > MAX_PORT) {
      throw new ProxyError(
        `Cannot read PROXY line: must be TCP4 or TCP6, two addresses and two ports, got ${
          JSON.stringify(line.slice(0, MAX_TEXT_LENGTH))
        }`,
      );
    }
    return { kind: "client", hostname: hostname!, port: Number(port) };
  }

  #takeBinary(): ProxyHeader | undefined {
    const head = this.#queue.peek(BINARY_HEAD_LENGTH);
    if (head === undefined) return undefined;
    const reader = new ByteReader(head.subarray(BINARY_SIGNATURE.length));
    const [versionAndCommand, protocol, length] = [reader.u8(), reader.u8(), reader.u16()];
    const [version, command] = [versionAndCommand >> 4, versionAndCommand & 15];
    if (version !== VERSION_2 || command > COMMAND_PROXY) {
      throw new ProxyError(
        `Cannot read PROXY header: must be of version 2, command 0 or 1, got ${version}, ${command}`,
      );
    }
    if (length > MAX_BINARY_LENGTH) {
      throw new ProxyError(
        `Cannot read PROXY header: length must be up to ${MAX_BINARY_LENGTH}, got ${length}`,
      );
    }
    const header = this.#queue.take(BINARY_HEAD_LENGTH + length);
    if (header === undefined) return undefined;
    if (command === COMMAND_LOCAL) return { kind: "unnamed" };
    return clientIn(protocol, header.subarray(BINARY_HEAD_LENGTH));
  }
}

function clientIn(protocol: number, body: Uint8Array): ProxyHeader {
  if (protocol !== TCP_OVER_IPV4 && protocol !== TCP_OVER_IPV6) return { kind: "unnamed" };
  const isIpv4 = protocol === TCP_OVER_IPV4;
  const wanted = isIpv4 ? IPV4_LENGTH : IPV6_LENGTH;
  if (body.length < wanted) {
    throw new ProxyError(
      `Cannot read PROXY header: its addresses must have ${wanted} bytes, got ${body.length}`,
    );
  }
  const reader = new ByteReader(body);
  const bytes = reader.bytes(isIpv4 ? 4 : 16);
  reader.bytes(isIpv4 ? 4 : 16);
  return {
    kind: "client",
    hostname: isIpv4 ? bytes.join(".") : ipv6Text(bytes),
    port: reader.u16(),
  };
}

/** Whether `bytes` and `signature` are the same as far as both go. */
function isBeginOf(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length);
  for (let at = 0; at < length; at++) if (bytes[at] !== signature[at]) return false;
  return true;
}

function isIpv6(text: string | undefined): boolean {
  return text?.includes(":") === true && /^[0-9a-fA-F:.]+$/.test(text) &&
    URL.canParse(`http://[${text}]`);
}

/** In its short form (RFC 5952), as URLs have it. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = bytes.toHex().match(/.{4}/g)!;
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
