import { assert, assertEquals } from "@std/assert";
import { type Link, openLink } from "../../testing/webrtc/whep_link.ts";
import { writeCheck } from "../../testing/webrtc/whep_stun.ts";
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { MAX_PEER_PATHS } from "../../src/webrtc/peer_paths.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const PATH = "live/paths";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** A viewer's link that can go over to another address, and reads at all that it had. */
class MovingLink implements Link {
  readonly server: Deno.NetAddr;
  /** Packets of media that came to each address, in the order of moving. */
  readonly mediaCounts: number[] = [];
  readonly #sockets: Deno.DatagramConn[] = [];
  #take: (datagram: Uint8Array) => void = () => {};
  readonly #closed = Promise.withResolvers<void>();

  constructor({ address, port }: IceCandidate) {
    this.server = { transport: "udp", hostname: address, port };
    this.move();
  }

  /** From now on it sends from a new address. */
  move(): void {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    void this.#read(socket, this.#sockets.push(socket) - 1);
  }

  send(datagram: Uint8Array): void {
    this.#sockets.at(-1)!.send(datagram, this.server).catch(() => {});
  }

  receive(take: (datagram: Uint8Array) => void): Promise<void> {
    this.#take = take;
    return this.#closed.promise;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#closed.resolve();
  }

  async #read(socket: Deno.DatagramConn, at: number): Promise<void> {
    this.mediaCounts[at] = 0;
    for await (const [datagram] of socket) {
      if (datagramKind(datagram) === "rtp") this.mediaCounts[at]!++;
      this.#take(datagram);
    }
  }
}

Deno.test({
  name: "media follow a viewer to another address when it has answered there, without a gap",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = await publish(gateway, { path: PATH });
    let link: MovingLink | undefined;
    await using viewer = await WhepViewer.join(gateway, {
      path: PATH,
      openLink: (candidate) => Promise.resolve(link = new MovingLink(candidate)),
    });
    const { mediaCounts } = link!;
    viewer.answersChecks = false;
    const asked = viewer.checksOfServer;
    link!.move();
    viewer.sendCheck();
    await until("the new address is asked", () => viewer.checksOfServer > asked);
    const before = mediaCounts[0]!;
    await until("media go on to the old address", () => mediaCounts[0]! > before + 30);
    assertEquals(mediaCounts[1], 0);
    viewer.answersChecks = true;
    viewer.sendCheck();
    await until("media come to the new address", () => mediaCounts[1]! > 0);
    const after = mediaCounts[0]!;
    await until("they go on there", () => mediaCounts[1]! > 30);
    assert(mediaCounts[0]! <= after + 1, "media still come to the old address");
    checkNoGaps(viewer.video!);
    assertEquals(viewer.failure, undefined);
  },
});

Deno.test({
  name: "media of a viewer that echoes nothing stop, and go on with its next answer",
  ...WERIFT,
  fn: async () => {
    const config = { timeouts: { consentMs: 3000 } };
    await using gateway = await startGateway({ args: ["--shards", "1"], config });
    await using _publisher = await publish(gateway, { path: PATH });
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    const lost = async () => (await gateway.status()).counters.webrtcConsentsLost;
    viewer.answersChecks = false;
    await until("consent is lost", async () => await lost() === 1);
    // What was under way has come.
    await delay(100);
    const count = viewer.video!.packets.length;
    await delay(1000);
    assertEquals(viewer.video!.packets.length, count);
    viewer.answersChecks = true;
    await until("media go on", () => viewer.video!.packets.length > count + 30);
    checkNoGaps(viewer.video!);
    assertEquals([await lost(), viewer.failure], [1, undefined]);
  },
});

Deno.test({
  name: "a viewer keeps as many TCP connections as it may have addresses, and none when it is gone",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = await publish(gateway, { path: PATH });
    await using viewer = await WhepViewer.join(gateway, { path: PATH, transport: "tcp" });
    const { hostname: address, port } = viewer.link.server;
    const connections = async () => (await gateway.status()).counters.webrtcTcpConnections!;
    const accepted = async () => (await gateway.status()).counters.webrtcTcpConnectionsAccepted!;
    const links = await Promise.all(
      Array.from({ length: 40 }, () => openLink({ transport: "tcp", address, port })),
    );
    const ended = links.map((link) => {
      const over = link.receive(() => {});
      link.send(writeCheck(viewer.local, viewer.remote));
      return over;
    });
    await until("all have come", async () => await accepted() === 41);
    await until("the oldest are ended", async () => await connections() <= MAX_PEER_PATHS);
    assertEquals(await viewer.delete(), 200);
    await Promise.all(ended);
    await until("none is left", async () => await connections() === 0);
    for (const link of links) link.close();
  },
});
