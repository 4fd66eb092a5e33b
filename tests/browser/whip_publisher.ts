/// <reference lib="dom" />
/** A page that publishes its camera and microphone by WHIP with the plain API of browsers. */
import type { Page } from "playwright-core";
import type { GatewayProcess } from "../../testing/gateway_process.ts";

export interface WhipOptions {
  /** "H264", "VP8" …: the only codec of pictures that is offered; by default all are. */
  readonly codec?: string;
  readonly width?: number;
  readonly height?: number;
  /** Names of layers, each half as wide as the next; by default there is one without a name. */
  readonly layers?: readonly string[];
  /** By how much each is narrower than the camera's pictures, if they are in another order. */
  readonly scales?: readonly number[];
  /** For the one layer that has no name: "L1T3" and so on. */
  readonly scalabilityMode?: string;
}

/** What the browser's statistics say: totals since the beginning. */
export interface WhipStatistics {
  readonly connection: RTCPeerConnectionState;
  /** "video/H264" and so on. */
  readonly videoCodec: string | undefined;
  readonly framesEncoded: number;
  readonly keyFramesEncoded: number;
  /** Requests for key frames, and for packets again, that have come. */
  readonly pliCount: number;
  readonly nackCount: number;
  /** What the browser believes that it may send. */
  readonly availableBps: number | undefined;
  /** By the receiver's reports, in seconds. */
  readonly roundTripS: number | undefined;
  readonly videoBytes: number;
  readonly audioBytes: number;
}

/** A publisher in a page, whose peer connection is `whip` in the page. */
export interface WhipPublisher {
  readonly page: Page;
  /** Path of its session, to which the answer's Location leads. */
  readonly location: string;
  statistics(): Promise<WhipStatistics>;
  /** Goes on with a layer, or pauses it. */
  setActive(layer: string, isActive: boolean): Promise<void>;
  /** Deletes the session and closes the connection; the status of the answer. */
  leave(): Promise<number>;
}

interface WhipPage {
  readonly peer: RTCPeerConnection;
  readonly location: string;
}

/** Opens a page of the gateway and publishes; throws if that is refused. */
export async function publishByWhip(
  page: Page,
  gateway: GatewayProcess,
  path: string,
  { codec, width = 640, height = 480, layers = [], scales, scalabilityMode }: WhipOptions = {},
): Promise<WhipPublisher> {
  const origin = gateway.httpUrl("/healthz");
  if (page.url() !== origin) await page.goto(origin);
  const location = await page.evaluate(startPublishing, {
    path,
    codec,
    width,
    height,
    encodings: layers.length === 0 && scalabilityMode !== undefined
      ? [{ scalabilityMode }]
      : layers.map((rid, at) => ({
        rid,
        scaleResolutionDownBy: scales?.[at] ?? 2 ** (layers.length - 1 - at),
      })),
  });
  return {
    page,
    location,
    statistics: () => page.evaluate(readStatistics),
    setActive: (layer, isActive) => page.evaluate(setActive, { layer, isActive }),
    leave: () => page.evaluate(stopPublishing),
  };
}

/** Runs in the page. */
async function startPublishing({ path, codec, width, height, encodings }: {
  path: string;
  codec: string | undefined;
  width: number;
  height: number;
  encodings: object[];
}): Promise<string> {
  const video = { width, height, frameRate: 30 };
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  const peer = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    const transceiver = peer.addTransceiver(track, {
      direction: "sendonly",
      streams: [media],
      ...(track.kind === "video" && encodings.length > 0 && { sendEncodings: encodings }),
    });
    if (track.kind !== "video" || codec === undefined) continue;
    const all = RTCRtpSender.getCapabilities("video")!.codecs;
    transceiver.setCodecPreferences(
      all.filter(({ mimeType }) => [`video/${codec}`, "video/rtx"].includes(mimeType)),
    );
  }
  await peer.setLocalDescription();
  const response = await fetch(`/${path}/whip`, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription!.sdp,
  });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`Refused with ${response.status}: ${sdp}`);
  await peer.setRemoteDescription({ type: "answer", sdp });
  const location = new URL(response.headers.get("location")!, response.url).pathname;
  const whip: WhipPage = { peer, location };
  Object.assign(globalThis, { whip });
  return location;
}

/** Runs in the page. */
async function readStatistics(): Promise<WhipStatistics> {
  const { peer } = (globalThis as unknown as { whip: WhipPage }).whip;
  // deno-lint-ignore no-explicit-any
  const all = [...(await peer.getStats() as any).values()] as Record<string, any>[];
  const find = (type: string, kind: string) =>
    all.find((entry) => entry.type === type && entry.kind === kind) ?? {};
  const video = find("outbound-rtp", "video");
  const pairId = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  return {
    connection: peer.connectionState,
    videoCodec: all.find(({ id }) => id === video.codecId)?.mimeType,
    framesEncoded: video.framesEncoded ?? 0,
    keyFramesEncoded: video.keyFramesEncoded ?? 0,
    pliCount: video.pliCount ?? 0,
    nackCount: video.nackCount ?? 0,
    availableBps: all.find(({ id }) => id === pairId)?.availableOutgoingBitrate,
    roundTripS: find("remote-inbound-rtp", "video").roundTripTime,
    videoBytes: video.bytesSent ?? 0,
    audioBytes: find("outbound-rtp", "audio").bytesSent ?? 0,
  };
}

/** Runs in the page. */
async function setActive({ layer, isActive }: { layer: string; isActive: boolean }) {
  const { peer } = (globalThis as unknown as { whip: WhipPage }).whip;
  const sender = peer.getSenders().find(({ track }) => track?.kind === "video")!;
  const parameters = sender.getParameters();
  parameters.encodings.find(({ rid }) => rid === layer)!.active = isActive;
  await sender.setParameters(parameters);
}

/** Runs in the page. */
async function stopPublishing(): Promise<number> {
  const { peer, location } = (globalThis as unknown as { whip: WhipPage }).whip;
  const { status } = await fetch(location, { method: "DELETE" });
  peer.close();
  return status;
}
