/** The two ways to a WebRTC server: datagrams, and a TCP connection that carries them. */
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import type { TransportAddress } from "../../src/address/transport_address.ts";
import { frameForTcp, TcpFrameReader } from "../../src/webrtc/ice/tcp_framing.ts";

/** Carries datagrams between one viewer and its server. */
export interface Link {
  readonly server: TransportAddress;
  /** Sends in the order of calls. What cannot be sent is lost, as on a network. */
  send(datagram: Uint8Array): void;
  /** Hands over each datagram, valid during the call, until the link is closed or breaks. */
  receive(take: (datagram: Uint8Array) => void): Promise<void>;
  close(): void;
}

/** More than an Ethernet frame: nothing larger is sent to a viewer. */
const DATAGRAM_BUFFER_SIZE = 2048;
const STREAM_BUFFER_SIZE = 64 * 1024;

/**
 * Opens the way that `candidate` names, for a viewer of its own.
 *
 * @param from address of the viewer's own, over UDP; by default the usual one of the machine
 */
export async function openLink(
  candidate: Pick<IceCandidate, "transport" | "address" | "port">,
  from?: string,
): Promise<Link> {
  const { transport, address, port } = candidate;
  const server = { transport, hostname: address, port };
  if (transport === "udp") return new UdpLink({ ...server, transport }, from);
  return new TcpLink(await Deno.connect({ hostname: address, port }), server);
}

class UdpLink implements Link {
  readonly server: Deno.NetAddr;
  readonly #socket: Deno.DatagramConn;

  constructor(
    server: Deno.NetAddr,
    hostname = server.hostname.includes(":") ? "::1" : "127.0.0.1",
  ) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    this.server = server;
  }

  send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.server).catch(ignoreLoss);
  }

  async receive(take: (datagram: Uint8Array) => void): Promise<void> {
    // Into one buffer: without it a receive costs five times as much.
    const buffer = new Uint8Array(DATAGRAM_BUFFER_SIZE);
    try {
      for (;;) take((await this.#socket.receive(buffer))[0]);
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

class TcpLink implements Link {
  readonly #connection: Deno.TcpConn;
  #sent: Promise<void> = Promise.resolve();

  constructor(connection: Deno.TcpConn, readonly server: TransportAddress) {
    connection.setNoDelay(true);
    this.#connection = connection;
  }

  send(datagram: Uint8Array): void {
    const frame = frameForTcp(datagram);
    this.#sent = this.#sent.then(() => this.#write(frame)).catch(ignoreLoss);
  }

  async receive(take: (datagram: Uint8Array) => void): Promise<void> {
    const frames = new TcpFrameReader();
    const buffer = new Uint8Array(STREAM_BUFFER_SIZE);
    try {
      for (let size; (size = await this.#connection.read(buffer)) !== null;) {
        frames.push(buffer.subarray(0, size));
        for (let frame; (frame = frames.next()) !== undefined;) take(frame);
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #write(frame: Uint8Array): Promise<void> {
    for (let at = 0; at < frame.length;) {
      at += await this.#connection.write(frame.subarray(at));
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

/** Whatever does not arrive shows as missing answers and gaps. */
function ignoreLoss(): void {}
