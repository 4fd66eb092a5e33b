/// <reference lib="dom" />
/**
 * A page that paints pictures which bear their number, and are black and white by it all over, beside
 * a sound that claps twice a second; it publishes both by WHIP, or sends them to another page by a
 * connection of their own.
 */
import type { Page } from "playwright-core";
import type { GatewayProcess } from "../../testing/gateway_process.ts";

export const PAINTED_FPS = 30;

/** A picture is so many fields wide and high: its first row is its number, the lowest bit at the left. */
export const FIELDS_WIDE = 16;
export const FIELDS_HIGH = 9;

/** A clap begins with each such step of the sound's clock. */
export const CLAP_INTERVAL_S = 0.5;

/** What is painted, and sent of it. */
export interface PaintedOptions {
  readonly hasSound: boolean;
  /** Whether there is noise on them, so that there is always more to be sent than can be. */
  readonly isNoisy?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** When a picture was painted. */
export interface PaintedMoment {
  readonly unixMs: number;
  /** On the clock of the sound. */
  readonly soundS: number;
}

/** How its packets go to the gateway. */
export interface PaintedWay {
  /** "H264", "VP8" …: the only codec of pictures that is offered. */
  readonly codec: string;
  /** Port to which they are sent, instead of the gateway's own. */
  readonly udpPort?: number;
  /** Whether pictures are offered, and none are sent yet. */
  readonly isSoundFirst?: boolean;
}

/** What the page keeps; in the page only. */
export interface PaintedPage {
  readonly painted: {
    readonly stream: MediaStream;
    /** Of the stream, be it that it is not sent. */
    readonly pictures: MediaStreamTrack;
    /** What is sent is as large. */
    readonly shown: HTMLCanvasElement;
    readonly moments: PaintedMoment[];
  };
  readonly whip: { readonly peer: RTCPeerConnection };
  direct: { readonly peer: RTCPeerConnection; readonly video?: HTMLVideoElement };
}

/** Whether the field of a picture is white, from the second row on. */
export function isWhite(number: number, row: number, column: number): boolean {
  // Any mixture that differs from picture to picture does.
  const mixed = Math.imul(number * 31 + row * 17 + column * 7 + 1, 0x9e3779b1);
  return (mixed >>> 15 & 1) === 1;
}

/** Begins to paint. */
export async function startPainting(
  page: Page,
  gateway: GatewayProcess,
  { hasSound, isNoisy = false, width = 640, height = 360 }: PaintedOptions,
): Promise<void> {
  await page.goto(gateway.httpUrl("/healthz"));
  await page.evaluate(`globalThis.isWhite = ${isWhite}`);
  await page.evaluate(paint, {
    fps: PAINTED_FPS,
    clapIntervalS: CLAP_INTERVAL_S,
    fieldsWide: FIELDS_WIDE,
    fieldsHigh: FIELDS_HIGH,
    hasSound,
    isNoisy,
    width,
    height,
  });
}

/** When each picture was painted, by its number. */
export function paintedMoments(page: Page): Promise<readonly PaintedMoment[]> {
  return page.evaluate(() => (globalThis as unknown as PaintedPage).painted.moments);
}

/** Runs in the page. */
function paint({ fps, clapIntervalS, fieldsWide, fieldsHigh, hasSound, isNoisy, width, height }: {
  fps: number;
  clapIntervalS: number;
  fieldsWide: number;
  fieldsHigh: number;
  hasSound: boolean;
  isNoisy: boolean;
  width: number;
  height: number;
}): void {
  const canvas = new OffscreenCanvas(width, height);
  const noise = new OffscreenCanvas(2 * width, 2 * height);
  const shown = document.createElement("canvas");
  Object.assign(shown, { width, height });
  document.body.append(shown);
  const context = new AudioContext();
  const claps = context.createBuffer(1, clapIntervalS * context.sampleRate, context.sampleRate);
  for (let at = 0; at < claps.length / 5; at++) {
    claps.getChannelData(0)[at] = 0.8 * Math.sin(2 * Math.PI * 1000 * at / context.sampleRate);
  }
  const sound = new AudioBufferSourceNode(context, { buffer: claps, loop: true });
  const destination = context.createMediaStreamDestination();
  sound.connect(destination);
  sound.start(0);

  const noisePen = noise.getContext("2d")!;
  const grains = noisePen.createImageData(noise.width, noise.height);
  for (let at = 0; at < grains.data.length; at++) {
    grains.data[at] = at % 4 === 3 ? 24 : Math.random() * 256;
  }
  noisePen.putImageData(grains, 0, 0);
  const pen = canvas.getContext("2d")!;
  const shownPen = shown.getContext("2d")!;
  const { isWhite } = globalThis as unknown as {
    isWhite: (number: number, row: number, column: number) => boolean;
  };
  const moments: PaintedMoment[] = [];
  const [fieldWidth, fieldHeight] = [width / fieldsWide, height / fieldsHigh];
  const paintNext = () => {
    const number = moments.length;
    for (let row = 0; row < fieldsHigh; row++) {
      for (let column = 0; column < fieldsWide; column++) {
        const isSet = row === 0 ? (number >> column & 1) === 1 : isWhite(number, row, column);
        pen.fillStyle = isSet ? "#ddd" : "#222";
        pen.fillRect(column * fieldWidth, row * fieldHeight, fieldWidth, fieldHeight);
      }
    }
    if (isNoisy) pen.drawImage(noise, -Math.random() * width, -Math.random() * height);
    shownPen.drawImage(canvas, 0, 0, shown.width, shown.height);
    moments.push({
      unixMs: performance.timeOrigin + performance.now(),
      soundS: context.currentTime,
    });
  };
  paintNext();
  setInterval(paintNext, 1000 / fps);
  const stream = shown.captureStream();
  if (hasSound) stream.addTrack(destination.stream.getAudioTracks()[0]!);
  const [pictures] = stream.getVideoTracks();
  Object.assign(globalThis, { painted: { stream, pictures, shown, moments } });
}

/** Publishes what is painted by WHIP. */
export async function publishPainted(page: Page, path: string, way: PaintedWay): Promise<void> {
  await page.evaluate(publish, { path, ...way });
}

/** Runs in the page. */
async function publish(
  { path, codec, udpPort, isSoundFirst }: PaintedWay & { path: string },
): Promise<void> {
  const { painted: { stream } } = globalThis as unknown as PaintedPage;
  const peer = new RTCPeerConnection();
  for (const track of stream.getTracks()) {
    const what = isSoundFirst === true && track.kind === "video" ? "video" : track;
    const transceiver = peer.addTransceiver(what, { direction: "sendonly", streams: [stream] });
    if (track.kind !== "video") continue;
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
  const body = await response.text();
  if (response.status !== 201) throw new Error(`Refused with ${response.status}: ${body}`);
  const sdp = udpPort === undefined
    ? body
    : body.replaceAll(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gim, `$1 ${udpPort}`)
      .replaceAll(/^a=candidate:\S+ \d+ tcp .*\r\n/gim, "");
  await peer.setRemoteDescription({ type: "answer", sdp });
  const location = new URL(response.headers.get("location")!, response.url).pathname;
  Object.assign(globalThis, { whip: { peer, location } });
}

/** Sends what is painted to another page, without anything between them: `direct` in that page. */
export async function sendPainted(from: Page, to: Page, codec: string): Promise<void> {
  const offer = await from.evaluate(offerPainted, codec);
  const answer = await to.evaluate(answerPainted, offer);
  await from.evaluate(
    (sdp) =>
      (globalThis as unknown as PaintedPage).direct.peer
        .setRemoteDescription({ type: "answer", sdp }),
    answer,
  );
}

/** Runs in the page that sends. */
async function offerPainted(codec: string): Promise<string> {
  // Whoever may use a microphone names the true addresses in its candidates.
  await navigator.mediaDevices.getUserMedia({ audio: true });
  const page = globalThis as unknown as PaintedPage;
  const { painted: { stream } } = page;
  const peer = new RTCPeerConnection();
  page.direct = { peer };
  for (const track of stream.getTracks()) {
    const transceiver = peer.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    if (track.kind !== "video") continue;
    const all = RTCRtpSender.getCapabilities("video")!.codecs;
    transceiver.setCodecPreferences(
      all.filter(({ mimeType }) => [`video/${codec}`, "video/rtx"].includes(mimeType)),
    );
  }
  await peer.setLocalDescription();
  await new Promise<void>((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
  return peer.localDescription!.sdp;
}

/** Runs in the page that watches. */
async function answerPainted(sdp: string): Promise<string> {
  await navigator.mediaDevices.getUserMedia({ audio: true });
  const peer = new RTCPeerConnection();
  const stream = new MediaStream();
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription();
  await new Promise<void>((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
  const video = document.createElement("video");
  video.autoplay = true;
  video.srcObject = stream;
  document.body.append(video);
  (globalThis as unknown as PaintedPage).direct = { peer, video };
  return peer.localDescription!.sdp;
}
