/** ffmpeg as a receiver of plain RTP, told by an SDP file where to listen. */
import { until } from "../../testing/waiting.ts";

/** Where each track goes; RTCP goes to the port above. */
export interface RtpPorts {
  readonly video: number;
  readonly audio: number;
}

export interface RtpReceiver {
  readonly ports: RtpPorts;
  /** Ends by itself when all sources said BYE; throws what ffmpeg printed if it fails. */
  ended(): Promise<void>;
}

/** A codec as SDP names it. */
export interface ReceivedCodec {
  /** "H264" … */
  readonly name: string;
  readonly fmtp?: string;
}

/** What is received. */
export interface ReceivedTracks {
  readonly video: ReceivedCodec;
  readonly audio: "Opus" | undefined;
}

const H264_AND_OPUS: ReceivedTracks = {
  video: { name: "H264", fmtp: "packetization-mode=1" },
  audio: "Opus",
};

export const PAYLOAD_TYPES = { video: 96, audio: 97 } as const;

/**
 * Starts ffmpeg and waits until its sockets are open.
 *
 * @param folder for the SDP file, and the current folder of `outputArgs`
 * @param tracks H.264 and Opus by default
 */
export async function receiveRtp(
  folder: string,
  outputArgs: readonly string[],
  tracks: ReceivedTracks = H264_AND_OPUS,
): Promise<RtpReceiver> {
  const ports = { video: freePortPair(), audio: freePortPair() };
  await Deno.writeTextFile(`${folder}/session.sdp`, sessionDescription(ports, tracks));
  const child = new Deno.Command("ffmpeg", {
    args: [
      ...["-hide_banner", "-nostats", "-loglevel", "warning", "-nostdin"],
      ...["-protocol_whitelist", "file,udp,rtp", "-i", "session.sdp", ...outputArgs],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await until("ffmpeg listens", async () => {
    const hasAudio = tracks.audio === undefined || await isBound(ports.audio + 1);
    return hasAudio && await isBound(ports.video + 1);
  });
  return {
    ports,
    ended: async () => {
      const { success, stderr } = await output;
      const errors = new TextDecoder().decode(stderr);
      if (!success || /RTP: (missed|dropping)|bad cseq|corrupt/.test(errors)) {
        throw new Error(`ffmpeg did not receive well: ${errors}`);
      }
    },
  };
}

function sessionDescription(ports: RtpPorts, { video, audio }: ReceivedTracks): string {
  const { name, fmtp } = video;
  return [
    ...["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"],
    `m=video ${ports.video} RTP/AVP ${PAYLOAD_TYPES.video}`,
    `a=rtpmap:${PAYLOAD_TYPES.video} ${name}/90000`,
    ...(fmtp === undefined ? [] : [`a=fmtp:${PAYLOAD_TYPES.video} ${fmtp}`]),
    ...(audio === undefined ? [] : [
      `m=audio ${ports.audio} RTP/AVP ${PAYLOAD_TYPES.audio}`,
      `a=rtpmap:${PAYLOAD_TYPES.audio} opus/48000/2`,
    ]),
    "",
  ].join("\r\n");
}

/** An even port that is free, as is the one above it. */
function freePortPair(): number {
  for (;;) {
    using probe = new Disposables();
    const { port } = probe.open(0).addr as Deno.NetAddr;
    if (port % 2 === 1) continue;
    try {
      probe.open(port + 1);
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Sockets that are closed together. */
class Disposables {
  readonly #sockets: Deno.DatagramConn[] = [];

  open(port: number): Deno.DatagramConn {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
    this.#sockets.push(socket);
    return socket;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** Whether some process has a UDP socket of IPv4 or IPv6 on this port. */
async function isBound(port: number): Promise<boolean> {
  return await unreadBytes(port) !== undefined;
}

/**
 * What the kernel holds for whoever has a UDP socket of IPv4 or IPv6 on this port, and has not read
 * it yet; `undefined` if nobody has.
 */
export async function unreadBytes(port: number): Promise<number | undefined> {
  const hexPort = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/udp", "/proc/net/udp6"]) {
    for (const line of (await Deno.readTextFile(table)).split("\n")) {
      const [, local, , , queues] = line.trim().split(/\s+/);
      if (local?.endsWith(hexPort)) return parseInt(queues!.split(":")[1]!, 16);
    }
  }
  return undefined;
}

/** GStreamer as a receiver of one track, whose frames it writes one behind the other. */
export async function depayloadByGstreamer(
  { name, depayloader, file }: {
    readonly name: string;
    readonly depayloader: string;
    readonly file: string;
  },
): Promise<RtpReceiver> {
  const ports = { video: freePortPair(), audio: freePortPair() };
  const caps = `application/x-rtp,media=video,clock-rate=90000,encoding-name=${name},` +
    `payload=${PAYLOAD_TYPES.video}`;
  const child = new Deno.Command("gst-launch-1.0", {
    args: [
      ...["-q", "-e", "udpsrc", `port=${ports.video}`, `caps=${caps}`],
      ...["!", depayloader, "!", "filesink", `location=${file}`],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await until("GStreamer listens", () => isBound(ports.video));
  return {
    ports,
    ended: async () => {
      child.kill("SIGINT");
      const { success, stderr } = await output;
      if (!success) throw new Error(`GStreamer failed: ${new TextDecoder().decode(stderr)}`);
    },
  };
}
