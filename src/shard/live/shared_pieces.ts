import { encodeChunk } from "../../http/response.ts";
import { encodeFrame, Opcode } from "../../http/websocket.ts";

type Piece = Uint8Array<ArrayBuffer>;

/**
 * What pieces look like on the wire. Many viewers of a stream are given the same piece: it is put
 * into its chunk or frame once for all of them. That copy is also all that a viewer which does not
 * read keeps alive of the stream.
 */
export class SharedPieces {
  readonly #encode: (piece: Piece) => Piece;
  readonly #encoded = new WeakMap<Piece, Piece>();

  private constructor(encode: (piece: Piece) => Piece) {
    this.#encode = encode;
  }

  /** Each piece as one chunk of a chunked body. */
  static chunks(): SharedPieces {
    return new SharedPieces(encodeChunk);
  }

  /** Each piece as one binary message of a WebSocket. */
  static messages(): SharedPieces {
    return new SharedPieces((piece) => encodeFrame(Opcode.binary, piece));
  }

  encoded(piece: Piece): Piece {
    let encoded = this.#encoded.get(piece);
    if (encoded === undefined) {
      encoded = this.#encode(piece);
      this.#encoded.set(piece, encoded);
    }
    return encoded;
  }
}
