/** Both ends of a DTLS handshake in one process, with a bad network between them. */
import { Buffer } from "node:buffer";
import { DtlsClient } from "werift";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { DtlsSession } from "../../src/webrtc/dtls/dtls.ts";
import type { DtlsSessionOptions } from "../../src/webrtc/dtls/session_options.ts";
import { type DtlsCertificate, SIGNATURE_HASH } from "../../src/webrtc/dtls/certificate.ts";
import { readHandshakeFragment } from "../../src/webrtc/dtls/fragments.ts";
import { toHex } from "../mutation.ts";
import { DTLS_CONTENT, readDtlsRecord } from "../../src/webrtc/dtls/record.ts";

/** What the network does to one datagram of the client: the datagrams that arrive, in order. */
export type Network = (datagram: Uint8Array) => Uint8Array[];

/** Of the only address that there is. */
export const COOKIE = new Uint8Array(20).fill(7);

/** What a session is told to do with cookies where there is one address only. */
export const COOKIES = {
  sendCookie: () => {},
  acceptCookie: (shown: Uint8Array) => toHex(shown) === toHex(COOKIE),
} as const;

export interface Pair {
  readonly client: DtlsClient;
  readonly session: DtlsSession;
  /** The session's exported keys, once both ends are done; rejects when the session ends. */
  readonly keys: Promise<Uint8Array>;
  /** What the client exports. */
  clientKeys(): Uint8Array;
  close(): void;
}

interface PairOptions {
  readonly certificate: DtlsCertificate;
  readonly toServer?: Network;
  readonly toClient?: Network;
  readonly srtpProfiles?: (1 | 7)[];
  /** Fingerprints that the session wants the client's certificate to have. */
  readonly peerFingerprints?: DtlsSessionOptions["peerFingerprints"];
  /** What the client shows, if it is another than the session's. */
  readonly clientCertificate?: DtlsCertificate;
  /** What the session is sent as data. */
  readonly onData?: (data: Uint8Array) => void;
}

const perfect: Network = (datagram) => [datagram];

/** Connects werift's client to a session; the caller closes the pair. */
export function connectPair(options: PairOptions): Pair {
  const { certificate, toServer = perfect, toClient = perfect } = options;
  const { clientCertificate = certificate, peerFingerprints } = options;
  const done = Promise.withResolvers<Uint8Array>();
  let isClosed = false;
  const transport = {
    type: "udp" as const,
    address: { address: "", port: 0, family: "IPv4" },
    closed: false,
    onData: (_datagram: Buffer) => {},
    send: (datagram: Buffer) => {
      // Not at once: a network answers later than the call that sends.
      queueMicrotask(() => {
        if (isClosed) return;
        for (const arrived of toServer(Uint8Array.from(datagram))) session.receive(arrived, COOKIE);
      });
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const client = new DtlsClient({
    transport,
    srtpProfiles: options.srtpProfiles ?? [1],
    cert: clientCertificate.certPem,
    key: clientCertificate.keyPem,
    signatureHash: SIGNATURE_HASH,
    extendedMasterSecret: true,
  });
  const send = (datagram: Uint8Array) => {
    queueMicrotask(() => {
      if (isClosed) return;
      for (const arrived of toClient(datagram)) transport.onData(Buffer.from(arrived));
    });
  };
  const sessionOptions: DtlsSessionOptions = {
    certificate,
    peerFingerprints,
    nowMs: 0,
    ...COOKIES,
    send,
    sendCookie: send,
    onData: options.onData,
    onConnected: (keys) => {
      if (client.connected) done.resolve(keys);
      else client.onConnect.once(() => done.resolve(keys));
    },
    onEnd: ({ kind, reason }) => done.reject(new Error(`${kind}: ${reason}`)),
  };
  const session = new DtlsSession(sessionOptions);
  const close = () => {
    isClosed = true;
    session.close();
    client.dtls.flight = 99;
  };
  void client.connect();
  const clientKeys = () => Uint8Array.from(client.exportKeyingMaterial("EXTRACTOR-dtls_srtp", 60));
  return { client, session, keys: done.promise, clientKeys, close };
}

/** Cuts each handshake message in clear of `datagram` into fragments of up to `size` bytes. */
export function fragmentHandshake(datagram: Uint8Array, size: number): Uint8Array[] {
  const reader = new ByteReader(datagram, RangeError);
  const pieces: Uint8Array[] = [];
  while (reader.remaining > 0) {
    const from = reader.offset;
    const record = readDtlsRecord(reader);
    if (record.contentType !== DTLS_CONTENT.handshake || record.epoch > 0) {
      pieces.push(datagram.slice(from, reader.offset));
      continue;
    }
    const { messageType, messageLength, messageSeq, bytes } = readHandshakeFragment(
      new ByteReader(record.fragment, RangeError),
    );
    for (let offset = 0; offset === 0 || offset < bytes.length; offset += size) {
      const part = bytes.subarray(offset, offset + size);
      pieces.push(fragmentRecord({ messageType, messageLength, messageSeq, offset, bytes: part }));
    }
  }
  return pieces;
}

interface Fragment {
  readonly messageType: number;
  readonly messageLength: number;
  readonly messageSeq: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A record in clear with one fragment. */
export function fragmentRecord(fragment: Fragment): Uint8Array<ArrayBuffer> {
  const { messageType, messageLength, messageSeq, offset, bytes } = fragment;
  const u24 = (value: number) => [value >> 16, value >> 8, value];
  const header = [messageType, ...u24(messageLength), messageSeq >> 8, messageSeq];
  const body = [...header, ...u24(offset), ...u24(bytes.length), ...bytes];
  const start = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...start, body.length >> 8, body.length, ...body]);
}
