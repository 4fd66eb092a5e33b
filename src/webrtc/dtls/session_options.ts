import type { DtlsCertificate } from "./certificate.ts";
import type { CertificateFingerprint } from "./client_certificate.ts";

/** Why a session ended: the peer said so, or it failed. */
export interface DtlsEnd {
  readonly kind: "closed" | "failed";
  /** For the log, as "peer sent alert 42". */
  readonly reason: string;
}

/** What a session needs. The callbacks may be called within `receive` or later, never at once. */
export interface DtlsSessionOptions {
  readonly certificate: DtlsCertificate;
  /**
   * Of the certificate that the peer must show, and have the key of; without it, none is asked for.
   */
  readonly peerFingerprints?: readonly CertificateFingerprint[] | undefined;
  /** The time now, on the same clock as `DtlsSession.handleTimeout` is told. */
  readonly nowMs: number;
  readonly handshakeTimeoutMs?: number;
  /**
   * Sends a datagram to the peer, at an address whose cookie it has shown; the datagram is the
   * callee's. Must not throw.
   */
  readonly send: (datagram: Uint8Array) => void;
  /** Sends a HelloVerifyRequest to where the datagram came from that is being received. */
  readonly sendCookie: (datagram: Uint8Array) => void;
  /** The peer shows a cookie: whether it is one that `DtlsSession.receive` was given. */
  readonly acceptCookie: (cookie: Uint8Array) => boolean;
  /** The handshake is done: 60 bytes of keys, which `splitDtlsExport` of srtp takes apart. */
  readonly onConnected: (exportedKeys: Uint8Array) => void;
  /** Data of a protocol within have come; without it, they are dropped. */
  readonly onData?: ((data: Uint8Array) => void) | undefined;
  /** The session ended by itself; not called after `DtlsSession.close`. */
  readonly onEnd: (end: DtlsEnd) => void;
}

/** Where a session is; from `closed` it never comes back. */
export type DtlsState = "handshaking" | "connected" | "closed";
