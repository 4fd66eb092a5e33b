/** DTLS 1.2 with one peer, as its server: for the keys of SRTP (RFC 5764). */
import { Buffer } from "node:buffer";
import { DtlsServer } from "werift";
import { ByteReader } from "../../bytes/byte_reader.ts";
import { SIGNATURE_HASH } from "./certificate.ts";
import { ClientCertificate } from "./client_certificate.ts";
import {
  clientHelloCookie,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  HandshakeReassembler,
  readHandshakeFragment,
  writeHandshakeRecord,
} from "./fragments.ts";
import { DTLS_CONTENT, type DtlsRecord, parseDtlsAlert, readDtlsRecord } from "./record.ts";
import type { DtlsEnd, DtlsSessionOptions, DtlsState } from "./session_options.ts";
import {
  alertFragment,
  createTransport,
  decryptRecord,
  encryptRecord,
  FIRST_OWN_RECORD,
  handshakesOf,
  signWithCachedKey,
  type WeriftTransport,
} from "./werift.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** The only protection profile: SRTP_AES128_CM_HMAC_SHA1_80 (RFC 5764 4.1.2). */
export const SRTP_PROFILE_AES128_CM_HMAC_SHA1_80 = 1;
/** How long a handshake may take if nothing else is said. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 15_000;
/** How many encrypted records are held until the keys to read them are there. */
const MAX_HELD_RECORDS = 4;
/** How often repeated messages are answered in one session: each may be a lost flight of ours. */
const MAX_ANSWERED_REPEATS = 64;

/** What a client sends in clear: hello, hello with the cookie, key exchange; Finished is encrypted. */
const ANONYMOUS_HANDSHAKE: readonly number[] = [
  HANDSHAKE_TYPE.clientHello,
  HANDSHAKE_TYPE.clientHello,
  HANDSHAKE_TYPE.clientKeyExchange,
];
/** The same where its certificate is asked for. */
const CERTIFIED_HANDSHAKE: readonly number[] = [
  HANDSHAKE_TYPE.clientHello,
  HANDSHAKE_TYPE.clientHello,
  HANDSHAKE_TYPE.certificate,
  HANDSHAKE_TYPE.clientKeyExchange,
  HANDSHAKE_TYPE.certificateVerify,
];
const SRTP_EXPORT_LABEL = "EXTRACTOR-dtls_srtp";
const SRTP_EXPORT_LENGTH = 60;
const CLOSE_NOTIFY = 0;
/** werift's number of the flight that is a HelloVerifyRequest; it is sent at once and not repeated. */
const HELLO_VERIFY_FLIGHT = 2;
/** A flight of werift's that never comes: what waits for it has nothing to repeat any more. */
const PAST_ALL_FLIGHTS = 99;

/**
 * One peer's DTLS, with werift behind a guard.
 *
 * The cookie of a HelloVerifyRequest is the address's own, so that a client that goes on from there
 * has shown to receive there (RFC 6347 4.2.1); the flights that are larger than what they answer
 * come after that.
 *
 * werift's server must see whole handshake messages in order, each once, and nothing after the
 * handshake that starts another: this class sees to that. Repeated messages are handed over again
 * only where werift answers with the same flight.
 *
 * werift looks at no certificate of the peer's: this class checks it against the fingerprints of the
 * offer, where they are given. Where they are not, **who the peer is rests on the ICE credentials**:
 * feed datagrams only from addresses whose STUN requests were authentic, and serve signalling over
 * TLS where it crosses a network.
 *
 * werift repeats its flight on timers of its own, after 0.5, 1, 1.5 s and so on. The pending one
 * outlives `close` by up to 5.5 s, and then ends without sending.
 *
 * @example
 * ```ts ignore
 * import { createDtlsCertificate } from "./certificate.ts";
 * import { DtlsSession } from "./dtls.ts";
 *
 * const certificate = await createDtlsCertificate(); // once
 * const session = new DtlsSession({
 *   certificate,
 *   nowMs,
 *   send: (datagram) => socket.send(datagram, viewer),
 *   sendCookie: (datagram) => socket.send(datagram, viewer),
 *   acceptCookie: (shown) => isSame(shown, cookie),
 *   onConnected: (exportedKeys) => startMedia(splitDtlsExport(exportedKeys)),
 *   onEnd: ({ reason }) => end(reason),
 * });
 * session.receive(datagram, cookie); // for each datagram whose first byte is 20..63
 * ```
 */
export class DtlsSession {
  readonly #options: DtlsSessionOptions;
  readonly #server: DtlsServer;
  readonly #transport: WeriftTransport;
  readonly #reassembler = new HandshakeReassembler();
  readonly #deadlineMs: number;
  /** Types of the messages in clear, by their numbers. */
  readonly #handshake: readonly number[];
  readonly #peerCertificate: ClientCertificate | undefined;
  #state: DtlsState = "handshaking";
  /** The last ClientHello, until the peer shows that it has our answer. */
  #clientHello: HandshakeMessage | undefined;
  /** Whether all that comes in clear has come. */
  #isClearOver = false;
  /** Encrypted records that came before that. */
  #heldRecords: Uint8Array[] = [];
  #answeredRepeats = 0;
  #nextRecord = FIRST_OWN_RECORD;
  /** Of the datagram that is being received. */
  #isAllTaken = true;

  constructor(options: DtlsSessionOptions) {
    const { certificate, nowMs, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
    this.#options = options;
    this.#deadlineMs = nowMs + handshakeTimeoutMs;
    const { peerFingerprints } = options;
    this.#handshake = peerFingerprints === undefined ? ANONYMOUS_HANDSHAKE : CERTIFIED_HANDSHAKE;
    this.#peerCertificate = peerFingerprints && new ClientCertificate(peerFingerprints);
    this.#transport = createTransport((datagram) => {
      if (this.#state === "closed") return;
      if (this.#server.dtls.flight === HELLO_VERIFY_FLIGHT) options.sendCookie(datagram);
      else options.send(datagram);
    });
    this.#server = new DtlsServer({
      transport: this.#transport,
      srtpProfiles: [SRTP_PROFILE_AES128_CM_HMAC_SHA1_80],
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: SIGNATURE_HASH,
      certificateRequest: peerFingerprints !== undefined,
      extendedMasterSecret: true,
    });
    signWithCachedKey(this.#server, certificate);
    this.#server.onConnect.subscribe(() => this.#connected());
    this.#server.onError.subscribe((error) => {
      if (this.#state === "handshaking") this.#end("failed", `handshake failed: ${error}`);
    });
  }

  get state(): DtlsState {
    return this.#state;
  }

  /** When {@linkcode handleTimeout} is due; `undefined` if no time-out runs. */
  get deadlineMs(): number | undefined {
    return this.#state === "handshaking" ? this.#deadlineMs : undefined;
  }

  /**
   * Takes a datagram of the peer, which stays the caller's. What is malformed, too many or out of
   * place is dropped (RFC 6347 4.1.2.7).
   *
   * @param cookie 20 random bytes, of the address that it came from
   * @returns whether all of it was taken
   */
  receive(datagram: Uint8Array, cookie: Uint8Array): boolean {
    this.#isAllTaken = true;
    const reader = new ByteReader(datagram, WebrtcError);
    try {
      while (reader.remaining > 0 && this.#state !== "closed") {
        const from = reader.offset;
        const record = readDtlsRecord(reader);
        this.#receiveRecord(record, datagram.subarray(from, reader.offset), cookie);
      }
    } catch (error) {
      if (!(error instanceof WebrtcError)) throw error;
      this.#isAllTaken = false;
    }
    return this.#isAllTaken;
  }

  /** Ends a handshake that takes too long. */
  handleTimeout(nowMs: number): void {
    if (this.#state === "handshaking" && nowMs >= this.#deadlineMs) {
      this.#end("failed", "handshake timed out");
    }
  }

  /**
   * Ends the session: a connected peer is told so (close_notify), then nothing is sent or called
   * any more.
   */
  close(): void {
    if (this.#state === "connected") {
      const alert = alertFragment({ isFatal: false, description: CLOSE_NOTIFY });
      this.#sendRecord(DTLS_CONTENT.alert, alert);
    }
    this.#state = "closed";
    this.#heldRecords = [];
    this.#clientHello = undefined;
    this.#transport.closed = true;
    this.#server.dtls.flight = PAST_ALL_FLIGHTS;
  }

  /** Sends data of a protocol within, if the handshake is done. */
  sendData(data: Uint8Array): void {
    if (this.#state === "connected") this.#sendRecord(DTLS_CONTENT.data, data);
  }

  #sendRecord(contentType: number, content: Uint8Array): void {
    const record = encryptRecord(this.#server, contentType, this.#nextRecord++, content);
    this.#options.send(record);
  }

  #receiveRecord(record: DtlsRecord, bytes: Uint8Array, cookie: Uint8Array): void {
    switch (record.contentType) {
      case DTLS_CONTENT.handshake:
        if (record.epoch === 0) this.#receiveFragments(record.fragment, cookie);
        else this.#receiveEncrypted(bytes);
        return;
      case DTLS_CONTENT.alert:
        this.#receiveAlert(record);
        return;
      case DTLS_CONTENT.changeCipherSpec:
        // werift's server does not look at it: the epoch of a record says the same.
        return;
      case DTLS_CONTENT.data:
        if (this.#state === "connected" && record.epoch > 0 && this.#options.onData !== undefined) {
          this.#options.onData(decryptRecord(this.#server, record));
        } else this.#isAllTaken = false;
        return;
      default:
        this.#isAllTaken = false;
    }
  }

  /** Fragments in clear: nothing of them is wanted once they have told all. */
  #receiveFragments(fragments: Uint8Array, cookie: Uint8Array): void {
    if (this.#isClearOver) return;
    const reader = new ByteReader(fragments, WebrtcError);
    while (reader.remaining > 0) {
      const fragment = readHandshakeFragment(reader);
      const isRepeat = fragment.messageSeq === this.#clientHello?.messageSeq;
      if (isRepeat && fragment.offset === 0) this.#repeat(this.#clientHello!, cookie);
      else this.#reassembler.push(fragment);
    }
    for (let message; (message = this.#reassembler.next()) !== undefined;) {
      this.#handOver(message, cookie);
    }
  }

  /** Our answer may be lost: werift sends it again, as long as nothing newer came. */
  #repeat(message: HandshakeMessage, cookie: Uint8Array): void {
    if (this.#answeredRepeats++ >= MAX_ANSWERED_REPEATS) {
      this.#isAllTaken = false;
      return;
    }
    this.#giveHello(message, cookie);
  }

  /** A hello is answered by the cookie of its address, or goes on from where its cookie was sent. */
  #giveHello(message: HandshakeMessage, cookie: Uint8Array): void {
    const shown = clientHelloCookie(message.body);
    if (shown.length > 0 && !this.#options.acceptCookie(shown)) {
      throw new WebrtcError("Cannot take DTLS hello: its cookie must be one that was sent");
    }
    // werift compares with what it finds here, and sends that to who shows none.
    this.#server.dtls.cookie = Buffer.from(shown.length > 0 ? shown : cookie);
    this.#transport.onData(Buffer.from(writeHandshakeRecord(message)));
  }

  #handOver(message: HandshakeMessage, cookie: Uint8Array): void {
    const { messageType, messageSeq } = message;
    const isHello = messageType === HANDSHAKE_TYPE.clientHello;
    if (messageType !== this.#handshake[messageSeq]) {
      throw new WebrtcError(
        `Cannot take DTLS handshake message ${messageSeq}: must be of type ${
          this.#handshake[messageSeq]
        }, got ${messageType}`,
      );
    }
    this.#clientHello = isHello ? message : undefined;
    if (isHello) return this.#giveHello(message, cookie);
    if (!this.#isPeerKnown(message)) return;
    this.#transport.onData(Buffer.from(writeHandshakeRecord(message)));
    if (messageSeq < this.#handshake.length - 1) return;
    this.#isClearOver = true;
    for (const held of this.#heldRecords) this.#transport.onData(Buffer.from(held));
    this.#heldRecords = [];
  }

  /** Whether the peer is still who its offer says; else the session ends. */
  #isPeerKnown({ messageType, body }: HandshakeMessage): boolean {
    try {
      if (messageType === HANDSHAKE_TYPE.certificate) this.#peerCertificate?.take(body);
      else if (messageType === HANDSHAKE_TYPE.certificateVerify) {
        this.#peerCertificate?.verify(body, handshakesOf(this.#server));
      }
      return true;
    } catch (error) {
      if (!(error instanceof WebrtcError)) throw error;
      this.#end("failed", error.message);
      return false;
    }
  }

  /** Finished: readable once the key exchange is there, and good once all is. A repeated one has its answer repeated. */
  #receiveEncrypted(record: Uint8Array): void {
    if (!this.#isClearOver) {
      if (this.#heldRecords.length < MAX_HELD_RECORDS) this.#heldRecords.push(record.slice());
      else this.#isAllTaken = false;
    } else if (this.#state === "handshaking" || this.#answeredRepeats++ < MAX_ANSWERED_REPEATS) {
      this.#transport.onData(Buffer.from(record));
    } else {
      this.#isAllTaken = false;
    }
  }

  /** In clear alerts count during the handshake only, for anybody could have sent them. */
  #receiveAlert(record: DtlsRecord): void {
    const isInClear = record.epoch === 0;
    if (isInClear !== (this.#state === "handshaking")) {
      this.#isAllTaken = false;
      return;
    }
    const { isFatal, description } = parseDtlsAlert(
      isInClear ? record.fragment : decryptRecord(this.#server, record),
    );
    if (description === CLOSE_NOTIFY) this.#end("closed", "peer sent close_notify");
    else if (isFatal) this.#end("failed", `peer sent alert ${description}`);
  }

  /** werift says so again whenever Finished is repeated. */
  #connected(): void {
    if (this.#state !== "handshaking") return;
    const { srtpProfile } = this.#server.srtp;
    if (srtpProfile !== SRTP_PROFILE_AES128_CM_HMAC_SHA1_80) {
      this.#end("failed", "peer offers no SRTP_AES128_CM_HMAC_SHA1_80");
      return;
    }
    this.#state = "connected";
    const keys = this.#server.exportKeyingMaterial(SRTP_EXPORT_LABEL, SRTP_EXPORT_LENGTH);
    this.#options.onConnected(Uint8Array.from(keys));
  }

  #end(kind: DtlsEnd["kind"], reason: string): void {
    // A peer that ends is answered in kind (RFC 5246 7.2.1).
    this.close();
    this.#options.onEnd({ kind, reason });
  }
}
