/** A port from which somebody came before, who was not heard of again. */
import { assert } from "@std/assert";
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import type { Link } from "../../testing/webrtc/whep_link.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";

/** A hello without a cookie, and one with it. */
const HELLOS = 2;
/** Less than it takes until the first is given up. */
const MAX_CONNECT_MS = 5000;

Deno.test({
  name: "a publisher is let in from a port where another one's handshake was not ended",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    const taken = new Set<(datagram: Uint8Array) => void>();
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const received = (async () => {
      for await (const [datagram] of socket) for (const take of taken) take(datagram);
    })();
    /** One socket, and whose turn it is. */
    const linkOf = (passes: (datagram: Uint8Array) => boolean) => {
      return ({ address, port }: IceCandidate): Promise<Link> => {
        const server = { transport: "udp" as const, hostname: address, port };
        let isOpen = true;
        let mine: ((datagram: Uint8Array) => void) | undefined;
        return Promise.resolve({
          server,
          send: (datagram) => {
            if (isOpen && passes(datagram)) socket.send(datagram, server).catch(() => {});
          },
          receive: (take) => {
            taken.add(mine = take);
            return Promise.resolve();
          },
          close: () => {
            isOpen = false;
            if (mine !== undefined) taken.delete(mine);
          },
        });
      };
    };
    let hellos = 0;
    const openLink = linkOf((datagram) => datagramKind(datagram) !== "dtls" || ++hellos <= HELLOS);
    const gone = await WhipSender.open(gateway, "live/gone", { openLink });
    await until("it is within its handshake", () => gone.peer.consents > 0 && hellos > HELLOS);
    taken.clear();
    const startedMs = performance.now();
    const next = await WhipSender.connect(gateway, "live/next", { openLink: linkOf(() => true) });
    assert(performance.now() - startedMs < MAX_CONNECT_MS);
    await next[Symbol.asyncDispose]();
    await gone[Symbol.asyncDispose]();
    socket.close();
    await received.catch(() => {});
  },
});
