import type { TransportAddress } from "../../address/transport_address.ts";
import type { Counters } from "../../metrics/counters.ts";
import { ConnectionListener } from "../net/connection_listener.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import type { ShardPlaces } from "../shard_places.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { IceTcpConnection } from "./ice_tcp.ts";
import type { SessionPaths } from "./session.ts";
import { addressKey } from "./sessions.ts";

/** What a shard's sockets for WebRTC need of it. */
export interface SocketsContext {
  readonly settings: ShardSettings;
  readonly counters: Counters;
  readonly places: Pick<ShardPlaces, "webrtcTcpConnections">;
}

/** What sockets tell. */
export interface SocketEvents {
  /** A datagram has come, or what is one over TCP; it is borrowed. */
  readonly received: (datagram: Uint8Array, from: TransportAddress) => void;
  /** A TCP connection has ended. */
  readonly closed: (address: TransportAddress) => void;
}

/** The UDP socket and the TCP port of a shard's WebRTC. */
export class WebrtcSockets implements SessionPaths {
  /** `undefined` where UDP is not for use. */
  readonly udp: DatagramSocket | undefined;
  readonly #counters: Counters;
  readonly #tcp: ConnectionListener;
  /** By `addressKey`. */
  readonly #connections = new Map<string, IceTcpConnection>();

  /** Listens; throws what `Deno.listen` throws. */
  constructor({ settings, counters, places }: SocketsContext, events: SocketEvents) {
    const { host, webrtc: { udpPort, tcpPort }, timeouts } = settings;
    this.#counters = counters;
    this.udp = udpPort === undefined ? undefined : new DatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname: host, port: udpPort }),
      (datagram, from) => events.received(datagram, from as TransportAddress),
      () => counters.add("webrtcSendsFailed"),
    );
    const tcpEvents = {
      received: (frame: Uint8Array, { address }: IceTcpConnection) =>
        events.received(frame, address),
      closed: ({ address }: IceTcpConnection) => {
        this.#connections.delete(addressKey(address));
        events.closed(address);
      },
    };
    this.#tcp = new ConnectionListener(Deno.listen({ hostname: host, port: tcpPort }), {
      protocol: "webrtc",
      places: places.webrtcTcpConnections,
      counterNames: {
        accepted: "webrtcTcpConnectionsAccepted",
        refused: "webrtcTcpConnectionsRefused",
        aborted: "webrtcTcpConnectionsAborted",
      },
      connect: (conn, nowMs, { place }) => {
        const connection = new IceTcpConnection(conn, tcpEvents, nowMs, timeouts.stallMs, place);
        this.#connections.set(addressKey(connection.address), connection);
        return connection;
      },
    }, counters);
  }

  /** Begins to receive. */
  run(): void {
    void this.udp?.run();
    void this.#tcp.run();
  }

  /** Looks after time-outs. To be called every second. */
  sweep(nowMs: number): void {
    this.#tcp.sweep(nowMs);
  }

  /** Closes the ports. */
  async close(graceMs: number): Promise<void> {
    await this.#tcp.close(graceMs);
    await this.udp?.close();
  }

  /** The connection of an address, if it is one of TCP. */
  connection(address: TransportAddress): IceTcpConnection | undefined {
    return this.#connections.get(addressKey(address));
  }

  send(datagram: Uint8Array, to: TransportAddress): void {
    if (to.transport === "tcp") this.connection(to)?.send(datagram);
    else this.udp?.send(datagram, to as Deno.NetAddr);
  }

  sendAll(datagrams: readonly Uint8Array[], to: TransportAddress): void {
    this.#counters.add("webrtcPacketsSent", datagrams.length);
    this.#counters.add("webrtcBytesSent", lengthOf(datagrams));
    if (to.transport === "tcp") {
      this.connection(to)?.sendAll(datagrams);
    } else {
      for (const datagram of datagrams) this.udp?.send(datagram, to as Deno.NetAddr);
    }
  }

  isReady(to: TransportAddress): boolean {
    return to.transport === "udp" || this.connection(to)?.isReady === true;
  }
}

function lengthOf(datagrams: readonly Uint8Array[]): number {
  let length = 0;
  for (const datagram of datagrams) length += datagram.length;
  return length;
}
