import type { TransportAddress } from "../address/transport_address.ts";
import type { RtcpPacket, TransportFeedbackUse } from "../rtp/rtcp.ts";
import type { SrtpMasterKey } from "../srtp/key_derivation.ts";
import type { DtlsCertificate } from "./dtls/certificate.ts";
import type { CertificateFingerprint } from "./dtls/client_certificate.ts";
import type { IceCredentials, RandomBytes } from "./ice/credentials.ts";
import type { DataChannel } from "./sctp/data_channels.ts";

/** What a peer tells its owner. The callbacks may be called within any method but the constructor. */
export interface PeerEvents {
  /** To be sent to `to`; the datagram is the callee's. */
  readonly send: (datagram: Uint8Array, to: TransportAddress) => void;
  /** Media can be sent from now on, and come: by these keys. */
  readonly connected: (keys: PeerKeys) => void;
  /** A datagram of protected media has come, which is borrowed; without it, all are dropped. */
  readonly rtp?: (datagram: Uint8Array) => void;
  readonly rtcp: (packets: readonly RtcpPacket[]) => void;
  /** The peer has opened a data channel. */
  readonly channelOpened: (channel: DataChannel) => void;
  /** A check that was sent at `sentMs` to where media go has been answered. */
  readonly roundTrip: (roundTripMs: number, sentMs: number) => void;
  /**
   * A valid check has come from this address, which was not known before. Whether what comes from
   * there reaches this peer: not where another one has proven it.
   */
  readonly addressKnown: (address: TransportAddress) => boolean;
  /** This address has echoed what was sent to it. */
  readonly addressProven: (address: TransportAddress) => void;
  /** This address is not known any more: there are too many others. */
  readonly addressRetired: (address: TransportAddress) => void;
  /** Nothing is echoed any more: media stop until something is. */
  readonly consentLost: () => void;
  /** Names of ours under which no check can come any more. */
  readonly ufragRetired: (ufrag: string) => void;
  /** Something was not taken: a name for counters. */
  readonly dropped: (reason: PeerDropReason) => void;
  /** The session is over; nothing is called any more. */
  readonly ended: (reason: string) => void;
}

/** What packets of both directions are protected by. */
export interface PeerKeys {
  /** Of what is sent to the peer. */
  readonly local: SrtpMasterKey;
  /** Of what comes from it. */
  readonly remote: SrtpMasterKey;
}

/** Why something was not taken. */
export type PeerDropReason =
  | "stun"
  | "unproven"
  | "authentication"
  | "malformed"
  | "kind"
  | "too many";

/** What a peer is made of. */
export interface PeerOptions {
  readonly local: IceCredentials;
  readonly remoteUfrag: string | undefined;
  readonly remotePassword: string | undefined;
  readonly certificate: DtlsCertificate;
  /** See `DtlsSessionOptions.peerFingerprints`. */
  readonly peerFingerprints?: readonly CertificateFingerprint[] | undefined;
  /** How long it may take until media can be sent. */
  readonly connectMs: number;
  /**
   * How long it lasts after the viewer's last valid check, and how long media go to an address after
   * its last echo.
   */
  readonly consentMs: number;
  /** Of 32 bits, by which answers to its checks find it. */
  readonly sessionTag: number;
  readonly random: RandomBytes;
  readonly transportFeedback: TransportFeedbackUse;
  /** Whether data channels were offered. */
  readonly hasDataChannels: boolean;
  readonly nowMs: number;
  readonly events: PeerEvents;
}
