/// <reference lib="dom" />
/** A page that watches a stream over WHEP with nothing but the plain API of browsers. */
import type { Page } from "playwright-core";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";

export interface WhepOptions {
  /** What the page wants; both by default. */
  readonly kinds?: readonly ("audio" | "video" | "data")[];
  /** "tcp" leaves the answer's UDP candidates out; all are kept by default. */
  readonly transport?: "any" | "tcp";
  /** For the header Authorization. */
  readonly token?: string;
  /** Port to which media are asked for over UDP, instead of the gateway's own. */
  readonly udpPort?: number;
  /** The number of the one video track that is wanted; by default, whichever fits. */
  readonly vtrack?: number;
}

/** What the browser's statistics say: totals since the beginning. */
export interface WhepStatistics {
  readonly connection: RTCPeerConnectionState;
  /** Of the pair of candidates in use. */
  readonly transport: "udp" | "tcp" | undefined;
  /** "video/AV1" and so on; `undefined` before the first picture. */
  readonly videoCodec: string | undefined;
  /** Of the newest picture: "640x360". */
  readonly pictureSize: string;
  /** Of the gateway, without brackets. */
  readonly remoteAddress: string | undefined;
  /** Of packets of pictures and sound. */
  readonly bytesReceived: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly framesReceived: number;
  readonly keyFramesDecoded: number;
  readonly freezeCount: number;
  readonly freezesS: number;
  readonly pliCount: number;
  readonly nackCount: number;
  readonly videoPacketsLost: number;
  readonly audioEnergy: number;
  readonly audioSamples: number;
  readonly concealedSamples: number;
  /** Of audio that was missing, not of a silence that nothing was sent for. */
  readonly audioPacketsLost: number;
}

/** What came of a POST. */
export type WhepAttempt =
  | { readonly kind: "accepted"; readonly viewer: WhepViewer }
  | { readonly kind: "refused"; readonly status: number; readonly body: string };

/** A viewer in a page, whose peer connection and video element are `whep` in the page. */
export interface WhepViewer {
  readonly page: Page;
  /** Path of its resource, to which the answer's Location leads. */
  readonly location: string;
  statistics(): Promise<WhepStatistics>;
  /** Waits until `frames` more pictures are decoded. */
  moreFrames(frames: number): Promise<void>;
  /** Deletes the resource and closes the connection; the status of the answer. */
  leave(): Promise<number>;
}

/** What the page keeps; in the page only. */
export interface WhepPage {
  readonly peer: RTCPeerConnection;
  readonly video: HTMLVideoElement;
  readonly location: string;
  readonly headers: Record<string, string>;
}

/** Opens a page of the gateway and posts an offer for a stream. */
export async function postWhepOffer(
  page: Page,
  gateway: GatewayProcess,
  path: string,
  { kinds = ["audio", "video"], transport = "any", token, udpPort, vtrack }: WhepOptions = {},
): Promise<WhepAttempt> {
  const origin = gateway.httpUrl("/healthz");
  if (page.url() !== origin) await page.goto(origin);
  const result = await page.evaluate(startWatching, {
    address: `/${path}/whep${vtrack === undefined ? "" : `?vtrack=${vtrack}`}`,
    kinds: [...kinds],
    transport,
    udpPort,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (result.kind === "refused") return result;
  const { location } = result;
  const statistics = () => page.evaluate(readStatistics);
  const viewer: WhepViewer = {
    page,
    location,
    statistics,
    moreFrames: async (frames) => {
      const { framesDecoded } = await statistics();
      await until(`${frames} more frames are decoded`, async () => {
        return (await statistics()).framesDecoded >= framesDecoded + frames;
      });
    },
    leave: () => page.evaluate(stopWatching),
  };
  return { kind: "accepted", viewer };
}

/** Watches a stream that must be shown. */
export async function watchByWhep(
  page: Page,
  gateway: GatewayProcess,
  path: string,
  options: WhepOptions = {},
): Promise<WhepViewer> {
  const attempt = await postWhepOffer(page, gateway, path, options);
  if (attempt.kind === "refused") {
    throw new Error(`Cannot watch ${path}: refused with ${attempt.status}, ${attempt.body}`);
  }
  return attempt.viewer;
}

/** Waits until a stream has told what tracks it has. */
export async function streamReady(gateway: GatewayProcess, path: string): Promise<void> {
  await until(`${path} has its tracks`, async () => {
    const stream = await gateway.stream(path);
    return stream?.state === "live" && (stream.video ?? stream.audio) !== undefined;
  });
}

type Started =
  | { readonly kind: "accepted"; readonly location: string }
  | { readonly kind: "refused"; readonly status: number; readonly body: string };

/** Runs in the page. */
async function startWatching({ address, kinds, transport, udpPort, headers }: {
  address: string;
  headers: Record<string, string>;
  kinds: ("audio" | "video" | "data")[];
  transport: "any" | "tcp";
  udpPort: number | undefined;
}): Promise<Started> {
  const peer = new RTCPeerConnection();
  const stream = new MediaStream();
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  for (const kind of kinds) {
    if (kind === "data") peer.createDataChannel("messages");
    else peer.addTransceiver(kind, { direction: "recvonly" });
  }
  const offer = await peer.createOffer();
  // Chromium plays stereo only where the offer asks for it.
  const opus = /a=rtpmap:(\d+) opus\//.exec(offer.sdp!)?.[1];
  const sdp = offer.sdp!.replace(`a=fmtp:${opus} `, `a=fmtp:${opus} stereo=1;`);
  await peer.setLocalDescription({ type: "offer", sdp });
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/sdp", ...headers },
    body: sdp,
  });
  const body = await response.text();
  if (response.status !== 201) {
    peer.close();
    return { kind: "refused", status: response.status, body };
  }
  const answer = transport === "tcp"
    ? body.replaceAll(/^a=candidate:\S+ \d+ udp .*\r\n/gim, "")
    : udpPort === undefined
    ? body
    : body.replaceAll(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gim, `$1 ${udpPort}`)
      .replaceAll(/^a=candidate:\S+ \d+ tcp .*\r\n/gim, "");
  await peer.setRemoteDescription({ type: "answer", sdp: answer });
  const video = document.createElement("video");
  video.autoplay = true;
  video.srcObject = stream;
  document.body.append(video);
  const location = new URL(response.headers.get("location")!, response.url).pathname;
  const whep: WhepPage = { peer, video, location, headers };
  Object.assign(globalThis, { whep });
  return { kind: "accepted", location };
}

/** Runs in the page. */
async function readStatistics(): Promise<WhepStatistics> {
  const { peer } = (globalThis as unknown as { whep: WhepPage }).whep;
  // deno-lint-ignore no-explicit-any
  const all = [...(await peer.getStats() as any).values()] as Record<string, any>[];
  const inbound = (kind: string) =>
    all.find((entry) => entry.type === "inbound-rtp" && entry.kind === kind) ?? {};
  const video = inbound("video");
  const audio = inbound("audio");
  const pairId = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const remoteId = all.find(({ id }) => id === pairId)?.remoteCandidateId;
  return {
    connection: peer.connectionState,
    transport: all.find(({ id }) => id === remoteId)?.protocol,
    videoCodec: all.find(({ id }) => id === video.codecId)?.mimeType,
    pictureSize: `${video.frameWidth ?? 0}x${video.frameHeight ?? 0}`,
    remoteAddress: all.find(({ id }) => id === remoteId)?.address?.replace(/^\[|\]$/g, ""),
    bytesReceived: (video.bytesReceived ?? 0) + (audio.bytesReceived ?? 0),
    framesDecoded: video.framesDecoded ?? 0,
    framesDropped: video.framesDropped ?? 0,
    framesReceived: video.framesReceived ?? 0,
    keyFramesDecoded: video.keyFramesDecoded ?? 0,
    freezeCount: video.freezeCount ?? 0,
    freezesS: video.totalFreezesDuration ?? 0,
    pliCount: video.pliCount ?? 0,
    nackCount: video.nackCount ?? 0,
    videoPacketsLost: video.packetsLost ?? 0,
    audioEnergy: audio.totalAudioEnergy ?? 0,
    audioSamples: audio.totalSamplesReceived ?? 0,
    concealedSamples: audio.concealedSamples ?? 0,
    audioPacketsLost: audio.packetsLost ?? 0,
  };
}

/** Runs in the page. */
async function stopWatching(): Promise<number> {
  const { peer, video, location, headers } = (globalThis as unknown as { whep: WhepPage }).whep;
  const { status } = await fetch(location, { method: "DELETE", headers });
  peer.close();
  video.remove();
  return status;
}
