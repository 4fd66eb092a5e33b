/** What is watched of a viewer while its link has one width. */

/** How often is looked. */
export const SAMPLE_MS = 50;

/** After a change, the queue may be long for so long. */
export const PHASE_START_MS = 2000;

/** What came of it. */
export interface LinkPhase {
  readonly kbps: number;
  readonly lengthMs: number;
  /** Pictures that were decoded. */
  readonly frames: number;
  /** Of packets of pictures and sound that arrived. */
  readonly bytes: number;
  readonly longestGapMs: number;
  /** The same, from two seconds on. */
  readonly longestGapSettledMs: number;
  /** When all pictures came again; `null` if never. */
  readonly fullAfterMs: number | null;
  readonly freezes: number;
  /** Part of the sound that was made up. */
  readonly concealed: number;
  /** The same, from two seconds on. */
  readonly concealedSettled: number;
  /** Part of the time that there was sound for, made up or not. */
  readonly heardPart: number;
  /** Of the link's queue, from two seconds on. */
  readonly queueP95Ms: number;
  /** Moment, pictures decoded and samples made up, of each sample. */
  readonly frameTimes: readonly (readonly [atMs: number, frames: number, concealed: number])[];
}
