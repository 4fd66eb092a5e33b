import { assertEquals } from "@std/assert";
import { Http3Code, Http3Error } from "../../../src/http3/http3_error.ts";
import { CODE_LENGTHS, decodeHuffman } from "../../../src/http3/qpack/huffman.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { codeOf } from "../errors.ts";
import { CODES, encodeHuffman, packBits } from "./huffman_encoder.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** RFC 7541 C.4 and C.6. */
const STRINGS: readonly (readonly [text: string, hex: string])[] = [
  ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
  ["no-cache", "a8eb10649cbf"],
  ["custom-key", "25a849e95ba97d7f"],
  ["custom-value", "25a849e95bb8e8b4bf"],
  ["302", "6402"],
  ["private", "aec3771a4b"],
  ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
  ["https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"],
  ["", ""],
];

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** RFC 7541 appendix B: one of each kind, and both ends of lengths that are spread. */
const SYMBOLS: readonly (readonly [symbol: number, code: number, length: number])[] = [
  [0, 0x1ff8, 13],
  [1, 0x7fffd8, 23],
  [2, 0xfffffe2, 28],
  [9, 0xffffea, 24],
  [10, 0x3ffffffc, 30],
  [22, 0x3ffffffe, 30],
  [32, 0x14, 6],
  [48, 0x0, 5],
  [92, 0x7fff0, 19],
  [97, 0x3, 5],
  [116, 0x9, 5],
  [122, 0x7b, 7],
  [128, 0xfffe6, 20],
  [192, 0x3ffffe0, 26],
  [249, 0xffffffe, 28],
  [255, 0x3ffffee, 26],
  [256, 0x3fffffff, 30],
];

Deno.test("Huffman: the code is complete, and is that of RFC 7541", () => {
  assertEquals(CODE_LENGTHS.length, 257);
  assertEquals(CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0), 1);
  for (const [symbol, code, length] of SYMBOLS) {
    assertEquals(CODES[symbol], code.toString(2).padStart(length, "0"), `${symbol}`);
  }
});

Deno.test("Huffman: strings, both ways", () => {
  for (const [text, hex] of STRINGS) {
    assertEquals(decodeHuffman(fromHex(hex), 100), bytesOf(text));
    assertEquals(toHex(encodeHuffman(bytesOf(text))), hex);
  }
  assertEquals(decodeHuffman(encodeHuffman(ALL_BYTES), 256), ALL_BYTES);
  for (const byte of ALL_BYTES) {
    const three = Uint8Array.of(byte, 0x30, byte);
    assertEquals(decodeHuffman(encodeHuffman(three), 3), three);
  }
});

Deno.test("Huffman: padding is up to seven bits of ones", () => {
  // "&" has 8 bits, "0" has 5, of zeros.
  assertEquals(decodeHuffman(packBits(CODES[0x26]!), 9), bytesOf("&"));
  assertEquals(decodeHuffman(packBits(`${CODES[0x26]}00000`), 9), bytesOf("&0"));
  assertEquals(decodeHuffman(packBits("00000".repeat(5)), 9), bytesOf("00000"));
  const bad = [
    `${CODES[0x26]}11111111`,
    "11111111",
    "00000110",
    `${CODES[0x26]}11111110`,
    "00000" + "1".repeat(27),
  ];
  for (const bits of bad) {
    const code = codeOf(() => decodeHuffman(packBits(bits), 9));
    assertEquals(code, Http3Code.qpackDecompressionFailed, bits);
  }
});

Deno.test("Huffman: the end of a string is not sent", () => {
  for (const bits of [CODES[256]!, `00000${CODES[256]}`, `${CODES[256]}00000`]) {
    const code = codeOf(() => decodeHuffman(packBits(bits), 9));
    assertEquals(code, Http3Code.qpackDecompressionFailed, bits);
  }
});

Deno.test("Huffman: a string has up to the limit, which is looked at before it is exceeded", () => {
  const encoded = encodeHuffman(bytesOf("0".repeat(101)));
  assertEquals(decodeHuffman(encoded, 101).length, 101);
  for (const limit of [100, 1, 0]) {
    assertEquals(codeOf(() => decodeHuffman(encoded, limit)), Http3Code.excessiveLoad);
  }
  assertEquals(decodeHuffman(new Uint8Array(0), 0).length, 0);
});

Deno.test("Huffman: what comes out has a buffer of its own", () => {
  const decoded = decodeHuffman(fromHex("6402"), 100);
  assertEquals(decoded.buffer.byteLength, 3);
});

Deno.test("Huffman: mutations", () => {
  surviveMutations(
    [...STRINGS.map(([, hex]) => fromHex(hex)), encodeHuffman(ALL_BYTES)],
    (bytes) => {
      // There is one code for each string.
      const decoded = decodeHuffman(bytes, 1000);
      assertEquals(encodeHuffman(decoded), bytes);
    },
    Http3Error,
    { count: 500 },
  );
});
