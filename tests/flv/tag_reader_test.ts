import { assertEquals, assertThrows } from "@std/assert";
import { FlvError } from "../../src/flv/flv_error.ts";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import {
  FlvReader,
  type FlvReaderOptions,
  MAX_FLV_HEADER_SIZE,
} from "../../testing/flv/tag_reader.ts";
import { FLV_FILE } from "../../testing/media/corpus.ts";
import { everySplit, fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";

/** A line for every record, and one for what is left over. */
function readAll(pieces: readonly Uint8Array[], options?: FlvReaderOptions): string[] {
  const reader = new FlvReader(options);
  const lines: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    let record;
    while ((record = reader.next()) !== undefined) {
      lines.push(
        record.kind === "header"
          ? `header audio ${record.hasAudio} video ${record.hasVideo}`
          : `${
            record.isEncrypted ? "encrypted " : ""
          }tag ${record.type} at ${record.timestampMs}: ${toHex(record.body)}`,
      );
    }
  }
  if (reader.pending > 0) lines.push(`pending ${reader.pending}`);
  return lines;
}

const HEADER = toHex(writeFlvHeader({ hasAudio: true, hasVideo: true }));

const FILE = Uint8Array.of(
  ...fromHex(HEADER),
  ...encodeTag(TAG_SCRIPT, 0, fromHex("05")),
  ...encodeTag(TAG_VIDEO, 0x89abcdef, fromHex("1702000000")),
  ...encodeTag(TAG_AUDIO, 23, new Uint8Array(0)),
);

const LINES = [
  "header audio true video true",
  "tag 18 at 0: 05",
  `tag 9 at ${0x89abcdef}: 1702000000`,
  "tag 8 at 23: ",
];

Deno.test("FLV file: in every split", () => {
  for (const pieces of everySplit(FILE)) assertEquals(readAll(pieces, { strict: true }), LINES);
});

Deno.test("FLV file: cut short, the rest is pending", () => {
  const whole = 13 + 16;
  for (let length = whole; length < whole + 20; length++) {
    const lines = readAll([FILE.subarray(0, length)]);
    assertEquals(lines.slice(0, 2), LINES.slice(0, 2));
    assertEquals(lines.slice(2), length === whole ? [] : [`pending ${length - whole}`]);
  }
});

Deno.test("FLV file of ffmpeg", () => {
  const lines = readAll([FLV_FILE], { strict: true });
  assertEquals(lines.length, 22);
  assertEquals(lines[0], "header audio true video true");
  assertEquals(lines.map((line) => line.split(":")[0]).slice(1, 7), [
    "tag 18 at 0",
    "tag 9 at 0",
    "tag 8 at 0",
    "tag 9 at 0",
    "tag 8 at 77",
    "tag 9 at 100",
  ]);
  assertEquals(lines.at(-1), "tag 9 at 200: 1702000000");
});

Deno.test("FLV file: what only a strict reader refuses", () => {
  const table = [
    ["reserved bits", "464c5601ff0000000900000000", "", "header audio true video true"],
    ["PreviousTagSize0", "464c5601050000000900000001", "", "header audio true video true"],
    ["PreviousTagSize", HEADER, "12000001000000000000000500000000", "tag 18 at 0: 05"],
    ["stream id", HEADER, "1200000100000000000001050000000c", "tag 18 at 0: 05"],
    ["type", HEADER, "1300000100000000000000050000000c", "tag 19 at 0: 05"],
    ["type", HEADER, "2900000100000000000000050000000c", "encrypted tag 9 at 0: 05"],
  ] as const;
  for (const [what, header, tag, expected] of table) {
    const file = fromHex(header + tag);
    assertEquals(readAll([file]).at(-1), expected);
    assertThrows(() => readAll([file], { strict: true }), FlvError, what);
  }
});

Deno.test("FLV header: longer ones up to the limit", () => {
  const withHeader = (size: number) => {
    const header = new Uint8Array(size + 4);
    header.set(fromHex(HEADER).subarray(0, 5));
    new DataView(header.buffer).setUint32(5, size);
    return Uint8Array.of(...header, ...FILE.subarray(13));
  };
  assertEquals(readAll([withHeader(12)], { strict: true }), LINES);
  assertEquals(readAll([withHeader(MAX_FLV_HEADER_SIZE)]), LINES);
  assertThrows(() => readAll([withHeader(MAX_FLV_HEADER_SIZE + 1)]), FlvError, "got 1025");
});

Deno.test("FLV tags: bodies up to the limit, refused before they arrive", () => {
  assertEquals(readAll([FILE], { maxBodySize: 5 }), LINES);
  const start = FILE.subarray(0, 13 + 16 + 11);
  assertThrows(() => readAll([start], { maxBodySize: 4 }), FlvError, "up to 4 bytes, got 5");
});

Deno.test("FLV reader: an error stays", () => {
  const reader = new FlvReader();
  reader.push(fromHex("00".repeat(9)));
  assertThrows(() => reader.next(), FlvError, "must start with");
  reader.push(FILE);
  assertThrows(() => reader.next(), FlvError, "must start with");
});

Deno.test("FLV reader survives mutations", () => {
  surviveMutations([FILE], (bytes) => void readAll([bytes]), FlvError);
  surviveMutations([FLV_FILE], (bytes) => void readAll([bytes]), FlvError, { count: 500 });
});
