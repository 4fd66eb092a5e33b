import type { Link } from "../../testing/webrtc/whep_link.ts";
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";

const BUFFER_SIZE = 2048;
/** Of each kind; what was sent first and last is what is worth to be sent again. */
const MAX_RECORDED = 64;

/**
 * A viewer's link that also speaks in the name of another address: if it mirrors, everything it
 * sends comes from both. What arrives at the other is counted and not looked at, as if it were not
 * read.
 */
export class ForgingLink implements Link {
  readonly server: Deno.NetAddr;
  /** What came to the viewer's own address. */
  readonly checks: Uint8Array[] = [];
  /** What the viewer sent. */
  readonly dtls: Uint8Array[] = [];
  readonly rtcp: Uint8Array[] = [];
  /** Bytes that were sent in the name of the other address, and bytes that came there. */
  forgedBytes = 0;
  victimBytes = 0;
  readonly #mirrors: boolean;
  readonly #own = listen();
  readonly #forged = listen();

  constructor({ address, port }: IceCandidate, { mirrors }: { readonly mirrors: boolean }) {
    this.#mirrors = mirrors;
    this.server = { transport: "udp", hostname: address, port };
    void this.#countAtVictim();
  }

  /** Sends in the name of the other address. */
  forge(datagram: Uint8Array): void {
    this.forgedBytes += datagram.length;
    this.#forged.send(datagram, this.server).catch(() => {});
  }

  send(datagram: Uint8Array): void {
    const kind = datagramKind(datagram);
    if (kind === "dtls") record(this.dtls, datagram);
    if (kind === "rtcp") record(this.rtcp, datagram);
    if (this.#mirrors) this.forge(datagram);
    this.#own.send(datagram, this.server).catch(() => {});
    if (this.#mirrors) this.forge(datagram);
  }

  async receive(take: (datagram: Uint8Array) => void): Promise<void> {
    for await (const [datagram] of this.#own) {
      if (datagramKind(datagram) === "stun") record(this.checks, datagram);
      take(datagram);
    }
  }

  close(): void {
    this.#own.close();
    this.#forged.close();
  }

  async #countAtVictim(): Promise<void> {
    for await (const [{ length }] of this.#forged) this.victimBytes += length;
  }
}

function listen(): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
}

function record(list: Uint8Array[], datagram: Uint8Array): void {
  if (list.length === MAX_RECORDED) list.splice(MAX_RECORDED / 2, 1);
  list.push(datagram.slice(0, BUFFER_SIZE));
}
