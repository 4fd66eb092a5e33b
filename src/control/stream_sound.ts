import { getLogger } from "@logtape/logtape";
import { soundNote } from "./stream_notes.ts";
import type { StreamSummary } from "../shard/http/api/stream_summary.ts";
import type { PublicationDescription } from "../stream/publication.ts";
import type {
  SoundLoss,
  SoundLosses,
  TranscodingReport,
} from "../transcoding/transcoding_report.ts";

const logger = getLogger(["sluice", "control"]);

type AudioDescription = NonNullable<PublicationDescription["audio"]>;

const LOSSES: Readonly<Record<SoundLoss, string>> = {
  "damaged": "access units cannot be decoded, and are silent",
  "late": "the transcoder is too slow, and leaves some out",
  "no-configuration": "some comes before what it is is known, and is left out",
  "malformed": "messages cannot be read, and are left out",
  "too-large": "messages are too large to be sound, and are left out",
};

/** Of AAC as it is transcoded: LC, HE-AAC and HE-AAC v2. */
const TRANSCODED_AAC = ["mp4a.40.2", "mp4a.40.5", "mp4a.40.29"];
const OTHER_CODECS = ["opus", "g711-alaw", "g711-mulaw", "pcm", "pcm-native"];

/** Channels of Opus over RTP (RFC 7587 4). */
const MAX_OPUS_CHANNELS = 2;

const REMEDY = "In OBS choose AAC; with ffmpeg add -c:a aac.";

/** What becomes of one stream's sound on its way to viewers by WebRTC; each is logged once. */
export class StreamSound {
  readonly #path: string;
  readonly #dropped: Partial<Record<SoundLoss, number>> = {};
  /** Newest report of each audio track, by its number. */
  readonly #reports = new Map<number | undefined, TranscodingReport>();
  readonly #told = new Set<string>();
  /** What to tell of it while there is no Opus. */
  #failure: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes what a transcoder tells of an audio track. */
  take(report: TranscodingReport, audioTrack: number | undefined): void {
    const before = this.#reports.get(audioTrack);
    this.#reports.set(audioTrack, report);
    const known: SoundLosses = before?.id === report.id ? before.dropped : {};
    for (const [name, count] of Object.entries(report.dropped)) {
      const loss = name as SoundLoss;
      const added = count - (known[loss] ?? 0);
      if (added <= 0) continue;
      this.#dropped[loss] = (this.#dropped[loss] ?? 0) + added;
      this.#tell(`The sound of {path} over WebRTC: ${LOSSES[loss]}`);
    }
    if (report.packets > 0) this.#failure = undefined;
  }

  /** The sound could not be made into Opus. */
  failed(reason: string): void {
    this.#fail(reason, ` ${REMEDY}`);
  }

  /** There is no memory to make Opus in. */
  starved(): void {
    this.#fail("no memory is left for it", "");
  }

  /** The publisher's sound is so. */
  note(audio: AudioDescription | null): void {
    const refusal = audio === null ? undefined : refusalOf(audio);
    if (refusal !== undefined) this.#tell("{path}: {reason}", refusal);
    const missed = soundNote(audio?.codec);
    if (missed !== undefined) this.#tell("{path}: {reason}", missed, "info");
  }

  /** For the API: what was dropped, and what to do about it. */
  describe(audio: AudioDescription | null): StreamSummary["webrtc"]["sound"] {
    const refusal = audio === null ? undefined : refusalOf(audio);
    return { dropped: { ...this.#dropped }, advice: refusal ?? this.#failure ?? null };
  }

  #fail(reason: string, remedy: string): void {
    this.#failure = `The sound is not heard over WebRTC: ${reason}.${remedy}`;
    this.#tell("The sound of {path} is not heard over WebRTC: {reason}", reason);
  }

  #tell(message: string, reason?: string, level: "info" | "warn" = "warn"): void {
    const key = `${message} ${reason}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    logger[level](message, { path: this.#path, reason });
  }
}

/** Why sound of this kind is not heard over WebRTC; `undefined` if it is. */
function refusalOf({ codec, channels }: AudioDescription): string | undefined {
  if (codec === "opus" && (channels ?? 0) > MAX_OPUS_CHANNELS) {
    return `Opus of ${channels} channels is not heard over WebRTC, which has two. ` +
      "With ffmpeg add -ac 2.";
  }
  if (TRANSCODED_AAC.includes(codec) || OTHER_CODECS.includes(codec)) return undefined;
  return `Sound of the kind ${codec} is not heard over WebRTC, but AAC is, and Opus. ${REMEDY}`;
}
