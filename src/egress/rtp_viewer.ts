import { GopPacer } from "../rtp/gop_pacer.ts";
import { ReceiverReports, type Reception, type ReportedTrack } from "../rtp/receiver_report.ts";
import type { RtcpPacket } from "../rtp/rtcp.ts";
import { TransportHistory } from "../rtp/transport_history.ts";
import { SrtpSender } from "../srtp/srtp_sender.ts";
import type { SrtpMasterKey } from "../srtp/key_derivation.ts";
import type { PacketArena } from "../srtp/packet_arena.ts";
import { LossResponse } from "./loss_response.ts";
import { PastPictures } from "./past_pictures.ts";
import { UNKNOWN_ROUND_TRIP_MS } from "./resend_history.ts";
import { NarrowSender } from "./narrow_sender.ts";
import type { ViewerQuality } from "./picture_thinner.ts";
import type { RtpFeed } from "./rtp_feed.ts";
import { type RenditionSource, RenditionSwitcher } from "./rendition_switcher.ts";
import { RtpResends } from "./rtp_resends.ts";
import { type ResendMoment, RtpTrack } from "./rtp_track.ts";
import { linkBytes, PACKET_OVERHEAD_BYTES, streamRateBps } from "./stream_rate.ts";
import { SoundBeginning } from "./sound_beginning.ts";
import { SenderReports } from "./sender_reports.ts";
import type { LinkDescription, ViewerLink } from "./viewer_link.ts";
import { isTransportCounted, type ViewerTrack } from "./viewer_track.ts";
import { WishInterval } from "./wish_interval.ts";

/** Packets that one datagram path is given in one go. */
const MAX_BATCH = 16;

/** What is lost is told in packets: their size is no more exact than this. */
const SIZE_STEP_BYTES = 100;

const SOUND_CLOCK_RATE_HZ = 48_000;
const PICTURES_CLOCK_RATE_HZ = 90_000;

export interface RtpViewerOptions {
  readonly feed: RtpFeed;
  readonly audio: ViewerTrack | undefined;
  readonly video: ViewerTrack | undefined;
  readonly cname: string;
  readonly arena: PacketArena;
  /** Of what is sent. */
  readonly master: SrtpMasterKey;
  readonly events: RtpViewerEvents;
  /** What it is sent over; without it, all is sent. */
  readonly link?: ViewerLink | undefined;
  /** Of the pictures, if it is sent whichever fit. */
  readonly renditions?: RenditionSource | undefined;
}

/** What a viewer tells, for counters. */
export interface RtpViewerEvents {
  readonly jumped: () => void;
  readonly resent: (count: number) => void;
  /** It asks for packets again. */
  readonly nacked: () => void;
  readonly keyFrameRequested: () => void;
  /** It has been sent no pictures for want of room, and goes on with the next key frame. */
  readonly keyFrameAwaited: () => void;
  /** Its link does not carry what it is sent. */
  readonly narrowed: () => void;
}

/**
 * One WebRTC viewer of a stream: its place in the packets of both tracks, its keys, and what it
 * reports. It begins at the newest key frame, paced, and goes on at the newest one if the packets
 * it was to be sent are gone. Neither track waits for the other.
 */
export class RtpViewer {
  readonly #feed: RtpFeed;
  readonly #audio: RtpTrack | undefined;
  readonly #video: RtpTrack | undefined;
  readonly #past: PastPictures | undefined;
  readonly #events: RtpViewerEvents;
  readonly #srtp: SrtpSender;
  readonly #reports: ReceiverReports;
  readonly #senderReports: SenderReports;
  /** For viewers that tell how packets arrived. */
  readonly #transport: TransportHistory | undefined;
  readonly #pacer = new GopPacer({ burstPackets: MAX_BATCH });
  readonly #soundBeginning: SoundBeginning | undefined;
  readonly #resends: RtpResends;
  readonly #wishes = new WishInterval();
  readonly #lossResponse: LossResponse;
  readonly #link: ViewerLink | undefined;
  /** There from the first time on that its link does not carry all. */
  #narrow: NarrowSender | undefined;
  /** Over a link of which nothing is known, nothing is known to fit better. */
  readonly #switcher: RenditionSwitcher | undefined;
  #jumps = 0;

  constructor(options: RtpViewerOptions) {
    const { feed, audio, video, arena, master, cname, renditions } = options;
    this.#feed = feed;
    this.#events = options.events;
    this.#srtp = new SrtpSender(arena, master);
    this.#audio = audio && new RtpTrack({ ...feed.audio, ...audio });
    this.#video = video && new RtpTrack({ ...feed.video, ...video });
    this.#soundBeginning = this.#audio && new SoundBeginning(feed, this.#audio);
    this.#past = this.#video && new PastPictures(feed, this.#video);
    const tracks = [this.#video, this.#audio].filter((track) => track !== undefined);
    this.#resends = new RtpResends(tracks, this.#srtp);
    this.#lossResponse = new LossResponse(this.#video, video?.held);
    this.#link = options.link;
    if (renditions !== undefined && this.#link !== undefined && this.#video !== undefined) {
      this.#switcher = new RenditionSwitcher(renditions, this.#video);
    }
    this.#transport = isTransportCounted(options) ? new TransportHistory() : undefined;
    this.#reports = new ReceiverReports(
      [
        ...reportedTracks(this.#audio, SOUND_CLOCK_RATE_HZ),
        ...reportedTracks(this.#video, PICTURES_CLOCK_RATE_HZ),
      ],
      this.#transport,
      this.#link?.listener,
    );
    const reports = this.#reports;
    this.#senderReports = new SenderReports({ feed, tracks, cname, master, reports });
  }

  /** What the viewer reports, and how often it went on at another place. */
  get reception(): Reception {
    return this.#reports.snapshot();
  }

  get packetCount(): number {
    return (this.#audio?.packetCount ?? 0) + (this.#video?.packetCount ?? 0);
  }

  /** Bytes of the payloads of all packets. */
  get octetCount(): number {
    return (this.#audio?.octetCount ?? 0) + (this.#video?.octetCount ?? 0);
  }

  /** How often it went on at a later picture, as the packets that it was to be sent were gone. */
  get jumps(): number {
    return this.#jumps;
  }

  /** How far the next packet of pictures, or of sound alone, is behind the newest; 0 at the end. */
  get lagMs(): number {
    return (this.#video ?? this.#audio)?.lagMs ?? 0;
  }

  /** What it is sent of the pictures, as far as its link carries them. */
  get quality(): ViewerQuality {
    return this.#link?.isNarrow && this.#narrow !== undefined ? this.#narrow.quality : "all";
  }

  /** The number of the track whose pictures it is sent; `undefined` if that never changes. */
  get videoTrack(): number | undefined {
    return this.#switcher?.trackId;
  }

  /** What is known of its link; `undefined` where nothing is estimated. */
  get link(): LinkDescription | undefined {
    return this.#link?.describe();
  }

  /** When there is more to send though nothing new comes: the viewer, or a resend, is paced. */
  get nextMs(): number | undefined {
    if (this.#link?.isNarrow) return finite(this.#narrow!.nextMs);
    const burstMs = this.#pacer.state === "burst" && this.#waiting > 0
      ? this.#pacer.nextMs
      : Infinity;
    return finite(Math.min(burstMs, this.#resends.nextMs));
  }

  get #waiting(): number {
    return (this.#video?.waiting ?? 0) + (this.#audio?.waiting ?? 0);
  }

  /**
   * Appends datagrams that are due to `datagrams`, which is empty, some {@linkcode MAX_BATCH} at most:
   * views of the arena.
   *
   * @returns whether there may be more that is due now
   */
  take(nowMs: number, unixMs: number, datagrams: Uint8Array[]): boolean {
    if (this.#link?.watch(nowMs, this.#fullBps)) this.#becomeNarrow();
    if (this.#link?.isNarrow) return this.#takeNarrow(nowMs, unixMs, datagrams);
    const isHeld = nowMs < this.#resends.nextMs || this.#link?.estimator.isLosing(nowMs);
    const resent = isHeld ? 0 : this.#resends.takePaced(MAX_BATCH, this.#moment(nowMs), datagrams);
    if (resent > 0) this.#noteResent(resent, datagrams, nowMs);
    if (this.#switchesOverClearLink(nowMs)) this.#beginPast();
    this.#keepPlace(nowMs);
    const waiting = this.#waiting;
    if (waiting === 0) return false;
    this.#senderReports.take(nowMs, unixMs, datagrams);
    const room = this.#link?.room(nowMs) ?? Infinity;
    const count = Math.min(this.#pacer.take(nowMs, waiting, room), MAX_BATCH - resent);
    if (this.#pacer.state === "live") this.#link?.begun();
    const begin = datagrams.length;
    // Pictures may have to wait for the link, and sound never.
    if (count > 0 || room <= 0) this.#takePackets(count, datagrams, nowMs);
    this.#noteSent(datagrams, begin, nowMs);
    return this.#pacer.state === "live" && this.#waiting > 0;
  }

  /** Takes what the viewer tells. */
  handle(packets: readonly RtcpPacket[], nowMs: number): void {
    for (const packet of packets) {
      this.#reports.take(packet, nowMs);
      if (packet.kind === "pictureLossIndication" || packet.kind === "fullIntraRequest") {
        this.#events.keyFrameRequested();
      }
    }
    this.#lossResponse.take(this.#reports, this.#link?.isLossItsOwn(nowMs) !== false, nowMs);
    if (this.#audio === undefined) return;
    const room = this.#link?.isNarrow ? this.#narrow!.maxRedundancy : Infinity;
    this.#audio.redundancy = Math.min(this.#lossResponse.redundancy, room);
  }

  /** A check of the viewer's address was answered. */
  takeRoundTrip(roundTripMs: number, sentMs: number, nowMs: number): void {
    this.#reports.takeRoundTrip(roundTripMs, sentMs, nowMs);
  }

  /** Sends again what NACKs among `packets` ask for: {@linkcode take} then gives it, bit by bit. */
  resend(packets: readonly RtcpPacket[]): void {
    for (let nacks = this.#resends.note(packets); nacks > 0; nacks--) this.#events.nacked();
  }

  /** Whether an echo is to be asked for, before or behind a batch. */
  wantsEcho(nowMs: number): boolean {
    return this.#link?.wantsEcho(nowMs) === true;
  }

  /** One is asked for. Returns the time to be told with its answer. */
  echoAsked(nowMs: number): number {
    return this.#link?.echoAsked(nowMs) ?? nowMs;
  }

  /** See {@linkcode ViewerLink.changePath}. */
  changePath(transport: "udp" | "tcp", nowMs: number): void {
    this.#link?.changePath(transport, nowMs);
  }

  /** Nothing is sent for a while: then it begins again, as what has come meanwhile would be a burst. */
  pause(): void {
    this.#video?.pause();
    this.#audio?.pause();
  }

  /** The viewer is gone: its keys are let go of, and it is not to be used any more. */
  close(): void {
    this.#srtp.close();
  }

  /** A second has passed. */
  tick(): void {
    this.#resends.tick();
    const waits = this.#link?.isNarrow === true && this.#narrow!.needsKeyFrame;
    if (this.#wishes.tick(waits)) this.#events.keyFrameAwaited();
  }

  /** Remembers the RTP packets from `begin` on, for feedback to tell of. */
  #noteSent(datagrams: readonly Uint8Array[], begin: number, nowMs: number): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    let sequence = this.#srtp.transportSequence - (datagrams.length - begin);
    for (let at = begin; at < datagrams.length; at++) {
      transport.sent(sequence++, datagrams[at]!.length, nowMs);
    }
  }

  /** Finds where to begin, and where to go on if packets are gone. */
  #keepPlace(nowMs: number): void {
    const video = this.#video;
    const audio = this.#audio;
    if (video?.isOvertaken) {
      video.pause();
      // It lags, too, where it is not sent first.
      if (!this.#link?.isNarrow) audio?.pause();
      this.#jumps++;
      this.#events.jumped();
    }
    // Over a narrow link, whether there is room for it is a question.
    if (video?.hasBegun === false && !this.#link?.isNarrow) this.#beginAtKeyFrame(video);
    this.#soundBeginning?.keepPlace(nowMs);
  }

  /** Pictures that have stopped are no place to begin, and sound waits for none. */
  #beginAtKeyFrame(video: RtpTrack): void {
    const start = video.ring.newestKeyFrame;
    if (start === undefined || !this.#feed.arePicturesLive) return;
    video.jump(start);
    this.#beginPast();
  }

  #beginPast(): void {
    this.#past?.begin();
    this.#pacer.restart();
    this.#link?.begin();
  }

  #switchesOverClearLink(nowMs: number): boolean {
    if (this.#switcher === undefined) return false;
    const { steadyBps, estimateBps } = this.#link!.estimator;
    return this.#switcher.update({ roomBps: steadyBps, replayBps: estimateBps, lagMs: 0, nowMs });
  }

  /** In the order of their time, so that sound does not run ahead of pictures, nor behind. */
  #takePackets(count: number, datagrams: Uint8Array[], nowMs: number): void {
    const before = datagrams.length;
    const octetsBefore = this.octetCount;
    const video = this.#video;
    const audio = this.#audio;
    const past = this.#past;
    if (past?.isOn) past.take(Math.min(count, MAX_BATCH), nowMs, this.#srtp, datagrams);
    else video?.take(Math.min(count, MAX_BATCH), this.#srtp, datagrams);
    const left = count - (datagrams.length - before);
    if (audio !== undefined) this.#takeSound(audio, left, datagrams);
    const sent = datagrams.length - before;
    if (sent === 0) return;
    this.#link?.sent(this.octetCount - octetsBefore + sent * PACKET_OVERHEAD_BYTES, nowMs);
  }

  #takeSound(audio: RtpTrack, left: number, datagrams: Uint8Array[]): void {
    // What is past is sent as if it were now.
    const videoTimeMs = this.#past?.isOn ? Infinity : this.#video?.nextTimeMs ?? Infinity;
    let due = 0;
    const { ring } = this.#feed.audio;
    const position = ring.head - audio.waiting;
    while (due < MAX_BATCH && due < audio.waiting && ring.timeMs(position + due)! <= videoTimeMs) {
      due++;
    }
    // A few packets of sound more than granted do no harm.
    audio.take(Math.max(due, Math.min(left, audio.waiting)), this.#srtp, datagrams);
  }

  /** What fits the link, spread; whether a probe begins, which is due at once. */
  #takeNarrow(nowMs: number, unixMs: number, datagrams: Uint8Array[]): boolean {
    this.#keepPlace(nowMs);
    if (this.packetCount > 0 || this.#waiting > 0) {
      this.#senderReports.take(nowMs, unixMs, datagrams);
    }
    const begin = datagrams.length;
    const wasProbing = this.#link!.isProbing;
    const resent = this.#narrow!.take(MAX_BATCH, this.#moment(nowMs), datagrams);
    if (resent > 0) this.#events.resent(resent);
    this.#noteSent(datagrams, begin, nowMs);
    // What a probe sends is to follow its first echo before the link has emptied its queue.
    return !wasProbing && this.#link!.isProbing;
  }

  /** What the stream takes of a link. */
  readonly #fullBps = () => {
    const tracks = [this.#video, this.#audio].filter((track) => track !== undefined);
    return tracks.reduce((sum, { ring }) => sum + streamRateBps(ring), 0);
  };

  #becomeNarrow(): void {
    this.#events.narrowed();
    this.#narrow ??= new NarrowSender({
      feed: this.#feed,
      audio: this.#audio,
      video: this.#video,
      past: this.#past,
      srtp: this.#srtp,
      resends: this.#resends,
      link: this.#link!,
      switcher: this.#switcher,
    });
    this.#narrow.begin();
  }

  #moment(nowMs: number): ResendMoment {
    const roundTripMs = this.#reports.roundTripMs ?? UNKNOWN_ROUND_TRIP_MS;
    const isTwice = this.#lossResponse.isTwice && this.quality === "all";
    return { nowMs, roundTripMs, isTwice };
  }

  #noteResent(count: number, datagrams: readonly Uint8Array[], nowMs: number): void {
    this.#events.resent(count);
    this.#noteSent(datagrams, 0, nowMs);
    this.#link?.estimator.sent(linkBytes(datagrams, 0), nowMs);
  }
}

function reportedTracks(track: RtpTrack | undefined, clockRateHz: number): ReportedTrack[] {
  if (track === undefined) return [];
  const packetBytes = () => {
    const meanBytes = PACKET_OVERHEAD_BYTES + track.octetCount / Math.max(1, track.packetCount);
    return SIZE_STEP_BYTES * Math.max(1, Math.round(meanBytes / SIZE_STEP_BYTES));
  };
  return [{ ssrc: track.identity.ssrc, clockRateHz, packetBytes }];
}

function finite(timeMs: number): number | undefined {
  return timeMs === Infinity ? undefined : timeMs;
}
