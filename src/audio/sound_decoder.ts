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

  /**
   * Cuts an access unit into what is decoded at a time, so that none takes long: parts of it, which
   * hold as long as it does.
   */
  cut(accessUnit: Uint8Array): readonly Uint8Array[];

  /** Samples from -1 to 1 by channel, which hold until the next call, of what was cut. */
  decode(part: Uint8Array): readonly Float32Array[];

  /** Some silence, for sound that was lost: of what one part has at most. Holds as `decode`'s. */
  conceal(): readonly Float32Array[];

  /** Gives all memory back; the decoder must not be used any more. */
  close(): void;
}
