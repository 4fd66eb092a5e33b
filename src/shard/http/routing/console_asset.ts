/** A file of the console, held in memory. */
export interface ConsoleAsset {
  /** The path of its address: "/" or below "/assets/". */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}
