import type { ClockTie } from "../rtp/rtp_clock.ts";
import { LogFollower } from "../stream/log_follower.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { LogTags } from "../stream/log_tags.ts";
import { AudioPackets } from "./audio_packets.ts";
import { VideoPackets } from "./video_packets.ts";

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
  #opus: LogFollower | undefined;
  #tie: ClockTie | undefined;

  constructor(log: LogReader, offsets: ClockOffsets) {
    this.#log = log;
    this.#tags = new LogTags(log);
    this.video = new VideoPackets(offsets.video);
    this.audio = new AudioPackets(offsets.audio);
  }

  /** Times that the log passed over what was not read yet. */
  get jumps(): number {
    return this.#tags.jumps;
  }

  /** Takes the sound from another log, or from the stream's own again. */
  setOpusLog(opus: LogReader | undefined, nowMs: number): void {
    this.#opus = opus && new LogFollower(opus, nowMs);
  }

  /** Makes packets of what the logs have got since the last call. */
  update(nowMs: number): void {
    for (let tag = this.#tags.next(); tag !== undefined; tag = this.#tags.next()) {
      if (tag.track === "video") this.video.take(tag.body, tag.timestampMs);
      else this.audio.take(tag.body, tag.timestampMs);
    }
    if (this.#opus === undefined) return;
    for (let tag = this.#opus.next(nowMs); tag !== undefined; tag = this.#opus.next(nowMs)) {
      this.audio.take(tag.body, tag.timestampMs);
    }
  }

  /**
   * The same moment on the stream's clock and the wall clock. It is settled once: picture and sound
   * are played in step by it.
   */
  clockTie(unixMs: number): ClockTie {
    this.#tie ??= { streamMs: this.#log.lastTimestampMs, unixMs };
    return this.#tie;
  }
}
