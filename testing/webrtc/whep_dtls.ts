/** The viewer's end of DTLS, by werift's client. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { DtlsClient } from "werift";
import { SRTP_PROFILE_AES128_CM_HMAC_SHA1_80 } from "../../src/webrtc/dtls/dtls.ts";
import { type DtlsCertificate, SIGNATURE_HASH } from "../../src/webrtc/dtls/certificate.ts";

/** What a handshake needs and tells. */
export interface DtlsViewerOptions {
  readonly certificate: DtlsCertificate;
  /** The server's, as its answer tells it. */
  readonly fingerprint: string;
  readonly send: (datagram: Uint8Array) => void;
  /** 60 bytes of keys (RFC 5764 4.2). */
  readonly onConnected: (exportedKeys: Uint8Array) => void;
  readonly onFailure: (reason: string) => void;
}

/** A flight of werift's that never comes: its timer finds nothing to repeat any more. */
const PAST_ALL_FLIGHTS = 99;

const HANDSHAKE_RECORD = 22;
/** Of a record in clear: where the type of its handshake message is. */
const MESSAGE_TYPE_OFFSET = 13;
const HELLO_VERIFY_REQUEST = 3;

/** One handshake as client; nothing but keys is wanted of it. */
export class DtlsViewer {
  readonly #options: DtlsViewerOptions;
  readonly #client: DtlsClient;
  #isVerified = false;
  #isClosed = false;

  constructor(options: DtlsViewerOptions) {
    const { certificate, send, onFailure } = options;
    this.#options = options;
    this.#client = new DtlsClient({
      transport: {
        type: "udp",
        address: { address: "", port: 0, family: "IPv4" },
        closed: false,
        onData: () => {},
        send: (datagram: Buffer) => {
          if (!this.#isClosed) send(Uint8Array.from(datagram));
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
      srtpProfiles: [SRTP_PROFILE_AES128_CM_HMAC_SHA1_80],
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: SIGNATURE_HASH,
      extendedMasterSecret: true,
    });
    this.#client.onConnect.once(() => this.#connected());
    this.#client.onError.subscribe((error) => onFailure(`DTLS failed: ${error}`));
  }

  start(): void {
    this.#client.connect().catch((error) => this.#options.onFailure(`DTLS failed: ${error}`));
  }

  receive(datagram: Uint8Array): void {
    // Each hello is answered, and on a busy machine it is repeated before its answer is read: a
    // second answer is an error to werift's client (RFC 6347 4.2.1: it is a repeated message).
    if (isHelloVerifyRequest(datagram)) {
      if (this.#isVerified) return;
      this.#isVerified = true;
    }
    this.#client.options.transport.onData!(Buffer.from(datagram), ["", 0]);
  }

  /** Sends data of a protocol within, once it is connected. */
  async sendData(data: Uint8Array): Promise<void> {
    await this.#client.send(Buffer.from(data));
  }

  close(): void {
    this.#isClosed = true;
    this.#client.dtls.flight = PAST_ALL_FLIGHTS;
  }

  #connected(): void {
    const shown = createHash("sha256").update(this.#client.remoteCertificate!).digest("hex")
      .toUpperCase().replaceAll(/(..)(?!$)/g, "$1:");
    if (shown !== this.#options.fingerprint) {
      return this.#options.onFailure(`DTLS certificate must be ${this.#options.fingerprint}`);
    }
    const keys = this.#client.exportKeyingMaterial("EXTRACTOR-dtls_srtp", 60);
    this.#options.onConnected(Uint8Array.from(keys));
  }
}

function isHelloVerifyRequest(datagram: Uint8Array): boolean {
  return datagram[0] === HANDSHAKE_RECORD &&
    datagram[MESSAGE_TYPE_OFFSET] === HELLO_VERIFY_REQUEST &&
    // The epoch: in clear.
    datagram[3] === 0 && datagram[4] === 0;
}
