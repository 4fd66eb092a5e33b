/** Why sound was left out, or became silence, on its way to Opus. */
export type SoundLoss =
  /** Access units that could not be decoded: silence is in their place. */
  | "damaged"
  /** The worker was too slow: what had waited too long was passed over, so many times. */
  | "late"
  /** Frames that came before what they are was known. */
  | "no-configuration"
  /** Messages that cannot be read. */
  | "malformed"
  /** Messages with more bytes than sound has. */
  | "too-large";

/** Times that each befell a stream's sound; what never did is not there. */
export type SoundLosses = Readonly<Partial<Record<SoundLoss, number>>>;

/** What became of one stream's sound so far. */
export interface TranscodingReport {
  readonly id: number;
  /** Opus packets written. */
  readonly packets: number;
  readonly dropped: SoundLosses;
  /** Milliseconds of silence put in for what was lost. */
  readonly silenceMs: number;
  /** Times that timestamps jumped so far that time started anew. */
  readonly restarts: number;
}
