import type { ClockTie } from "../rtp/rtp_clock.ts";
import { SoundFollower } from "../stream/sound_follower.ts";
import { distance, LogState } from "../stream/log_layout.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { SPLICE_GAP_MS } from "../stream/timeline.ts";
import { LogTags } from "../stream/log_tags.ts";
import { DEFAULT_TRACKS, type TrackSelection } from "../stream/track_selection.ts";
import { AudioPackets } from "./audio_packets.ts";
import { VideoPackets } from "./video_packets.ts";

/** How far pictures are behind the sound that have stopped. */
const PICTURES_STOPPED_MS = 3000;

/** Of a feed: both random, 32 bits (RFC 3550 5.1). */
export interface ClockOffsets {
  readonly audio: number;
  readonly video: number;
}

/**
 * What the WebRTC viewers of a stream on one shard are sent: its pictures and its sound as RTP
 * packets, each made once. Sound that is Opus already is in the stream's log; other sound comes from
 * a log of Opus, which is there as long as somebody listens.
 */
export class RtpFeed {
  readonly video: VideoPackets;
  readonly audio: AudioPackets;
  readonly #log: LogReader;
  readonly #tags: LogTags;
  /** Of a publisher that comes back, against the stream's time. */
  readonly #delay = new ReturnDelay();
  #wasAway = false;
  /** When the newest tag came. */
  #newestAtMs = 0;
  /** Time of the newest sound in the stream's own log. */
  #newestSoundMs: number | undefined;
  #opus: SoundFollower | undefined;
  #tie: ClockTie | undefined;

  /** @param maxPayloadSize bytes of the payload of a packet, at most */
  constructor(
    log: LogReader,
    offsets: ClockOffsets,
    maxPayloadSize?: number,
    selection: TrackSelection = DEFAULT_TRACKS,
  ) {
    this.#log = log;
    this.#tags = new LogTags(log, selection);
    this.video = new VideoPackets(offsets.video, maxPayloadSize);
    this.audio = new AudioPackets(offsets.audio);
  }

  /** Bytes of the packets that are held for viewers, and of what they are made from. */
  get heldBytes(): number {
    return this.audio.ring.byteLength + this.video.ring.byteLength + this.#tags.bufferBytes;
  }

  /** Times that the log passed over what was not read yet. */
  get jumps(): number {
    return this.#tags.jumps;
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

  /** Takes the sound from another log, or from the stream's own again. */
  setOpusLog(opus: LogReader | undefined, nowMs: number): void {
    this.#opus = opus && new SoundFollower(opus, nowMs);
  }

  /** Makes packets of what the logs have got since the last call. */
  update(nowMs: number): void {
    // What is there now, if the publisher is gone, is still the old one's.
    const isAway = this.#log.state === LogState.waiting;
    for (let tag = this.#tags.next(); tag !== undefined; tag = this.#tags.next()) {
      if (this.#wasAway) this.#delay.begin(tag.timestampMs, nowMs - this.#newestAtMs);
      this.#wasAway = false;
      this.#newestAtMs = nowMs;
      if (tag.track === "audio") this.#newestSoundMs = tag.timestampMs;
      const delayMs = this.#delay.at(tag.timestampMs);
      const track = tag.track === "video" ? this.video : this.audio;
      track.take(tag.body, tag.timestampMs, delayMs);
    }
    this.#wasAway ||= isAway;
    if (this.#opus === undefined) return;
    for (let tag = this.#opus.next(nowMs); tag !== undefined; tag = this.#opus.next(nowMs)) {
      this.audio.take(tag.body, tag.timestampMs, this.#delay.at(tag.timestampMs));
    }
  }

  /**
   * The same moment on the stream's clock and the wall clock. It is settled once: picture and sound
   * are played in step by it.
   */
  clockTie(unixMs: number): ClockTie {
    const { lastTimestampMs } = this.#log;
    this.#tie ??= { streamMs: lastTimestampMs + this.#delay.at(lastTimestampMs), unixMs };
    return this.#tie;
  }
}

/**
 * How much later than its own time a stream goes on after its publisher came back. In the stream, no
 * time passes meanwhile, as players of FLV want it; receivers of RTP measure the sender's clock by
 * its timestamps, and would take the step for a clock that is slow, and show pictures late.
 */
class ReturnDelay {
  #fromMs = 0;
  #beforeMs = 0;
  #sinceMs = 0;

  /** The publisher is back with `timestampMs`, after it was away for so long. */
  begin(timestampMs: number, awayMs: number): void {
    this.#fromMs = timestampMs;
    this.#beforeMs = this.#sinceMs;
    this.#sinceMs += Math.max(0, Math.round(awayMs) - SPLICE_GAP_MS);
  }

  /** For what has this timestamp: sound is made into Opus later than pictures come. */
  at(timestampMs: number): number {
    return distance(this.#fromMs, timestampMs) >= 0 ? this.#sinceMs : this.#beforeMs;
  }
}
