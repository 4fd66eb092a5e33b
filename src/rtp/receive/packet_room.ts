/** Bytes that the packets of several sources may have together while they are held. */
export class PacketRoom {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  has(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  /** @param bytes less than 0 of what is let go of */
  take(bytes: number): void {
    this.#bytes += bytes;
  }
}
