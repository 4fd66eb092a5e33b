import {
  extensionElement,
  parseReceivedPacket,
  type ReceivedPacket,
} from "../rtp/receive/received_packet.ts";
import { PacketRoom } from "../rtp/receive/packet_room.ts";
import type { RtcpPacket } from "../rtp/rtcp.ts";
import { type LayerPlace, LayerTracks, type TrackedLayer } from "./layer_tracks.ts";
import { type LayerDescription, ReceivedLayer } from "./received_layer.ts";
import type { ReceivedMessage } from "./received_message.ts";
import type { ReceivedExtensions, ReceivedTrackOptions } from "./received_track.ts";
import { type FeedbackSender, ReceptionFeedback } from "./reception_feedback.ts";
import type { RtpVerdict } from "./rtp_verdict.ts";
import { SourceRoutes } from "./source_routes.ts";
import { SpatialLayers } from "./spatial_layers.ts";

/** Layers of all tracks: more are left out. */
export const MAX_RECEIVED_LAYERS = 16;

/** Bytes of pictures that wait for what was lost, of all tracks together. */
const DEFAULT_MAX_HELD_BYTES = 4 * 1024 * 1024;

/** Until a round trip is known. */
const ASSUMED_ROUND_TRIP_MS = 100;

/** What a publisher may send, and what it is told by. */
export interface ReceivedMediaOptions extends FeedbackSender {
  readonly nowMs: number;
  /** The sections of media, in order, up to {@linkcode MAX_RECEIVED_LAYERS} with their layers. */
  readonly tracks: readonly ReceivedTrackOptions[];
  readonly extensions: ReceivedExtensions;
  /** Bytes that its pictures may hold together while they wait for what was lost. */
  readonly maxHeldBytes?: number;
}

/** What was received, as APIs show it. */
export interface ReceivedDescription {
  readonly roundTripMs: number;
  readonly layers: readonly (LayerDescription & Partial<LayerPlace>)[];
}

/** Layers whose pictures are one and the same, and the tracks that they become. */
type Tracks = LayerTracks<TrackedLayer>;

/**
 * Receives what a publisher sends by RTP: its packets become bodies of FLV tags, in order, on one
 * clock; and it is told what to send again, what to send anew, and how much it may send. Without
 * sockets and clocks; whatever comes, nothing is thrown.
 *
 * @example
 * ```ts ignore
 * const verdict = media.takeRtp(packet, nowMs); // without SRTP
 * for (let message; (message = media.next()) !== undefined;) session.take(message, nowMs);
 * for (let rtcp; (rtcp = media.nextFeedback(nowMs)) !== undefined;) send(rtcp);
 * setTimeout(() => media.handleTimeout(now()), media.nextDueMs() - nowMs);
 * ```
 */
export class ReceivedMedia {
  readonly #layers: readonly ReceivedLayer[];
  /** Of pictures, by the layer. */
  readonly #tracks: ReadonlyMap<ReceivedLayer, Tracks>;
  /** Of layers whose pictures come alone, in several sizes perhaps. */
  readonly #spatial: ReadonlyMap<ReceivedLayer, SpatialLayers>;
  readonly #routes: SourceRoutes;
  readonly #feedback: ReceptionFeedback;
  readonly #transportSequenceId: number | undefined;
  /** By its reports others are kept in step with it: sound, else the first layer of pictures. */
  readonly #leader: ReceivedLayer | undefined;
  #messages: ReceivedMessage[] = [];
  /** How many of them have been given out. */
  #givenOut = 0;
  #roundTripMs = ASSUMED_ROUND_TRIP_MS;

  constructor(options: ReceivedMediaOptions) {
    this.#layers = layersOf(options);
    this.#tracks = tracksOf(this.#layers);
    const alone = this.#layers.filter(({ track, rid }) =>
      track.kind === "video" && rid === undefined
    );
    this.#spatial = new Map(alone.map((layer) => [layer, new SpatialLayers(layer)]));
    this.#routes = new SourceRoutes(this.#layers, options.extensions);
    this.#feedback = new ReceptionFeedback(options, this.#layers, options.nowMs);
    this.#transportSequenceId = options.extensions.transportSequence;
    this.#leader = this.#layers.find(({ track }) => track.kind === "audio") ?? this.#layers[0];
  }

  /** Takes a packet over, whose bytes do not change any more. */
  takeRtp(datagram: Uint8Array, nowMs: number): RtpVerdict {
    const packet = parseReceivedPacket(datagram);
    if (packet.kind === "malformed") return "malformed";
    this.#noteArrival(packet, nowMs);
    const route = this.#routes.find(packet, nowMs);
    if (typeof route === "string") return route;
    const { layer, payload } = route;
    const verdict = payload.kind === "media"
      ? layer.take(packet, payload, nowMs)
      : payload.kind === "red"
      ? layer.takeRedundant(packet, payload.payloadType, nowMs)
      : layer.takeRepair(packet, payload.payloadType, nowMs);
    this.#collect(layer, nowMs);
    return verdict;
  }

  /** Takes what the publisher says of its clocks, and of sources that end; all else is passed over. */
  takeRtcp(packets: readonly RtcpPacket[], nowMs: number): void {
    for (const packet of packets) {
      if (packet.kind === "senderReport") {
        this.#routes.layerOf(packet.ssrc)?.takeSenderReport(packet, nowMs);
      } else if (packet.kind === "bye") {
        for (const ssrc of packet.ssrcs) this.#routes.layerOf(ssrc)?.leave();
      }
    }
  }

  /** A round trip to the publisher was measured: that is how long what it is asked for takes. */
  takeRoundTrip(roundTripMs: number): void {
    this.#roundTripMs = roundTripMs;
  }

  /** The next message, which is the caller's; `undefined` if there is none yet. */
  next(): ReceivedMessage | undefined {
    const message = this.#messages[this.#givenOut];
    if (message === undefined) {
      if (this.#givenOut > 0) this.#messages = [];
      this.#givenOut = 0;
      return undefined;
    }
    this.#givenOut++;
    return message;
  }

  /** The next compound of RTCP for the publisher, of up to 1200 bytes; `undefined` if none is due. */
  nextFeedback(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#feedback.next(this.#roundTripMs, nowMs);
  }

  /** When {@linkcode handleTimeout} or {@linkcode nextFeedback} has something to do. */
  nextDueMs(): number {
    let dueMs = this.#feedback.dueMs(this.#roundTripMs);
    for (const layer of this.#layers) {
      const tracksMs = this.#tracks.get(layer)?.dueMs ?? Infinity;
      dueMs = Math.min(dueMs, layer.dueMs(this.#roundTripMs), tracksMs);
    }
    return dueMs;
  }

  /** Goes on without what has not come in time. */
  handleTimeout(nowMs: number): void {
    for (const layer of this.#layers) this.#collect(layer, nowMs);
    for (const tracks of new Set(this.#tracks.values())) {
      for (const message of tracks.release(nowMs)) this.#messages.push(message);
    }
  }

  /**
   * Viewers need key frames; the publisher is asked for them, though not too often.
   *
   * @param trackIds the numbers of the tracks that they are needed of; by default all
   */
  requestKeyFrame(nowMs: number, trackIds?: readonly number[]): void {
    for (const tracks of new Set(this.#tracks.values())) tracks.wantKeyFrames(nowMs, trackIds);
  }

  describe(): ReceivedDescription {
    return {
      roundTripMs: this.#roundTripMs,
      layers: this.#layers.map((layer) => ({
        ...layer.describe(),
        ...this.#tracks.get(layer)?.placeOf(layer),
      })),
    };
  }

  #noteArrival(packet: ReceivedPacket, nowMs: number): void {
    if (this.#transportSequenceId === undefined) return;
    const element = extensionElement(packet, this.#transportSequenceId);
    if (element?.length !== 2) return;
    this.#feedback.noteArrival(element[0]! << 8 | element[1]!, packet.ssrc, nowMs);
  }

  #collect(layer: ReceivedLayer, nowMs: number): void {
    const terms = { roundTripMs: this.#roundTripMs, leader: this.#leader?.clock };
    for (const message of layer.sound(terms, nowMs)) this.#messages.push(message);
    const tracks = this.#tracks.get(layer);
    if (tracks === undefined) return;
    for (const picture of layer.pictures(terms, nowMs)) {
      for (const message of tracks.take(layer, picture, nowMs)) this.#messages.push(message);
      for (const lower of this.#spatial.get(layer)?.below(picture, nowMs) ?? []) {
        tracks.add(lower.layer);
        for (const message of tracks.take(lower.layer, lower.picture, nowMs)) {
          this.#messages.push(message);
        }
      }
    }
  }
}

function layersOf(
  { tracks, extensions, nowMs: epochMs, maxHeldBytes = DEFAULT_MAX_HELD_BYTES }:
    ReceivedMediaOptions,
): readonly ReceivedLayer[] {
  const named = tracks.flatMap((track) =>
    (track.rids.length === 0 ? [undefined] : track.rids).map((rid) => ({ track, rid }))
  ).slice(0, MAX_RECEIVED_LAYERS);
  const descriptorId = extensions.dependencyDescriptor;
  const room = new PacketRoom(maxHeldBytes);
  return named.map(({ track, rid }) =>
    new ReceivedLayer(track, { rid, epochMs, room, descriptorId })
  );
}

/** Each section has its own tracks, one behind the other. */
function tracksOf(layers: readonly ReceivedLayer[]): ReadonlyMap<ReceivedLayer, Tracks> {
  const pictures = layers.filter(({ track }) => track.kind === "video");
  const sections = Map.groupBy(pictures, ({ track }) => track);
  const tracks = new Map<ReceivedLayer, Tracks>();
  for (const ofSection of sections.values()) {
    const together = new LayerTracks(ofSection, tracks.size);
    for (const layer of ofSection) tracks.set(layer, together);
  }
  return tracks;
}
