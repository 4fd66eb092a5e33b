/** A WebRTC publisher for tests: it can do what browsers do, and what they would not. */
import type { GatewayProcess } from "../gateway_process.ts";
import { until } from "../waiting.ts";
import { WhepViewer, type WhepViewerOptions } from "./whep_viewer.ts";

const PAYLOAD_TYPE = 111;
/** Of what is offered the profile that is answered, as all viewers have it; and its repairs. */
export const PICTURE_PAYLOAD_TYPE = 108;
export const REPAIR_PAYLOAD_TYPE = 109;
/** 20 ms at 48 kHz. */
const FRAME_TICKS = 960;
/** Opus at 20 ms, stereo, one frame (RFC 6716 3.1), of silence. */
const SILENCE = Uint8Array.of(0xfc, 0xff, 0xfe);

/** Turns a viewer's offer into one that sends. */
function sendingOffer(sdp: string, hasPictures: boolean): string {
  const sending = sdp.replaceAll("a=recvonly", "a=sendonly");
  if (hasPictures) return sending;
  return sending.slice(0, sending.indexOf("m=video")).replace(
    "a=group:BUNDLE 0 1",
    "a=group:BUNDLE 0",
  );
}

/** How a packet differs from the next one of the sound. */
export interface OddPacket {
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly isMarked?: boolean;
  readonly isPadded?: boolean;
  readonly payload?: Uint8Array;
}

export interface WhipSenderOptions extends Omit<WhepViewerOptions, "path" | "endpoint" | "offer"> {
  /** Of the endpoint, with its question mark. */
  readonly query?: string;
  /** Whether it sends H.264 beside its sound. */
  readonly hasPictures?: boolean;
}

/** A publisher that sends packets when it is told to; dispose of it to let it vanish. */
export class WhipSender implements AsyncDisposable {
  readonly peer: WhepViewer;
  readonly #ssrc = 0x5eed;
  #sequence = 1;

  private constructor(peer: WhepViewer) {
    this.peer = peer;
  }

  /** Has an answer, and begins to connect. */
  static async open(
    gateway: Pick<GatewayProcess, "httpUrl">,
    path: string,
    { query = "", hasPictures = false, ...options }: WhipSenderOptions = {},
  ): Promise<WhipSender> {
    const endpoint = `/${path}/whip${query}`;
    const offer = (sdp: string) => sendingOffer(sdp, hasPictures);
    return new WhipSender(await WhepViewer.open(gateway, { ...options, endpoint, offer }));
  }

  /** The same, and is connected. */
  static async connect(
    gateway: Pick<GatewayProcess, "httpUrl">,
    path: string,
    options: WhipSenderOptions = {},
  ): Promise<WhipSender> {
    const sender = await WhipSender.open(gateway, path, options);
    await until("the publisher is connected", () => {
      if (sender.peer.failure !== undefined) throw new Error(sender.peer.failure);
      return sender.peer.isConnected;
    });
    return sender;
  }

  /** Sends the next packets of the sound. */
  sendSound(count: number): void {
    for (let left = count; left > 0; left--) this.peer.send(this.next());
  }

  /** The next packet of the sound, protected. */
  next(odd: OddPacket = {}): Uint8Array<ArrayBuffer> {
    const { ssrc = this.#ssrc, payloadType = PAYLOAD_TYPE, payload = SILENCE } = odd;
    const sequence = odd.sequence ?? this.#sequence++;
    const packet = new Uint8Array(12 + payload.length);
    packet[0] = odd.isPadded === true ? 0xa0 : 0x80;
    packet[1] = odd.isMarked === true ? 0x80 : 0;
    new DataView(packet.buffer).setUint32(4, odd.timestamp ?? sequence * FRAME_TICKS);
    packet.set(payload, 12);
    const identity = { payloadType, ssrc, extension: undefined };
    return this.peer.protectRtp(packet, sequence, identity);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.peer[Symbol.asyncDispose]();
  }
}
