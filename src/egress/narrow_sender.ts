import { BURST_INTERVAL_MS } from "../rtp/gop_pacer.ts";
import { PacketFlag } from "../rtp/packet_sink.ts";
import type { SrtpSender } from "../srtp/srtp_sender.ts";
import type { PastPictures } from "./past_pictures.ts";
import { type PictureRoom, PictureThinner, type ViewerQuality } from "./picture_thinner.ts";
import { PictureTimes } from "./picture_times.ts";
import type { RenditionSwitcher } from "./rendition_switcher.ts";
import type { RtpFeed } from "./rtp_feed.ts";
import type { RtpResends } from "./rtp_resends.ts";
import type { ResendMoment, RtpTrack } from "./rtp_track.ts";
import { linkBytes, streamRateBps } from "./stream_rate.ts";
import type { ViewerLink } from "./viewer_link.ts";
import { ViewerPace } from "./viewer_pace.ts";

/** How often is looked what the stream takes. */
const RATE_INTERVAL_MS = 500;

/** Pictures that lag more than this are caught up with before a link counts as clear. */
const SETTLED_LAG_MS = 100;

/** Pictures that lag more than this are sent in place of padding. */
const LITTLE_LAG_MS = 20;

/** What is lost is sent again if that does not take longer. Packets are as large as they usually are. */
const MAX_REPAIR_MS = 400;
const REPAIR_BITS = 1200 * 8;

/** A stream that takes no more than so many times the estimate may leave so many times as fast. */
const HARDLY_MORE = 1.05;
const CATCH_UP = 1.15;

/** In one go. A probe that is further behind does not keep its rate, and tells what it got. */
const MAX_PADDING_PACKETS = 32;

/** Sound that is repeated takes no more than this part of the link: pictures need the others. */
const MAX_SOUND_PART = 0.5;

/**
 * Where congestion has brought other pictures, the queue may be full still, and lose some of their key
 * frame. So for a while only a part is sent of what the link is believed to carry; and as that may be
 * far too much, no more than so many times what the pictures take.
 */
const GENTLE_MS = 400;
const GENTLE_PART = 0.6;
const GENTLE_FACTOR = 2;

/** A key frame does not begin behind a queue of ours that is longer, of which little is known yet. */
const MAX_BEGIN_QUEUE_MS = 100;

/** Of a viewer: what is sent, and over which link. */
export interface NarrowSenderOptions {
  readonly feed: RtpFeed;
  readonly audio: RtpTrack | undefined;
  readonly video: RtpTrack | undefined;
  /** What sends pictures as long as those of the beginning are not caught up with. */
  readonly past: PastPictures | undefined;
  readonly srtp: SrtpSender;
  readonly resends: RtpResends;
  readonly link: ViewerLink;
  /** Where there may be other renditions. */
  readonly switcher: RenditionSwitcher | undefined;
}

/**
 * Sends over a link that does not carry all: sound at once, then what is asked for again, then the
 * pictures that fit, spread by the link's rate; and padding, by which more is found to be there.
 */
export class NarrowSender {
  readonly #options: NarrowSenderOptions;
  readonly #thinner = new PictureThinner();
  readonly #times = new PictureTimes();
  readonly #pace = new ViewerPace();
  #videoBps = 0;
  #soundBps = 0;
  #maxRedundancy = Infinity;
  #ratesDueMs = -Infinity;
  #nextMs = Infinity;
  #gentleUntilMs = -Infinity;

  constructor(options: NarrowSenderOptions) {
    this.#options = options;
  }

  get quality(): ViewerQuality {
    return this.#thinner.quality;
  }

  /** Whether only a key frame brings pictures for which there is room. */
  get needsKeyFrame(): boolean {
    return this.#options.video?.hasBegun === false || this.#thinner.isHeldBack;
  }

  /** When something is due though nothing new comes; Infinity if nothing is. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** How many earlier packets of sound there is room for in each one. */
  get maxRedundancy(): number {
    return this.#maxRedundancy;
  }

  /** What the link is believed to carry beside the sound. */
  get #roomBps(): number {
    return Math.max(0, this.#options.link.estimator.estimateBps - this.#soundBps);
  }

  /**
   * Where all fits, or hardly does not, a key frame is caught up with by what the estimate leaves of the
   * link: it would hold up those behind it.
   */
  get #paceBps(): number {
    const { estimateBps } = this.#options.link.estimator;
    const fits = this.#videoBps + this.#soundBps <= HARDLY_MORE * estimateBps;
    return fits ? CATCH_UP * estimateBps : estimateBps;
  }

  /** What is sent at most while a queue is still full. */
  get #gentleBps(): number {
    return GENTLE_PART * this.#options.link.estimator.steadyBps;
  }

  /** The same for other pictures than before. */
  get #switchedBps(): number {
    return Math.min(this.#gentleBps, GENTLE_FACTOR * this.#videoBps + this.#soundBps);
  }

  /** The link has become narrow. */
  begin(): void {
    this.#thinner.reset();
    this.#times.reset();
    this.#pace.reset();
    this.#ratesDueMs = -Infinity;
  }

  /**
   * Appends datagrams that are due, `room` of them and some of sound and padding, after which nothing
   * is due at once. Returns how many of them are sent again.
   */
  take(room: number, moment: ResendMoment, datagrams: Uint8Array[]): number {
    const { link, audio, srtp } = this.#options;
    const { nowMs } = moment;
    this.#measure(nowMs);
    this.#switch(nowMs);
    const isWide = this.#improve(nowMs);
    this.#pace.advance(nowMs, nowMs < this.#gentleUntilMs ? this.#switchedBps : this.#paceBps);
    // In front of media, which would be part of what the probe measures.
    this.#pad(nowMs, datagrams);
    const begin = datagrams.length;
    audio?.take(Math.min(audio.waiting, room), srtp, datagrams);
    this.#spend(datagrams, begin, nowMs);
    this.#giveWay();
    this.#giveUp();
    const resent = this.#takeResends(begin + room, moment, datagrams);
    this.#takePictures(begin + room, nowMs, datagrams);
    this.#nextMs = this.#whenNext(nowMs);
    if (isWide && this.#isSettled && this.#thinner.isWhole) {
      this.#thinner.reset();
      link.widen();
    }
    return resent;
  }

  /** Goes on with another rendition, if that fits better. */
  #switch(nowMs: number): void {
    const { switcher, video, past, resends, link } = this.#options;
    if (switcher === undefined || video === undefined) return;
    const { hasBegun, lagMs } = video;
    const roomBps = Math.max(0, link.estimator.steadyBps - this.#soundBps);
    const isCongested = link.estimator.state === "congested";
    const replayBps = isCongested ? Math.max(0, this.#gentleBps - this.#soundBps) : this.#roomBps;
    if (!switcher.update({ roomBps, replayBps, lagMs, nowMs })) return;
    if (isCongested) this.#gentleUntilMs = nowMs + GENTLE_MS;
    if (!hasBegun) link.resumed(nowMs);
    past?.begin();
    resends.clear();
    this.#thinner.forgetNumbers();
    this.#ratesDueMs = -Infinity;
    this.#measure(nowMs);
  }

  /** Looks for more room; whether there is far more than what the largest rendition takes. */
  #improve(nowMs: number): boolean {
    const { link, switcher } = this.#options;
    const soundBps = this.#soundBps;
    const fullBps = (switcher?.largestBps(nowMs) ?? this.#videoBps) + soundBps;
    const wantedBps = switcher?.wantedBps(nowMs);
    const isWide = link.improve(nowMs, fullBps, wantedBps && wantedBps + soundBps);
    return isWide && wantedBps === undefined;
  }

  /** Whether pictures go on from where they are when nothing is left out any more. */
  get #isSettled(): boolean {
    const { video } = this.#options;
    if (video === undefined) return true;
    return video.hasBegun && video.lagMs < SETTLED_LAG_MS && this.#times.shift === 0;
  }

  #measure(nowMs: number): void {
    if (nowMs < this.#ratesDueMs) return;
    this.#ratesDueMs = nowMs + RATE_INTERVAL_MS;
    const { video, audio, link } = this.#options;
    this.#videoBps = video === undefined ? 0 : streamRateBps(video.ring);
    if (audio === undefined) return;
    this.#soundBps = streamRateBps(audio.ring, audio.redundancy);
    const plainBps = streamRateBps(audio.ring);
    const repeatedBps = Math.max(1, streamRateBps(audio.ring, 1) - plainBps);
    const roomBps = MAX_SOUND_PART * link.estimator.estimateBps - plainBps;
    this.#maxRedundancy = Math.max(0, Math.floor(roomBps / repeatedBps));
  }

  #takeResends(end: number, moment: ResendMoment, datagrams: Uint8Array[]): number {
    const { resends } = this.#options;
    let resent = 0;
    while (this.#pace.isOpen && datagrams.length < end) {
      const before = datagrams.length;
      if (!resends.takeOne(moment, datagrams)) break;
      resent++;
      this.#spend(datagrams, before, moment.nowMs);
    }
    return resent;
  }

  /** A group of which so much was lost that repairing it takes longer than the next is away. */
  #giveUp(): void {
    const { video, resends, link } = this.#options;
    if (resends.size * REPAIR_BITS <= this.#roomBps * MAX_REPAIR_MS / 1000) return;
    resends.clear();
    if (video?.position === undefined) return;
    this.#thinner.giveUp(video.ring, video.position);
    video.pause();
    link.paused();
  }

  /** What is left of a group, and what of it was lost, is of no use any more. */
  #giveWay(): void {
    const { video } = this.#options;
    const position = video?.position;
    if (position === undefined) return;
    // What is under way is sent to its end.
    if ((video!.ring.flags(position) & PacketFlag.accessUnitStart) === 0) return;
    if (this.#thinner.givesWay(video!.ring, position)) video!.pause();
  }

  #takePictures(end: number, nowMs: number, datagrams: Uint8Array[]): void {
    const { video, past, srtp, link } = this.#options;
    if (video === undefined) return;
    const room = {
      roomBps: this.#roomBps,
      fullBps: this.#videoBps,
    };
    while (this.#pace.isOpen && datagrams.length < end) {
      if (!video.hasBegun) {
        if (link.isSilent(nowMs) || !this.#beginAtKeyFrame(video, room)) return;
        link.resumed(nowMs);
      }
      const { ring } = video;
      const position = video.position!;
      if (position >= ring.head) return;
      if ((ring.flags(position) & PacketFlag.accessUnitStart) !== 0) {
        const fate = this.#thinner.fateOf(ring, position, room);
        if (fate === "cut") video.pause();
        if (fate === "leaveOut") video.jump(ring.accessUnitEnd(position));
        if (fate !== "send") continue;
        if (past?.isOn !== true) this.#setTime(video, position, room);
      }
      const before = datagrams.length;
      if (past?.isOn) past.take(1, nowMs, srtp, datagrams);
      else video.take(1, srtp, datagrams);
      this.#spend(datagrams, before, nowMs);
    }
  }

  /** Gives a picture its time, by when the whole of it will have left. */
  #setTime(video: RtpTrack, position: number, { roomBps }: PictureRoom): void {
    const { ring, lagMs } = video;
    const before = this.#times.shift;
    const bytes = ring.bytesBetween(position, ring.accessUnitEnd(position));
    const lateMs = lagMs + bytes * 8000 / Math.max(roomBps, 1);
    const timestampShift = this.#times.shiftOf(ring.timestamp(position)!, lateMs);
    if (timestampShift !== before) video.jump(position, { ring, timestampShift });
  }

  #beginAtKeyFrame(video: RtpTrack, room: PictureRoom): boolean {
    const { ring } = video;
    const start = ring.newestKeyFrame;
    if (start === undefined || !this.#options.feed.arePicturesLive) return false;
    const { estimator } = this.#options.link;
    if (estimator.isQueueOwn && estimator.queueMs > MAX_BEGIN_QUEUE_MS) return false;
    if (!this.#thinner.admits(ring, start, room)) return false;
    video.jump(start);
    video.forgetSent();
    this.#options.resends.clear();
    return true;
  }

  /** What a probe asks for: of pictures, as they are the larger packets. */
  #pad(nowMs: number, datagrams: Uint8Array[]): void {
    const { video, link: { estimator }, srtp } = this.#options;
    if (video === undefined) return;
    if (estimator.isStreaming && video.hasBegun && video.lagMs > LITTLE_LAG_MS) {
      return this.#pace.grant(estimator.paddingBytes(nowMs));
    }
    for (let count = 0; count < MAX_PADDING_PACKETS; count++) {
      if (estimator.paddingBytes(nowMs) <= 0 || !video.pad(srtp, datagrams)) return;
      const bytes = linkBytes(datagrams, datagrams.length - 1);
      // Pictures wait until it has left the queue.
      this.#pace.spend(bytes);
      estimator.padded(bytes, nowMs);
    }
  }

  #spend(datagrams: readonly Uint8Array[], begin: number, nowMs: number): void {
    if (begin === datagrams.length) return;
    const bytes = linkBytes(datagrams, begin);
    this.#pace.spend(bytes);
    this.#options.link.estimator.sent(bytes, nowMs);
  }

  #whenNext(nowMs: number): number {
    const { video, audio, resends, link } = this.#options;
    if (link.isProbing || (audio?.waiting ?? 0) > 0) return nowMs + BURST_INTERVAL_MS;
    const waitingMs = (video?.waiting ?? 0) > 0 ? -Infinity : resends.nextMs;
    return Math.max(this.#pace.openMs, waitingMs);
  }
}
