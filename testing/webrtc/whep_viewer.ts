/** A WebRTC viewer for tests: it can do what browsers do, and what they would not. */
import { randomBytes } from "node:crypto";
import { DtlsViewer } from "./whep_dtls.ts";
import { type Link, openLink } from "./whep_link.ts";
import { readWhepAnswer, type WhepAnswer, writeWhepOffer } from "./whep_sdp.ts";
import { answerCheck, isCheckAnswer, writeCheck } from "./whep_stun.ts";
import { parseRtcp, type RtcpPacket } from "../../src/rtp/rtcp.ts";
import type { SenderReport } from "../../src/rtp/rtcp_report.ts";
import {
  deriveSessionKeys,
  splitDtlsExport,
  type SrtpSessionKeys,
} from "../../src/srtp/key_derivation.ts";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import type { RtpIdentity } from "../../src/srtp/rtp_identity.ts";
import { SrtcpReceiver, SrtcpSender } from "../../src/srtp/srtcp.ts";
import { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { createDtlsCertificate, type DtlsCertificate } from "../../src/webrtc/dtls/certificate.ts";
import { createIceCredentials, type IceCredentials } from "../../src/webrtc/ice/credentials.ts";
import type { GatewayProcess } from "../gateway_process.ts";
import { until } from "../waiting.ts";
import { referenceSrtp } from "./reference_srtp.ts";
import { writeNack } from "./viewer_reports.ts";
import { type ReceivedFrame, receivedFrames, WhepReception } from "./whep_reception.ts";

const CHECK_INTERVAL_MS = 50;
const CONSENT_INTERVAL_MS = 1000;
const DTLS_ALERT = 21;

const certificate = await createDtlsCertificate();

/** What they send is on its way before it is used again. */
const arena = new PacketArena(256);

type Gateway = Pick<GatewayProcess, "httpUrl">;

export interface WhepViewerOptions {
  readonly path?: string;
  /** Instead of the usual path of `path`, with query. */
  readonly endpoint?: string;
  readonly transport?: "udp" | "tcp";
  /** Which candidate it uses, instead of the first over `transport`. */
  readonly candidate?: (candidate: IceCandidate) => boolean;
  /** Changes what is offered. */
  readonly offer?: (sdp: string) => string;
  /** Whether a datagram of media is lost on the way. */
  readonly loses?: (datagram: Uint8Array) => boolean;
  readonly openLink?: (candidate: IceCandidate) => Promise<Link>;
  /** What it shows in the handshake, instead of the certificate that it has offered. */
  readonly shows?: DtlsCertificate;
  /** Whether it goes on with DTLS when its first check is answered. */
  readonly shakesHands?: boolean;
}

/** What a POST gave. */
export interface WhepReply {
  readonly response: Response;
  readonly body: string;
  readonly local: IceCredentials;
}

/** An offer of H.264 and Opus, with credentials of its own. */
export function createOffer(): { readonly sdp: string; readonly local: IceCredentials } {
  const local = createIceCredentials(randomBytes);
  const { fingerprint } = certificate;
  return { sdp: writeWhepOffer({ credentials: local, fingerprint }), local };
}

/** Without the retransmission formats. */
export function withoutRtx(sdp: string): string {
  return sdp.replace(/a=(rtpmap:\d+ rtx|fmtp:\d+ apt=).*\r\n/g, "")
    .replace(/^(m=video .*? )102 103 108 109 116 117/m, "$1102 108 116");
}

/** Offers to watch, and does nothing more. */
export async function postOffer(
  gateway: Gateway,
  { path = "live/healthy", endpoint = `/${path}/whep`, offer = (sdp) => sdp }: WhepViewerOptions =
    {},
): Promise<WhepReply> {
  const { sdp, local } = createOffer();
  // Over a connection of its own, which the kernel gives to any shard.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(gateway.httpUrl(endpoint), {
    client,
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: offer(sdp),
  });
  return { response, body: await response.text(), local };
}

/** A sender report, and when it came. */
export interface ArrivedReport extends SenderReport {
  readonly arrivedMs: number;
}

/** A viewer that is connected by itself; dispose of it to let it vanish without a word. */
export class WhepViewer implements AsyncDisposable {
  readonly resource: string;
  /** What the POST was answered with; a restart changes it. */
  readonly etag: string;
  readonly answer: WhepAnswer;
  link: Link;
  readonly senderReports: ArrivedReport[] = [];
  /** RTCP that has come, by its kind. */
  readonly feedback = new Map<RtcpPacket["kind"], number>();
  /** The bitrate that it may send, as it was told last. */
  toldBps: number | undefined;
  /** Whether the server has ended the DTLS connection. */
  isToldOfEnd = false;
  /** Whether its TCP connection has ended. */
  isCutOff = false;
  failure: string | undefined;
  local: IceCredentials;
  remote: IceCredentials;
  /** Whether it goes on to send checks. */
  asksForConsent = true;
  /** Checks that were answered. */
  consents = 0;
  /** Whether it answers those of the server, and how many came. */
  answersChecks = true;
  checksOfServer = 0;
  #options: WhepViewerOptions;
  #dtls: DtlsViewer | undefined;
  #reception: WhepReception | undefined;
  #rtcpIn: SrtcpReceiver | undefined;
  #rtcpOut: SrtcpSender | undefined;
  #rtpOut: SrtpSender | undefined;
  #rtpKeys: SrtpSessionKeys | undefined;
  #rtcpIndex = 0;
  #early: Uint8Array[] = [];
  #nextCheckMs = 0;
  #isClosed = false;
  readonly #ticker: ReturnType<typeof setInterval>;

  private constructor(reply: WhepReply, link: Link, options: WhepViewerOptions) {
    this.resource = new URL(reply.response.headers.get("location")!, reply.response.url).href;
    this.etag = reply.response.headers.get("etag")!;
    this.answer = readWhepAnswer(reply.body);
    this.local = reply.local;
    this.remote = this.answer.remote;
    this.link = link;
    this.#options = options;
    this.#receiveBy(link);
    this.#ticker = setInterval(() => this.#tick(), 10);
    this.#tick();
  }

  /** Joins without waiting for more than the answer. */
  static async open(gateway: Gateway, options: WhepViewerOptions = {}): Promise<WhepViewer> {
    const reply = await postOffer(gateway, options);
    if (reply.response.status !== 201) {
      throw new Error(`POST gave ${reply.response.status}: ${reply.body}`);
    }
    const transport = options.transport ?? "udp";
    const fits = options.candidate ?? ((one: IceCandidate) => one.transport === transport);
    const candidate = readWhepAnswer(reply.body).candidates.find(fits);
    if (candidate === undefined) throw new Error(`No candidate over ${transport}: ${reply.body}`);
    return new WhepViewer(reply, await (options.openLink ?? openLink)(candidate), options);
  }

  /** Joins, and waits for the first packets. */
  static async join(gateway: Gateway, options: WhepViewerOptions = {}): Promise<WhepViewer> {
    const viewer = await WhepViewer.open(gateway, options);
    try {
      await until("the viewer gets packets", () => {
        if (viewer.failure !== undefined) throw new Error(viewer.failure);
        return (viewer.#reception?.packetCount ?? 0) > 0;
      });
    } catch (error) {
      await viewer[Symbol.asyncDispose]();
      throw error;
    }
    return viewer;
  }

  /** What it has received; there once it is connected. */
  get reception(): WhepReception {
    if (this.#reception === undefined) throw new Error("The viewer is not connected");
    return this.#reception;
  }

  get isConnected(): boolean {
    return this.#reception !== undefined;
  }

  get video() {
    return this.#source("video");
  }

  get audio() {
    return this.#source("audio");
  }

  /** Its pictures so far. */
  frames(): ReceivedFrame[] {
    return receivedFrames(this.video?.packets ?? []);
  }

  /** Sends a datagram of any kind. */
  send(datagram: Uint8Array): void {
    if (!this.#isClosed) this.link.send(datagram);
  }

  /** Sends an RTCP packet, protected. */
  sendRtcp(packet: Uint8Array): void {
    this.send(this.#rtcpOut!.protect(packet, this.#rtcpIndex++));
  }

  /** An RTCP packet, protected; not sent. */
  protectRtcp(packet: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#rtcpOut!.protect(packet, this.#rtcpIndex++);
  }

  /** An RTP packet, protected, which gets its sequence number by `index`; not sent. */
  protectRtp(packet: Uint8Array, index: number, identity: RtpIdentity): Uint8Array<ArrayBuffer> {
    return this.#rtpOut!.protectOne(packet, index, identity).slice();
  }

  /** RTP packets, protected, the first with `index`: they stay until some dozens more have been. */
  protectAll(
    packets: readonly Uint8Array[],
    index: number,
    identity: RtpIdentity,
    timestampShift: number,
  ): readonly Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    this.#rtpOut!.protectBatch(packets, packets.length, index, identity, datagrams, timestampShift);
    return datagrams;
  }

  /** An RTP packet with any header of this length, protected as it is; slow, and not sent. */
  protectOdd(packet: Uint8Array, index: number, headerLength: number): Uint8Array {
    return referenceSrtp(packet, BigInt(index), this.#rtpKeys!, headerLength);
  }

  /** Asks for packets of the pictures again. */
  nack(sequences: readonly number[]): void {
    this.sendRtcp(writeNack(this.video!.ssrc, sequences));
  }

  /** Goes on over another link: another port of its own, for one. */
  move(link: Link): void {
    this.link.close();
    this.link = link;
    this.#receiveBy(link);
    this.sendCheck();
  }

  sendCheck(local = this.local, remote = this.remote): void {
    this.send(writeCheck(local, remote));
  }

  patch(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.resource, {
      method: "PATCH",
      headers: { "content-type": "application/trickle-ice-sdpfrag", ...headers },
      body,
    });
  }

  /** Restarts ICE by signalling: its checks have new names from now on. */
  async restartIce(): Promise<void> {
    const local = createIceCredentials(randomBytes);
    const fragment = `a=ice-ufrag:${local.ufrag}\r\na=ice-pwd:${local.password}\r\n`;
    const response = await this.patch(fragment, { "if-match": "*" });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`PATCH gave ${response.status}: ${text}`);
    const value = (name: string) => new RegExp(`^a=${name}:(\\S+)`, "m").exec(text)![1]!;
    this.local = local;
    this.remote = { ufrag: value("ice-ufrag"), password: value("ice-pwd") };
    this.sendCheck();
  }

  /** Ends the session by signalling; the status that it is answered with. */
  async delete(): Promise<number> {
    const response = await fetch(this.resource, { method: "DELETE" });
    await response.body?.cancel();
    return response.status;
  }

  /** Vanishes: nothing is sent or received any more. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    clearInterval(this.#ticker);
    this.#dtls?.close();
    this.link.close();
    return Promise.resolve();
  }

  #receiveBy(link: Link): void {
    const noteEnd = () => void (this.isCutOff ||= link === this.link);
    link.receive((datagram) => this.#take(datagram)).then(noteEnd, noteEnd);
  }

  #source(kind: "audio" | "video") {
    const track = this.answer.tracks.find((track) => track.kind === kind);
    return track && this.#reception?.source(track.payloadType);
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextCheckMs || !this.asksForConsent) return;
    this.#nextCheckMs = nowMs + (this.consents > 0 ? CONSENT_INTERVAL_MS : CHECK_INTERVAL_MS);
    this.sendCheck();
  }

  #take(datagram: Uint8Array): void {
    switch (datagramKind(datagram)) {
      case "stun":
        return this.#takeStun(datagram);
      case "dtls":
        if (datagram[0] === DTLS_ALERT) this.isToldOfEnd = true;
        return this.#dtls?.receive(datagram);
      case "rtp":
        if (this.#options.loses?.(datagram)) return;
        if (this.#reception === undefined) this.#early.push(datagram.slice());
        else this.#reception.take(datagram);
        return;
      case "rtcp":
        return this.#takeRtcp(datagram);
      default:
        this.failure ??= `datagram of no kind: ${datagram.subarray(0, 4)}`;
    }
  }

  #takeStun(datagram: Uint8Array): void {
    const answer = answerCheck(datagram, this.local, this.link.server);
    if (answer !== undefined) {
      this.checksOfServer++;
      if (this.answersChecks) this.send(answer);
    }
    if (!isCheckAnswer(datagram, this.remote)) return;
    this.consents++;
    if (this.#dtls !== undefined || this.#options.shakesHands === false) return;
    this.#dtls = new DtlsViewer({
      certificate: this.#options.shows ?? certificate,
      fingerprint: this.answer.fingerprint,
      send: (bytes) => this.send(bytes),
      onConnected: (keys) => this.#connected(keys),
      onFailure: (reason) => this.failure ??= reason,
    });
    this.#dtls.start();
  }

  /** Sends data over DTLS, once it is connected. */
  async sendData(data: Uint8Array): Promise<void> {
    await this.#dtls?.sendData(data);
  }

  #connected(exportedKeys: Uint8Array): void {
    const { client, server } = splitDtlsExport(exportedKeys);
    this.#rtcpOut = new SrtcpSender(client);
    this.#rtpOut = new SrtpSender(arena, client);
    this.#rtpKeys = deriveSessionKeys(client, "srtp");
    this.#rtcpIn = new SrtcpReceiver(server);
    this.#reception = new WhepReception(server);
    for (const datagram of this.#early) this.#reception.take(datagram);
    this.#early = [];
  }

  #takeRtcp(datagram: Uint8Array): void {
    if (this.#rtcpIn === undefined) return;
    for (const packet of parseRtcp(this.#rtcpIn.unprotect(datagram))) {
      this.feedback.set(packet.kind, (this.feedback.get(packet.kind) ?? 0) + 1);
      if (packet.kind === "remb") this.toldBps = packet.bitrateBps;
      if (packet.kind !== "senderReport") continue;
      this.senderReports.push({ ...packet, arrivedMs: performance.now() });
    }
  }
}
