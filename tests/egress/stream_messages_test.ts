import { assertEquals } from "@std/assert";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { StreamMessages } from "../../src/egress/stream_messages.ts";
import { TAG_SCRIPT } from "../../src/flv/tag.ts";
import { RecordFlag } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { openLog } from "../stream/log_samples.ts";

/** What a publisher says, and what of it is passed on. */
function setUp() {
  const { shared, writer } = openLog();
  const messages = new StreamMessages(new LogReader(shared));
  const say = (body: Uint8Array) => {
    const copy = body.slice();
    writer.append({ type: TAG_SCRIPT, timestampMs: 0, body: copy, flags: RecordFlag.script });
    writer.flush();
  };
  return { say, read: () => messages.read().map(({ text }) => JSON.parse(text).values?.[0]) };
}

/** AMF3 within AMF0 (`amf3` marker): a list of one text, which all others refer to. */
function repeatedText(length: number, count: number): Uint8Array {
  const number = (value: number) => [value >> 7 | 0x80, value & 0x7f];
  const name = [2, 0, 1, "a".charCodeAt(0)];
  const text = [6, ...number(length << 1 | 1), ...new Array(length).fill(1)];
  const references = new Array(count - 1).fill([6, 0]).flat();
  return Uint8Array.of(...name, 0x11, 9, ...number(count << 1 | 1), 1, ...text, ...references);
}

Deno.test("StreamMessages: texts that references repeat count as often as they are there", () => {
  const { say, read } = setUp();
  say(repeatedText(100, 3));
  say(repeatedText(6000, 2700));
  say(repeatedText(1000, 17));
  assertEquals(read(), [new Array(3).fill("\u0001".repeat(100))]);
});

Deno.test("StreamMessages: what is left out counts to what is looked at in one go", () => {
  const { say, read } = setUp();
  for (let at = 0; at < 31; at++) say(repeatedText(1000, 17));
  say(encodeAmf0("a", 1));
  say(encodeAmf0("a", 2));
  assertEquals(read(), [1]);
  say(encodeAmf0("a", 3));
  assertEquals(read(), [3]);
});
