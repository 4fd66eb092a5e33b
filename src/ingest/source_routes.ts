import { extensionElement, type ReceivedPacket } from "../rtp/receive/received_packet.ts";
import type { ReceivedLayer } from "./received_layer.ts";
import type {
  ReceivedExtensions,
  ReceivedPayload,
  ReceivedTrackOptions,
} from "./received_track.ts";

const ascii = new TextDecoder("latin1");

/** Which layer a packet is of, and what its payload type says. */
export interface Route {
  readonly layer: ReceivedLayer;
  readonly payload: ReceivedPayload;
}

/**
 * Finds which layer the packets of an SSRC are of: by what was said of the SSRC, else by the names of
 * section and layer in the header's extension, else by the payload type, if only one section has it
 * (RFC 8843 9.2, RFC 8852). What it knows is bounded by the layers: an SSRC and one of repair for each.
 */
export class SourceRoutes {
  readonly #layers: readonly ReceivedLayer[];
  readonly #extensions: ReceivedExtensions;
  /** By the SSRC, of media and of repair. */
  readonly #bySsrc = new Map<number, ReceivedLayer>();

  constructor(layers: readonly ReceivedLayer[], extensions: ReceivedExtensions) {
    this.#layers = layers;
    this.#extensions = extensions;
  }

  /** The layer with this SSRC of media, if it is known. */
  layerOf(ssrc: number): ReceivedLayer | undefined {
    const layer = this.#bySsrc.get(ssrc);
    return layer?.ssrc === ssrc ? layer : undefined;
  }

  /** Where a packet goes, or why it goes nowhere. */
  find(packet: ReceivedPacket, nowMs: number): Route | "unknown-source" | "unknown-payload" {
    const known = this.#bySsrc.get(packet.ssrc);
    const layer = known ?? this.#identify(packet);
    if (layer === undefined) return "unknown-source";
    const payload = layer.track.payloads.get(packet.payloadType);
    if (payload === undefined) return "unknown-payload";
    const isRepair = payload.kind === "rtx";
    if (known !== undefined) {
      if (isRepair === (layer.repairSsrc === packet.ssrc)) return { layer, payload };
      // RFC 4588 5.3: repair packets have an SSRC of their own. What brings media is not that.
      if (isRepair) return "unknown-payload";
    }
    return this.#adopt(layer, packet.ssrc, isRepair, nowMs) ? { layer, payload } : "unknown-source";
  }

  /** Whether an SSRC is now that of the layer. */
  #adopt(layer: ReceivedLayer, ssrc: number, isRepair: boolean, nowMs: number): boolean {
    if (isRepair) {
      if (layer.repairSsrc !== undefined) this.#bySsrc.delete(layer.repairSsrc);
      layer.adoptRepair(ssrc);
    } else {
      if (!layer.canBeTakenOver(nowMs)) return false;
      if (layer.ssrc !== undefined) this.#bySsrc.delete(layer.ssrc);
      if (layer.repairSsrc === ssrc) layer.adoptRepair(undefined);
      layer.adopt(ssrc);
    }
    this.#bySsrc.set(ssrc, layer);
    return true;
  }

  #identify(packet: ReceivedPacket): ReceivedLayer | undefined {
    const { ssrc, payloadType } = packet;
    const { mid, rid, repairedRid } = this.#extensions;
    const midText = this.#text(packet, mid);
    const ridText = this.#text(packet, rid) ?? this.#text(packet, repairedRid);
    const fits = (track: ReceivedTrackOptions) =>
      midText === undefined
        ? track.ssrcs.includes(ssrc) || track.repairSsrcs.has(ssrc)
        : track.mid === midText;
    const said = this.#layers.filter(({ track }) => fits(track));
    const likely = said.length > 0 || midText !== undefined
      ? said
      : this.#layers.filter(({ track }) => track.payloads.has(payloadType));
    const layers = ridText === undefined ? likely : likely.filter((layer) => layer.rid === ridText);
    // Without a name of a layer there is nothing to choose by.
    return layers.length === 1 ? layers[0] : undefined;
  }

  #text(packet: ReceivedPacket, id: number | undefined): string | undefined {
    const element = id === undefined ? undefined : extensionElement(packet, id);
    return element && ascii.decode(element);
  }
}
