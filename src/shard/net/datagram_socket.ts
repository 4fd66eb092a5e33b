import { getLogger } from "@logtape/logtape";
import { timeSlice } from "../time_slice.ts";
import { peerText } from "../../address/address_source.ts";

const logger = getLogger(["sluice", "webrtc"]);

/** More than any datagram that a viewer has reason to send. */
const RECEIVE_BUFFER_SIZE = 2048;

/**
 * Sends that are under way before others have to wait. They are not awaited one by one, and from
 * some hundred on they overtake each other.
 */
const MAX_IN_FLIGHT = 16;

/** The pause after a receive that failed: it must not spin. */
const RETRY_MS = 10;

/** What a socket does for {@linkcode DatagramSocket}. */
export type DatagramSource = Pick<Deno.DatagramConn, "receive" | "send" | "close">;

/** The UDP socket of a shard: all its viewers' datagrams, in the order they were given. */
export class DatagramSocket {
  readonly #socket: DatagramSource;
  readonly #receive: (datagram: Uint8Array, from: Deno.NetAddr) => void;
  readonly #sendFailed: () => void;
  readonly #share = timeSlice.share("many peers");
  #inFlight = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  /**
   * @param receive takes a datagram, which it borrows
   * @param sendFailed called for each that could not be sent: the peer's network is gone, for one
   */
  constructor(
    socket: DatagramSource,
    receive: (datagram: Uint8Array, from: Deno.NetAddr) => void,
    sendFailed: () => void,
  ) {
    this.#socket = socket;
    this.#receive = receive;
    this.#sendFailed = sendFailed;
  }

  /** Resolves when more can be sent; `undefined` if it can be now. */
  room(): Promise<void> | undefined {
    if (this.#inFlight < MAX_IN_FLIGHT) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Sends a datagram, which must not change for as many sends as may be under way. */
  send(datagram: Uint8Array, to: Deno.NetAddr): void {
    if (this.#isClosed) return;
    this.#inFlight++;
    this.#socket.send(datagram, to).then(this.#onSent, this.#onFailed);
  }

  /** Receives until {@linkcode close}. */
  async run(): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_BUFFER_SIZE);
    while (!this.#isClosed) {
      try {
        const [datagram, from] = await this.#socket.receive(buffer);
        this.#share.begin(performance.now());
        if (from.transport === "udp") this.#handOver(datagram, from);
        const pause = this.#share.pause();
        if (pause !== undefined) await pause;
      } catch (error) {
        if (this.#isClosed) return;
        // A datagram of ours that found nobody comes back as an error of the next receive.
        if (!(error instanceof Deno.errors.ConnectionRefused)) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    }
  }

  #handOver(datagram: Uint8Array, from: Deno.NetAddr): void {
    try {
      this.#receive(datagram, from);
    } catch (error) {
      // A defect of ours: what one peer sends must not hold up the others.
      logger.error("Cannot take a datagram of {peer}: {error}", { peer: peerText(from), error });
    }
  }

  /** Closes the socket behind what is being sent: viewers are told of the end by it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#inFlight > 0) {
      this.#drained = Promise.withResolvers();
      await this.#drained.promise;
    }
    this.#socket.close();
  }

  readonly #onSent = () => {
    if (this.#inFlight === 1) this.#drained?.resolve();
    if (--this.#inFlight >= MAX_IN_FLIGHT || this.#room === undefined) return;
    this.#room.resolve();
    this.#room = undefined;
  };

  readonly #onFailed = () => {
    this.#sendFailed();
    this.#onSent();
  };
}
