import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { type Link, openLink } from "../../testing/webrtc/whep_link.ts";

/** What has come over a link. */
export interface Received {
  /** Of datagrams of all kinds, so far. */
  bytes: number;
}

/** Opens links whose bytes are counted. */
export function countingLinks(received: Received): (candidate: IceCandidate) => Promise<Link> {
  return async (candidate) => {
    const link = await openLink(candidate);
    return {
      server: link.server,
      send: (datagram) => link.send(datagram),
      close: () => link.close(),
      receive: (take) =>
        link.receive((datagram) => {
          received.bytes += datagram.length;
          take(datagram);
        }),
    };
  };
}
