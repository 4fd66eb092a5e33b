import type { ClockTie } from "../rtp/rtp_clock.ts";
import { SoundFollower } from "../stream/sound_follower.ts";
import { distance } from "../stream/log_layout.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { LogTags } from "../stream/log_tags.ts";
import { DEFAULT_TRACKS, type TrackSelection } from "../stream/track_selection.ts";
import { AudioPackets } from "./audio_packets.ts";
import type { StreamClock } from "./stream_clock.ts";
import { VideoPackets } from "./video_packets.ts";

/** How far pictures are behind the sound that have stopped. */
const PICTURES_STOPPED_MS = 3000;

/**
 * What the WebRTC viewers of a stream on one shard are sent: its pictures and its sound as RTP
 * packets, each made once. Sound that is Opus already is in the stream's log; other sound comes from
 * a log of Opus, which is there as long as somebody listens.
 */
export class RtpFeed {
  readonly video: VideoPackets;
  readonly audio: AudioPackets;
  readonly #clock: StreamClock;
  readonly #tags: LogTags;
  /** Time of the newest sound in the stream's own log. */
  #newestSoundMs: number | undefined;
  /** When the newest picture came. */
  #newestPictureAtMs = -Infinity;
  #opus: SoundFollower | undefined;

  /**
   * @param clock of the stream on this shard
   * @param maxPayloadSize bytes of the payload of a packet, at most
   */
  constructor(
    log: LogReader,
    clock: StreamClock,
    maxPayloadSize?: number,
    selection: TrackSelection = DEFAULT_TRACKS,
  ) {
    this.#clock = clock;
    this.#tags = new LogTags(log, selection);
    this.video = new VideoPackets(clock.offsets.video, maxPayloadSize);
    this.audio = new AudioPackets(clock.offsets.audio);
  }

  /** Bytes of the packets that are held for viewers, and of what they are made from. */
  get heldBytes(): number {
    return this.audio.ring.byteLength + this.video.ring.byteLength + this.#tags.bufferBytes;
  }

  /**
   * By how much the newest packet of sound is behind the stream's newest sound: long as long as a
   * transcoder makes what is past.
   */
  get soundLagMs(): number {
    const { ring } = this.audio;
    const packetMs = ring.timeMs(ring.head - 1);
    if (packetMs === undefined || this.#newestSoundMs === undefined) return 0;
    return distance(packetMs, this.#newestSoundMs);
  }

  /**
   * Whether pictures come, or nothing comes: not if they have stopped while the sound goes on.
   * Receivers keep both in step by their times, and would hold the sound back for an old picture.
   */
  get arePicturesLive(): boolean {
    const { ring } = this.video;
    const pictureMs = ring.timeMs(ring.head - 1);
    if (pictureMs === undefined || this.#newestSoundMs === undefined) return true;
    return distance(pictureMs, this.#newestSoundMs) <= PICTURES_STOPPED_MS;
  }

  /** How long ago the newest picture came. */
  pictureAgeMs(nowMs: number): number {
    return nowMs - this.#newestPictureAtMs;
  }

  /** Takes the sound from another log, or from the stream's own again. */
  setOpusLog(opus: LogReader | undefined, nowMs: number): void {
    this.#opus = opus && new SoundFollower(opus, nowMs);
  }

  /** Makes packets of what the logs have got since the last call. */
  update(nowMs: number): void {
    this.#clock.update(nowMs);
    for (let tag = this.#tags.next(); tag !== undefined; tag = this.#tags.next()) {
      if (tag.track === "audio") this.#newestSoundMs = tag.timestampMs;
      else this.#newestPictureAtMs = nowMs;
      const delayMs = this.#clock.delayAtMs(tag.timestampMs);
      if (tag.track === "video") this.video.take(tag.body, tag.timestampMs, delayMs, tag.layer);
      else this.audio.take(tag.body, tag.timestampMs, delayMs);
    }
    if (this.#opus === undefined) return;
    for (let tag = this.#opus.next(nowMs); tag !== undefined; tag = this.#opus.next(nowMs)) {
      this.audio.take(tag.body, tag.timestampMs, this.#clock.delayAtMs(tag.timestampMs));
    }
  }

  /** The same moment on the stream's clock and the wall clock, for all its tracks. */
  clockTie(unixMs: number): ClockTie {
    return this.#clock.tie(unixMs);
  }
}
