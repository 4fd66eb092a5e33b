/** What comes out of each output while an odd publisher sends. */
import { decodeOpus } from "../../testing/media/sound.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { inOrder, type ReceivedPacket } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { depacketizeH264 } from "../../testing/webrtc/depacketizer.ts";
import { delay, until } from "../../testing/waiting.ts";
import { decodeMedia, type DecodingOptions } from "./decoding.ts";
import { OddPublisher } from "./odd_publisher.ts";
import { readRecording, type Recording } from "./recording.ts";
import { recordWebSocket } from "./viewers.ts";

/** What {@linkcode watchOutputs} looks at, in this order. */
export const OUTPUTS = ["HTTP-FLV", "WS-FLV", "RTMP", "WHEP"] as const;

export type OutputName = typeof OUTPUTS[number];

/** What a viewer got. */
export interface OutputReport {
  readonly output: OutputName;
  /** That a decoder made of it. */
  readonly pictures: number;
  /** Seconds of sound that is no silence. */
  readonly soundS: number;
  /** What was wrong, by the decoder or by our own strict reading; none if all is as it must be. */
  readonly problems: readonly string[];
  /** What came, of the outputs that are FLV. */
  readonly recording?: Recording;
}

export interface WatchOptions extends Pick<DecodingOptions, "peer"> {
  /** "live/name" */
  readonly path: string;
  /** When the viewers come, in the recording's time; at the beginning by default. */
  readonly joinAfterMs?: number;
  readonly speed?: number;
}

/** Flags with which {@linkcode watchOutputs} can tell the end of a stream. */
export const ODD_OUTPUT_ARGS = ["--grace-period-ms", "300"];

const OPUS_FRAME_S = 0.02;

/** How long the publisher goes on while its viewers come: too short for a further key frame. */
const JOIN_WITHIN_MS = 300;

/** Below this, sound is none: -60 dB. */
const AUDIBLE = 0.001;

/**
 * Publishes a recording as it is, and watches it over each output until it ends. The gateway must
 * have been started with {@linkcode ODD_OUTPUT_ARGS}.
 */
export async function watchOutputs(
  gateway: GatewayProcess,
  recording: Recording,
  { path, joinAfterMs = 0, speed = 1, peer = "ffmpeg" }: WatchOptions,
): Promise<OutputReport[]> {
  const joining = Promise.withResolvers<void>();
  const here = new Set<OutputName>();
  const areAllHere = () => until("all viewers are there", () => here.size === OUTPUTS.length);
  // However busy the machine is, they come at that time of the recording, and miss nothing after it.
  const stops = [
    { atMs: joinAfterMs, until: () => Promise.resolve(joining.resolve()) },
    { atMs: joinAfterMs + JOIN_WITHIN_MS, until: areAllHere },
  ];
  await using publisher = await OddPublisher.publish(gateway, recording, { path, speed, stops });
  await joining.promise;
  const ended = Promise.withResolvers<void>();
  const url = gateway.httpUrl(`/${path}.flv`);
  const running = {
    "HTTP-FLV": flvReport("HTTP-FLV", fetchAll(url), peer),
    "WS-FLV": flvReport("WS-FLV", recordWebSocket(url).ended, peer),
    "RTMP": rtmpReport(gateway.rtmpUrl(path), peer),
    "WHEP": whepReport(gateway, path, { ended: ended.promise, come: () => here.add("WHEP") }),
  };
  // Who is sent away will not come any more.
  for (const output of OUTPUTS) void running[output].finally(() => here.add(output));
  const counting = until("viewers of FLV and RTMP are counted", async () => {
    const stream = await gateway.stream(path);
    if ((stream?.viewers ?? 0) >= 2) here.add("HTTP-FLV").add("WS-FLV");
    if ((stream?.rtmp.viewers ?? 0) >= 1) here.add("RTMP");
    return here.has("HTTP-FLV") && here.has("WS-FLV") && here.has("RTMP");
  });
  await Promise.all([publisher.sent, counting]);
  await publisher[Symbol.asyncDispose]();
  ended.resolve();
  return await Promise.all(OUTPUTS.map((output) => running[output]));
}

async function fetchAll(url: string): Promise<Uint8Array> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(url, { client });
  if (!response.ok) throw new Error(`GET gave ${response.status}: ${await response.text()}`);
  return await response.bytes();
}

async function flvReport(
  output: OutputName,
  ended: Promise<Uint8Array>,
  peer: DecodingOptions["peer"] & string,
): Promise<OutputReport> {
  let bytes: Uint8Array;
  try {
    bytes = await ended;
  } catch (error) {
    return { output, pictures: 0, soundS: 0, problems: [`${error}`] };
  }
  const { pictures, soundS, complaints } = await decodeMedia(bytes, { format: "flv", peer });
  const problems = [...complaints];
  try {
    return { output, pictures, soundS, problems, recording: readRecording(bytes) };
  } catch (error) {
    return { output, pictures, soundS, problems: [...problems, `${error}`] };
  }
}

async function rtmpReport(
  url: string,
  peer: DecodingOptions["peer"] & string,
): Promise<OutputReport> {
  const { pictures, soundS, complaints } = await decodeMedia(url, { peer });
  return { output: "RTMP", pictures, soundS, problems: complaints };
}

async function whepReport(
  gateway: GatewayProcess,
  path: string,
  { ended, come }: { readonly ended: Promise<void>; readonly come: () => void },
): Promise<OutputReport> {
  const output = "WHEP";
  try {
    await using viewer = await WhepViewer.open(gateway, { path });
    await until("the viewer is connected", () => viewer.isConnected || viewer.failure);
    come();
    await ended;
    if (viewer.failure !== undefined) throw new Error(viewer.failure);
    // What is on its way over UDP: nothing tells that it has all come.
    for (let before = -1; before !== viewer.reception.packetCount;) {
      before = viewer.reception.packetCount;
      await delay(300);
    }
    const video = await lookAt(inOrder(viewer.video?.packets ?? []));
    return { output, ...video, soundS: await soundOf(inOrder(viewer.audio?.packets ?? [])) };
  } catch (error) {
    return { output, pictures: 0, soundS: 0, problems: [`${error}`] };
  }
}

/** Takes the packets of H.264 apart, and has them decoded. */
async function lookAt(
  packets: readonly ReceivedPacket[],
): Promise<{ pictures: number; problems: readonly string[] }> {
  const problems: string[] = [];
  const byteStream: Uint8Array<ArrayBuffer>[] = [];
  for (const unit of accessUnits(packets)) {
    try {
      const { nalUnits } = depacketizeH264(unit.map(({ packet }) => packet));
      for (const nalUnit of nalUnits) {
        byteStream.push(Uint8Array.of(0, 0, 0, 1), nalUnit.slice());
      }
    } catch (error) {
      problems.push(`${error}`.split("\n")[0]!);
    }
  }
  if (byteStream.length === 0) return { pictures: 0, problems };
  const bytes = await new Blob(byteStream).bytes();
  const { pictures, complaints } = await decodeMedia(bytes, { format: "h264" });
  return { pictures, problems: [...problems, ...complaints] };
}

/** Packets by timestamp: each picture must end with the only marker. */
function accessUnits(packets: readonly ReceivedPacket[]): ReceivedPacket[][] {
  const units: ReceivedPacket[][] = [];
  for (const packet of packets) {
    const unit = units.at(-1);
    if (unit?.[0]?.timestamp === packet.timestamp) unit.push(packet);
    else units.push([packet]);
  }
  return units;
}

async function soundOf(packets: readonly ReceivedPacket[]): Promise<number> {
  if (packets.length === 0) return 0;
  const sound = await decodeOpus(packets.map(({ payload }) => ({ data: payload })));
  const samples = sound[0]!;
  const frameSize = Math.round(48_000 * OPUS_FRAME_S);
  let audibleS = 0;
  for (let at = 0; at < samples.length; at += frameSize) {
    const energy = samples.subarray(at, at + frameSize).reduce((sum, x) => sum + x * x, 0);
    if (Math.sqrt(energy / frameSize) > AUDIBLE) audibleS += OPUS_FRAME_S;
  }
  return audibleS;
}
