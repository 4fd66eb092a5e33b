import { RtpAudience } from "../../egress/rtp_audience.ts";
import type { StreamClock } from "../../egress/stream_clock.ts";
import { isTranscodable } from "../../audio/aac_stream.ts";
import { CodecError } from "../../codec/codec_error.ts";
import { parseAacConfiguration } from "../../codec/sound/aac.ts";
import { parseOpusHead } from "../../codec/sound/opus.ts";
import type { AudioBody, AudioConfiguration, FlvAudioCodec } from "../../flv/audio_body.ts";
import { parseAudioBody } from "../../flv/audio_body_parser.ts";
import { TAG_AUDIO } from "../../flv/tag.ts";
import type { SharedLog } from "../../stream/log_arena.ts";
import { LogState } from "../../stream/log_layout.ts";
import { LogReader } from "../../stream/log_reader.ts";
import { additionalTrackId, type TrackSelection } from "../../stream/track_selection.ts";
import type { StreamAudio, StreamVideo } from "../../webrtc/sdp/codec_choice.ts";
import type { StreamMedia } from "../../webrtc/sdp/media_choice.ts";
import type { OpusEvents } from "../control_link.ts";
import type { BFrameReport } from "../../egress/video_packet_maker.ts";
import type { SharedOpus } from "./shared_opus.ts";
import { timeSlice } from "../time_slice.ts";

/** How long packets are made on without a viewer: one that reloads its page begins at once. */
const LINGER_MS = 5000;

/** Sound that becomes Opus on the way. */
const TRANSCODED: ReadonlySet<FlvAudioCodec> = new Set(
  ["aac", "g711-alaw", "g711-mulaw", "pcm", "pcm-native"],
);

/** What is made of a stream, and how. */
export interface RtpStreamOptions {
  readonly selection: TrackSelection;
  /** Of the stream on this shard. */
  readonly clock: StreamClock;
  /** Bytes of the payload of a packet, at most. */
  readonly maxPayloadSize: number;
  readonly nowMs: number;
}

/**
 * Some tracks of a stream as WebRTC has them on one shard: their packets and viewers, and the sound
 * as Opus.
 */
export class RtpStream {
  readonly audience: RtpAudience;
  readonly #selection: TrackSelection;
  readonly #log: LogReader;
  readonly #opusOf: (audioTrack: number | undefined) => SharedOpus;
  readonly #opusEvents: OpusEvents = {
    opened: (log) => this.#onOpusOpened(log),
    closed: () => this.#leaveOpus("closed"),
  };
  #opus: "unwanted" | "wanted" | "closed" = "unwanted";
  /** Whose Opus is wanted. */
  #opusSource: SharedOpus | undefined;
  #opusLog: LogReader | undefined;
  #lastViewerMs: number;
  /** Whether a viewer has come for the sound. */
  #isHeard = false;
  #isOver = false;
  /** What the stream was when it was looked at for sound. */
  #preambleVersion = -1;
  /** While sound of the stream's own log is waited for. */
  #ownSound: Promise<void> | undefined;

  /** @param opusOf the Opus of the default audio track, or of another by its number */
  constructor(
    log: LogReader,
    opusOf: (audioTrack: number | undefined) => SharedOpus,
    { selection, clock, maxPayloadSize, nowMs }: RtpStreamOptions,
  ) {
    this.#selection = selection;
    this.#log = log;
    this.#opusOf = opusOf;
    this.#lastViewerMs = nowMs;
    this.audience = new RtpAudience(log, clock, maxPayloadSize, selection);
    this.audience.notify(nowMs);
  }

  /** Whether it was closed: viewers that were added now would be sent nothing. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Somebody asks for it, and may come to watch: puts off that it is idle. */
  keep(nowMs: number): void {
    this.#lastViewerMs = nowMs;
  }

  /** What the stream has that WebRTC can carry; `undefined` as long as that is not known. */
  media(): StreamMedia | undefined {
    const { hasAudio, hasVideo } = this.#log;
    if (hasAudio && hasVideo && this.#audioCodec() === undefined) return undefined;
    if (hasVideo && this.#video() === undefined) return undefined;
    return this.mediaSoFar();
  }

  /** The same, as far as it is known: a track that says nothing of itself is not waited for. */
  mediaSoFar(): StreamMedia | undefined {
    if (!this.#log.tracksSettled) return undefined;
    const { hasAudio, hasVideo } = this.#log;
    const video = hasVideo ? this.#video() : undefined;
    return { audio: hasAudio ? this.#audio() : undefined, video };
  }

  /** What is known of its B pictures; `undefined` where there is nothing to be known. */
  report(): BFrameReport | undefined {
    return this.audience.feed.video.bFrames;
  }

  /** Sees to the sound being there as Opus. */
  wantOpus(): void {
    this.#isHeard = true;
    const source = this.#opusOf(additionalTrackId("audio", this.#selection, this.#log.tracks));
    // The publisher, who is another now, counts its tracks otherwise.
    if (this.#opus === "wanted" && source !== this.#opusSource) this.#leaveOpus("unwanted");
    if (this.#audioCodec() === "opus") this.#watchOwnSound();
    if (this.#opus !== "unwanted" || this.#isOver || !isTranscoded(this.#audioCodec())) return;
    this.#opus = "wanted";
    this.#opusSource = source;
    source.want(this.#opusEvents);
  }

  /** One of the logs has been flushed. Sound that comes late is seen to at once. */
  notify(nowMs: number): void {
    this.audience.notify(nowMs);
    const { preambleVersion } = this.#log;
    if (preambleVersion === this.#preambleVersion) return;
    this.#preambleVersion = preambleVersion;
    if (this.#isHeard && this.audience.size > 0) this.wantOpus();
  }

  /** Whether it can be let go of: nobody has watched for a while. */
  isIdle(nowMs: number): boolean {
    if (this.audience.size > 0) this.#lastViewerMs = nowMs;
    return nowMs - this.#lastViewerMs >= LINGER_MS;
  }

  /**
   * Tries again what has failed, and what a publisher that came back has made necessary. To be
   * called every second.
   */
  sweep(): void {
    if (this.#opus === "closed") this.#opus = "unwanted";
    if (this.#isHeard && this.audience.size > 0) this.wantOpus();
  }

  /** Ends all viewers, and lets go of the Opus. */
  close(reason: string): void {
    this.#isOver = true;
    this.audience.end(reason);
    this.#leaveOpus("closed");
  }

  #onOpusOpened(shared: SharedLog): void {
    const log = new LogReader(shared);
    this.#opusLog = log;
    this.audience.feed.setOpusLog(log, performance.now());
    void this.#watchOpus(log);
  }

  #leaveOpus(state: "unwanted" | "closed"): void {
    this.#opusLog = undefined;
    this.audience.feed.setOpusLog(undefined, 0);
    this.#opusSource?.unwant(this.#opusEvents);
    this.#opusSource = undefined;
    this.#opus = state;
  }

  async #watchOpus(log: LogReader): Promise<void> {
    const share = timeSlice.share("many peers");
    while (!this.#isOver && this.#opusLog === log) {
      const wake = log.wake;
      const nowMs = performance.now();
      share.begin(nowMs);
      this.audience.notify(nowMs);
      await share.pause();
      await log.waitForFlush(wake);
    }
  }

  /** Sound that is Opus already need not wait for the next picture. */
  #watchOwnSound(): void {
    this.#ownSound ??= (async () => {
      const share = timeSlice.share("many peers");
      while (!this.#isOver && this.#log.state !== LogState.ended) {
        const { soundWake } = this.#log;
        const nowMs = performance.now();
        share.begin(nowMs);
        this.audience.notify(nowMs);
        await share.pause();
        await this.#log.waitForSound(soundWake);
      }
      this.#ownSound = undefined;
    })();
  }

  #video(): StreamVideo | undefined {
    const { format, codec, isUnsendable } = this.audience.feed.video;
    return isUnsendable ? { codec: "unsendable", name: `${codec}` } : format;
  }

  #audio(): StreamAudio | undefined {
    const configuration = this.#audioConfiguration();
    try {
      if (configuration?.codec === "opus") {
        return this.#opusAudio(configuration.data);
      }
      if (configuration?.codec === "aac") {
        const aac = parseAacConfiguration(configuration.data);
        if (!isTranscodable(aac)) return undefined;
        return { codec: "opus", channels: aac.channels === 1 ? 1 : 2 };
      }
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    }
    const { heard } = this.audience.feed.audio;
    if (heard === undefined || !isTranscoded(heard.codec)) return undefined;
    return { codec: "opus", channels: heard.channels === 1 ? 1 : 2 };
  }

  /** Opus as its header says, or what is said beside it; more channels than two, WebRTC has not. */
  #opusAudio(head: Uint8Array): StreamAudio | undefined {
    // Enhanced RTMP v2: without a header, channels are said beside, or are one or two.
    const said = head.length > 0
      ? parseOpusHead(head).channels
      : this.#audioBodies().find((body) => body.kind === "channels")?.channels ?? 2;
    if (said !== 1 && said !== 2) return undefined;
    return { codec: "opus", channels: said, isAsPublished: true };
  }

  #audioCodec(): FlvAudioCodec | undefined {
    return this.#audioConfiguration()?.codec ?? this.audience.feed.audio.heard?.codec;
  }

  #audioConfiguration(): AudioConfiguration | undefined {
    return this.#audioBodies().find((body) => body.kind === "configuration");
  }

  /** The configuration and what is said beside it. */
  #audioBodies(): AudioBody[] {
    const tags = this.#log.preamble(this.#selection)?.tags ?? [];
    return tags.filter(({ type }) => type === TAG_AUDIO).map(({ body }) => parseAudioBody(body));
  }
}

/** Whether Opus is made of it. */
function isTranscoded(codec: FlvAudioCodec | undefined): boolean {
  return codec !== undefined && TRANSCODED.has(codec);
}
