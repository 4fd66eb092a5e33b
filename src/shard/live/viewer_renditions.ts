import type { RtpSubscriber } from "../../egress/rtp_audience.ts";
import type { RenditionSource } from "../../egress/rendition_switcher.ts";
import type { PacketRing } from "../../rtp/packet_ring.ts";
import type { Rendition } from "../../stream/renditions.ts";
import { defaultTrackId } from "../../stream/track_selection.ts";
import type { LiveStream } from "./live_stream.ts";
import type { RtpStream } from "./rtp_stream.ts";

/** Which of a stream's renditions a viewer wants; all of them if it names none. */
export interface RenditionWish {
  /** The number of a track: no other is sent, as long as there is this one. */
  readonly trackId?: number;
  /** Pixels that pictures may have; of those that fit, whichever the link carries is sent. */
  readonly maxWidth?: number;
  readonly maxHeight?: number;
}

/** A rendition whose packets a viewer is sent, or is about to be. */
interface Watched {
  readonly rtp: RtpStream;
  readonly subscriber: RtpSubscriber;
}

/** A stream's renditions for one WebRTC viewer that is sent whichever fits. */
export class ViewerRenditions implements RenditionSource {
  readonly #stream: LiveStream;
  /** With the sound that it hears, and the pictures that it begins with. */
  readonly #own: RtpStream;
  readonly #holder: number;
  readonly #watched = new Map<number, Watched>();
  #wish: RenditionWish | undefined;
  /** Called when there are new packets of what is open. */
  onPackets: () => void = () => {};

  /** @param holder whose share of the memory packets count to that are made for it */
  constructor(stream: LiveStream, own: RtpStream, holder: number) {
    this.#stream = stream;
    this.#own = own;
    this.#holder = holder;
  }

  get firstTrackId(): number {
    return defaultTrackId("video", this.#stream.log.tracks);
  }

  list(nowMs: number): readonly Rendition[] {
    const all = this.#stream.renditions.recent(nowMs);
    return this.#wish === undefined ? all : wanted(all, this.#wish);
  }

  /** The numbers of those that there are. */
  trackIds(nowMs: number): readonly number[] {
    const all = this.#stream.renditions.recent(nowMs);
    return all.length === 0 ? [this.firstTrackId] : all.map(({ trackId }) => trackId);
  }

  /** From now on it is sent what it wants. */
  choose(wish: RenditionWish): void {
    this.#wish = Object.keys(wish).length === 0 ? undefined : wish;
  }

  open(trackId: number): PacketRing | undefined {
    if (trackId === this.firstTrackId) return this.#own.audience.feed.video.ring;
    const known = this.#watched.get(trackId);
    if (known !== undefined) return known.rtp.audience.feed.video.ring;
    const selection = { audio: false, video: true, videoTrack: trackId };
    const rtp = this.#stream.rtp(selection, this.#holder);
    // For want of memory, or of room beside what others have chosen.
    if (typeof rtp === "string") return undefined;
    const lost = () => void this.#watched.delete(trackId);
    const subscriber = {
      hasVideo: true,
      lacksVideo: false,
      notify: () => this.onPackets(),
      renew: lost,
      end: lost,
    };
    rtp.audience.add(subscriber);
    this.#watched.set(trackId, { rtp, subscriber });
    return rtp.audience.feed.video.ring;
  }

  wishKeyFrame(trackId: number): void {
    this.#stream.log.wishKeyFrame(trackId);
  }

  isOpen(trackId: number): boolean {
    return trackId === this.firstTrackId || this.#watched.has(trackId);
  }

  close(trackId: number): void {
    const watched = this.#watched.get(trackId);
    this.#watched.delete(trackId);
    watched?.rtp.audience.remove(watched.subscriber);
  }

  /** The viewer is gone. */
  closeAll(): void {
    for (const trackId of this.#watched.keys()) this.close(trackId);
  }
}

/** For want of the track, all are wanted; for want of a small one, the smallest. */
function wanted(
  all: readonly Rendition[],
  { trackId, maxWidth = Infinity, maxHeight = Infinity }: RenditionWish,
): readonly Rendition[] {
  if (trackId !== undefined) {
    const ofTrack = all.filter((rendition) => rendition.trackId === trackId);
    return ofTrack.length > 0 ? ofTrack : all;
  }
  const fitting = all.filter(({ width, height }) =>
    (width ?? Infinity) <= maxWidth && (height ?? Infinity) <= maxHeight
  );
  return fitting.length > 0 ? fitting : all.slice(-1);
}
