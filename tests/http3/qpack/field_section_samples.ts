import { concat } from "@std/bytes/concat";
import type { HeaderField } from "../../../src/http3/qpack/static_table.ts";
import { fromHex } from "../../../testing/mutation.ts";
import { encodeHuffman } from "./huffman_encoder.ts";

/** A literal with a name of the static table below 15, and a value in Huffman's code below 127. */
function named(index: number, value: string): Uint8Array {
  return concat([Uint8Array.of(0x50 + index), coded(0x80, value)]);
}

/** A literal with both in Huffman's code: the name has 7 to 134 bytes in it. */
function literal(name: string, value: string): Uint8Array {
  const encoded = encodeHuffman(new TextEncoder().encode(name));
  return concat([Uint8Array.of(0x2f, encoded.length - 7), encoded, coded(0x80, value)]);
}

function coded(flags: number, text: string): Uint8Array {
  const encoded = encodeHuffman(new TextEncoder().encode(text));
  return concat([Uint8Array.of(flags + encoded.length), encoded]);
}

/** What is encoded, in forms that differ from our own, and the fields in it. */
export const ENCODED_SECTIONS: readonly (readonly [Uint8Array, readonly HeaderField[]])[] = [
  // RFC 9204 B.1
  [fromHex("0000 510b 2f69 6e64 6578 2e68 746d 6c"), [[":path", "/index.html"]]],
  [fromHex("0000"), []],
  // A base that nothing refers to; the integer that could be shorter.
  [fromHex("00 05 d9"), [[":status", "200"]]],
  [fromHex("00 7f8000 d9"), [[":status", "200"]]],
  // The last of the static table: its index does not fit into the prefix.
  [fromHex("0000 ff23 5f53 02 6f6b"), [["x-frame-options", "sameorigin"], [
    "x-frame-options",
    "ok",
  ]]],
  // Never to be indexed by others, with and without Huffman's code, and empty.
  [fromHex("0000 7f45 82 6402"), [["authorization", "302"]]],
  [fromHex("0000 3161 01ff 20 00 7f4500"), [["a", "\u00ff"], ["", ""], ["authorization", ""]]],
  // As browsers open a session.
  [
    concat([
      fromHex("0000 cf d7"),
      named(0, "localhost:4433"),
      named(1, "/live/a.flv?audio=0"),
      literal(":protocol", "webtransport"),
      literal("sec-webtransport-http3-draft02", "1"),
      concat([fromHex("5f4b"), coded(0x80, "https://localhost:8443")]),
      concat([fromHex("5f50"), coded(0x80, "Mozilla/5.0 (X11; Linux x86_64)")]),
    ]),
    [
      [":method", "CONNECT"],
      [":scheme", "https"],
      [":authority", "localhost:4433"],
      [":path", "/live/a.flv?audio=0"],
      [":protocol", "webtransport"],
      ["sec-webtransport-http3-draft02", "1"],
      ["origin", "https://localhost:8443"],
      ["user-agent", "Mozilla/5.0 (X11; Linux x86_64)"],
    ],
  ],
];
