import { assertEquals } from "@std/assert";
import { ControlWord, Slot } from "../../src/stream/log_layout.ts";
import { LogMemory } from "../../src/stream/log_memory.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogTags } from "../../src/stream/log_tags.ts";
import { configuration, keyFrame, openLog } from "./log_samples.ts";

/** The bodies of all that there is to read. */
function bodies(tags: LogTags): Uint8Array[] {
  const read: Uint8Array[] = [];
  for (let tag = tags.next(); tag !== undefined; tag = tags.next()) read.push(tag.body.slice());
  return read;
}

Deno.test("LogTags: who begins between a configuration's record and its slot gets it", () => {
  const { shared, writer } = openLog();
  const first = configuration(0);
  writer.append(first);
  const tags = new LogTags(new LogReader(shared));
  writer.writeSlot(Slot.videoConfiguration, first.body);
  const picture = keyFrame(0);
  writer.append(picture);
  assertEquals(bodies(tags), [first.body, picture.body]);
});

Deno.test("LogTags: who begins while a slot is being written gets what is in it a little later", () => {
  const { shared, writer } = openLog();
  const first = configuration(0);
  const picture = keyFrame(0);
  writer.appendConfiguration(Slot.videoConfiguration, first);
  writer.append(picture);
  const { control } = new LogMemory(shared);
  Atomics.add(control, ControlWord.slotVersion, 1);
  const tags = new LogTags(new LogReader(shared));
  assertEquals(bodies(tags), []);
  Atomics.add(control, ControlWord.slotVersion, 1);
  assertEquals(bodies(tags), [first.body, picture.body]);
});
