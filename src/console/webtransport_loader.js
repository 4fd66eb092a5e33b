// @ts-check
/// <reference lib="dom" />
/** FLV over WebTransport, as mpegts.js takes it: it loads by HTTP and WebSocket alone itself. */

/** @import { LoaderClass, MpegtsLibrary } from "./mpegts.d.ts" */

/**
 * Where WebTransport is, and the certificates to be taken there: none, if the browser is to judge by
 * itself.
 *
 * @typedef {{ port: number, certificateHashes: string[] }} WebtransportFacts
 */

/** How a session ends that nobody refused. */
const ENDED = 0;

/** Another shard may answer each time, by a certificate of its own. @returns {Promise<WebtransportFacts>} */
async function fetchFacts() {
  const response = await fetch("/api/v1/webtransport", { cache: "no-store" });
  if (!response.ok) throw new Error("This gateway serves no WebTransport");
  return await response.json();
}

/** @param {string} base64 */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** @param {string} url whose port is what the gateway tells @param {WebtransportFacts} facts */
function openSession(url, { port, certificateHashes }) {
  const address = new URL(url);
  address.port = `${port}`;
  const serverCertificateHashes = certificateHashes.map((hash) => ({
    algorithm: "sha-256",
    value: bytesOf(hash),
  }));
  return new WebTransport(
    `${address}`,
    serverCertificateHashes.length > 0 ? { serverCertificateHashes } : {},
  );
}

/**
 * A loader for the library's players.
 *
 * @param {MpegtsLibrary} library
 * @returns {LoaderClass}
 */
export function webtransportLoader({ BaseLoader, LoaderErrors, LoaderStatus }) {
  return class extends BaseLoader {
    /** @type {WebTransport | undefined} */
    #session;
    #isOver = false;
    #received = 0;

    constructor() {
      super("webtransport");
    }

    /** @override @param {{ url: string }} source */
    open({ url }) {
      this._status = LoaderStatus.kConnecting;
      this.#load(url).then(
        ({ closeCode, reason }) => {
          if (closeCode === ENDED) this.#end(() => this._onComplete?.(0, this.#received - 1));
          // The codes are statuses of HTTP.
          else this.#fail(LoaderErrors.HTTP_STATUS_CODE_INVALID, closeCode, reason);
        },
        (error) => this.#fail(LoaderErrors.EXCEPTION, -1, String(error)),
      );
    }

    /** @override */
    abort() {
      this.#end(() => {});
      this.#session?.close();
    }

    /** @override */
    destroy() {
      this.abort();
      super.destroy();
    }

    /** How the session has ended. @param {string} url */
    async #load(url) {
      const facts = await fetchFacts();
      if (this.#isOver) return { closeCode: ENDED, reason: "" };
      const session = this.#session = openSession(url, facts);
      await session.ready;
      // Of a stream that breaks off, the session's end tells why.
      await this.#read(session).catch(() => {});
      const { closeCode = ENDED, reason = "" } = await session.closed;
      return { closeCode, reason };
    }

    /** @param {WebTransport} session */
    async #read(session) {
      const { value: stream } = await session.incomingUnidirectionalStreams.getReader().read();
      if (stream === undefined) return;
      this._status = LoaderStatus.kBuffering;
      const pieces = stream.getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done || this.#isOver) return;
        const begin = this.#received;
        this.#received += value.length;
        this._onDataArrival?.(value.slice().buffer, begin, this.#received);
      }
    }

    /** @param {string} kind @param {number} code @param {string} msg */
    #fail(kind, code, msg) {
      this.#end(() => this._onError?.(kind, { code, msg }), LoaderStatus.kError);
    }

    /** @param {() => void} tell @param {number} status */
    #end(tell, status = LoaderStatus.kComplete) {
      if (this.#isOver) return;
      this.#isOver = true;
      this._status = status;
      tell();
    }
  };
}
