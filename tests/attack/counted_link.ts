import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { type Link, openLink } from "../../testing/webrtc/whep_link.ts";

/** What has come over links, and gone. */
export interface Received {
  /** Of datagrams of all kinds, so far. */
  bytes: number;
  /** What was sent first of a handshake. */
  hello?: Uint8Array;
}

/** Opens links whose bytes are counted. */
export function countingLinks(received: Received): (candidate: IceCandidate) => Promise<Link> {
  return async (candidate) => {
    const link = await openLink(candidate);
    return {
      server: link.server,
      send: (datagram) => {
        if (received.hello === undefined && datagramKind(datagram) === "dtls") {
          received.hello = datagram.slice();
        }
        link.send(datagram);
      },
      close: () => link.close(),
      receive: (take) =>
        link.receive((datagram) => {
          received.bytes += datagram.length;
          take(datagram);
        }),
    };
  };
}
