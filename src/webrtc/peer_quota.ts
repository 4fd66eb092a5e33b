/**
 * What of a peer's datagrams is looked at in a second, whoever has sent them from its address: to check
 * one costs more than to send it.
 */
const MAX_PER_SECOND = {
  /** Checks and answers to ours: browsers send some twenty a second to each candidate. */
  checks: 500,
  /** Records of DTLS, of the handshake and of data: a viewer has little to say. */
  records: 200,
  /** Packets of media: more than 50 Mbit/s have. */
  media: 6000,
  /** Compounds of reports and feedback, of which there are some dozens. */
  reports: 1000,
} as const;

/** Counts what a peer may have looked at, of each kind for itself. */
export class PeerQuota {
  #left: Record<keyof typeof MAX_PER_SECOND, number> = { ...MAX_PER_SECOND };

  /** Whether one more is looked at. */
  take(kind: keyof typeof MAX_PER_SECOND): boolean {
    return this.#left[kind]-- > 0;
  }

  /** A second has passed. */
  renew(): void {
    this.#left = { ...MAX_PER_SECOND };
  }
}
