/** Where werift's DTLS server meets this room: its transport, and single records under its keys. */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import nacl from "tweetnacl";
import type { DtlsServer } from "werift";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { DtlsAlert, DtlsRecord } from "./record.ts";
import type { DtlsCertificate } from "./certificate.ts";
import { WebrtcError } from "../webrtc_error.ts";
import { agreeByX25519, createX25519KeyPair } from "./x25519.ts";

// werift takes X25519 from this package, whose JavaScript costs 0.9 ms a call, two for each viewer;
// the runtime's costs a tenth.
nacl.box.keyPair = Object.assign(() => createX25519KeyPair(), nacl.box.keyPair);
nacl.scalarMult = agreeByX25519 as typeof nacl.scalarMult;

/** What werift's server sees of the network; it sets `onData`, which feeds it. */
export type WeriftTransport =
  & Omit<ConstructorParameters<typeof DtlsServer>[0]["transport"], "onData" | "closed">
  & { closed: boolean; onData: (datagram: Buffer) => void };

/** Of werift's packets, its cipher reads these fields and no others. */
interface WeriftPacket {
  readonly recordLayerHeader: {
    readonly contentType: number;
    readonly protocolVersion: { readonly major: number; readonly minor: number };
    readonly epoch: number;
    readonly sequenceNumber: number;
  };
  readonly fragment: Buffer;
}

type CipherPacket = Parameters<DtlsServer["cipher"]["decryptPacket"]>[0];

const DTLS_1_2 = { major: 254, minor: 253 } as const;
/** werift counts the few records it encrypts from 1: those of this house never meet them. */
export const FIRST_OWN_RECORD = 0x1_0000;

const privateKeys = new WeakMap<DtlsCertificate, KeyObject>();

/**
 * Has `server` sign with a key that is read once per certificate: werift reads the PEM for each
 * viewer again, which takes as long as to sign.
 */
export function signWithCachedKey(server: DtlsServer, certificate: DtlsCertificate): void {
  let key = privateKeys.get(certificate);
  if (key === undefined) {
    key = createPrivateKey(certificate.keyPem);
    privateKeys.set(certificate, key);
  }
  const privateKey = key;
  const signer: Pick<DtlsServer["cipher"]["localPrivateKey"], "sign"> = {
    sign: (data, algorithm) => sign(algorithm, data, privateKey),
  };
  server.cipher.localPrivateKey = signer as DtlsServer["cipher"]["localPrivateKey"];
}

/** A transport that passes datagrams to `send`, each an array of its own. */
export function createTransport(send: (datagram: Uint8Array) => void): WeriftTransport {
  return {
    type: "udp",
    address: { address: "", port: 0, family: "IPv4" },
    closed: false,
    onData: () => {},
    send: (datagram: Buffer) => {
      send(Uint8Array.from(datagram));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** All handshake messages until now, as signatures over them have them (RFC 5246 7.4.8). */
export function handshakesOf(server: DtlsServer): Uint8Array {
  return Buffer.concat(server.dtls.sortedHandshakeCache.map((message) => message.serialize()));
}

/**
 * What is in an encrypted record.
 *
 * @throws {WebrtcError} if it is not authentic
 */
export function decryptRecord(server: DtlsServer, record: DtlsRecord): Uint8Array {
  const { contentType, minorVersion, epoch, sequenceNumber } = record;
  const protocolVersion = { major: DTLS_1_2.major, minor: minorVersion };
  const packet: WeriftPacket = {
    recordLayerHeader: { contentType, protocolVersion, epoch, sequenceNumber },
    fragment: Buffer.from(record.fragment),
  };
  try {
    return server.cipher.decryptPacket(packet as unknown as CipherPacket);
  } catch (error) {
    throw new WebrtcError(`Cannot decrypt DTLS record: must be authentic, got ${error}`);
  }
}

/** The fragment of an alert. */
export function alertFragment({ isFatal, description }: DtlsAlert): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(isFatal ? 2 : 1, description);
}

/**
 * An encrypted record of a connected session, as a datagram.
 *
 * @param sequenceNumber from {@linkcode FIRST_OWN_RECORD} on, and never the same twice: the nonce is
 * made from it
 */
export function encryptRecord(
  server: DtlsServer,
  contentType: number,
  sequenceNumber: number,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const packet: WeriftPacket = {
    recordLayerHeader: {
      contentType,
      protocolVersion: DTLS_1_2,
      epoch: 1,
      sequenceNumber,
    },
    fragment: Buffer.from(content),
  };
  const { fragment } = server.cipher.encryptPacket(packet as unknown as CipherPacket);
  const writer = new ByteWriter(13 + fragment.length).u8(contentType);
  writer.u8(DTLS_1_2.major).u8(DTLS_1_2.minor).u16(1).u16(0).u32(sequenceNumber);
  return writer.u16(fragment.length).bytes(fragment).take();
}
