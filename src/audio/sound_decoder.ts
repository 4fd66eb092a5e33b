/**
 * Makes samples of one stream's access units: what a transcoder needs of any codec. What comes out
 * may change with an access unit: its properties are those of what was returned last.
 */
export interface SoundDecoder {
  /** Hz of what comes out. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel of a usual access unit. */
  readonly samplesPerUnit: number;
  /** Access units that could not be decoded. */
  readonly errors: number;

  /** Samples from -1 to 1 by channel, which hold until the next call. */
  decode(accessUnit: Uint8Array): readonly Float32Array[];

  /** As much silence as a usual access unit has sound, for one that was lost. Holds as `decode`'s. */
  conceal(): readonly Float32Array[];

  /** Gives all memory back; the decoder must not be used any more. */
  close(): void;
}
