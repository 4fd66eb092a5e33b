import type { RandomBytes } from "../ice/credentials.ts";
import { WebrtcError } from "../webrtc_error.ts";
import { SctpAssociation } from "./association.ts";
import {
  channelAcknowledgement,
  type ChannelRequest,
  parseChannelRequest,
  PAYLOAD_PROTOCOL,
} from "./dcep.ts";

/** Channels that are open at a time: what is more is not answered. */
const MAX_CHANNELS = 16;

/** Channels that are opened in a second: whoever opens one is told where the stream stands. */
const MAX_OPENED_PER_SECOND = 32;

/** Of this server's own messages. */
const RELIABLE = { isOrdered: true, maxResends: Infinity, lifetimeMs: Infinity } as const;

const encoder = new TextEncoder();

/** A channel that the other side has opened. */
export interface DataChannel extends ChannelRequest {
  readonly streamId: number;
}

/** What data channels tell. The callbacks may be called within any method. */
export interface DataChannelEvents {
  /** To be sent over DTLS; the callee's. */
  readonly send: (packet: Uint8Array) => void;
  readonly opened: (channel: DataChannel) => void;
}

/**
 * The data channels of one viewer (RFC 8831), which opens them and is sent texts. What it sends itself
 * is acknowledged and let go of.
 *
 * @example
 * ```ts
 * import { DataChannels } from "./data_channels.ts";
 *
 * const channels: DataChannels = new DataChannels(
 *   (length) => crypto.getRandomValues(new Uint8Array(length)),
 *   {
 *     send: (packet) => console.log(`${packet.length} bytes for DTLS`),
 *     opened: ({ label }) => void channels.sendText(label, "hello", performance.now()),
 *   },
 * );
 * // channels.receive(record, performance.now()) for what DTLS gives,
 * // channels.handleTimeout(performance.now()) each second
 * ```
 */
export class DataChannels {
  readonly #association: SctpAssociation;
  readonly #events: DataChannelEvents;
  readonly #channels = new Map<number, DataChannel>();
  #nowMs = 0;
  #openingsLeft = MAX_OPENED_PER_SECOND;

  constructor(random: RandomBytes, events: DataChannelEvents) {
    this.#events = events;
    this.#association = new SctpAssociation(random, {
      send: events.send,
      message: (streamId, protocolId, data) => this.#take(streamId, protocolId, data),
      reset: (streamIds) => {
        if (streamIds === "all") this.#channels.clear();
        else for (const streamId of streamIds) this.#channels.delete(streamId);
      },
    });
  }

  /**
   * Takes what came over DTLS, which it borrows.
   *
   * @throws {WebrtcError} if it is malformed
   */
  receive(packet: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#association.receive(packet, nowMs);
    if (this.#association.isOver) this.#channels.clear();
  }

  /** To be called every second. */
  handleTimeout(nowMs: number): void {
    this.#openingsLeft = MAX_OPENED_PER_SECOND;
    this.#association.handleTimeout(nowMs);
    if (this.#association.isOver) this.#channels.clear();
  }

  /** Sends a text on all channels of a name; for how many of them there was no room. */
  sendText(label: string, text: string, nowMs: number): number {
    let dropped = 0;
    for (const channel of this.#channels.values()) {
      if (channel.label !== label) continue;
      const options = { ...channel, protocolId: PAYLOAD_PROTOCOL.text };
      if (!this.#association.send(encoder.encode(text), options, nowMs)) dropped++;
    }
    return dropped;
  }

  #take(streamId: number, protocolId: number, data: Uint8Array): void {
    if (protocolId !== PAYLOAD_PROTOCOL.dcep) return;
    const request = parseChannelRequest(data);
    if (request === undefined) return;
    if (this.#channels.has(streamId) || this.#channels.size >= MAX_CHANNELS) {
      throw new WebrtcError(
        `Cannot open data channel: must be one of up to ${MAX_CHANNELS}, each once, got ${streamId}`,
      );
    }
    if (this.#openingsLeft === 0) {
      throw new WebrtcError(
        `Cannot open data channel: may be up to ${MAX_OPENED_PER_SECOND} a second`,
      );
    }
    this.#openingsLeft--;
    const channel = { ...request, streamId };
    this.#channels.set(streamId, channel);
    // It is on its way before anything else on this stream.
    const options = { ...RELIABLE, streamId, protocolId: PAYLOAD_PROTOCOL.dcep };
    this.#association.send(channelAcknowledgement(), options, this.#nowMs);
    this.#events.opened(channel);
  }
}
