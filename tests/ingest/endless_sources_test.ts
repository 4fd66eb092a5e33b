import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import { optionsFor, REPAIR_TYPE, VIDEO_TYPE } from "./simulated_publisher.ts";

const RID_ID = 5;

/** A packet of any source that names a layer, whatever that is. */
function packetOf(ssrc: number, rid: string, payloadType = VIDEO_TYPE): Uint8Array {
  const name = new TextEncoder().encode(rid);
  const element = new ByteWriter().u8(RID_ID << 4 | name.length - 1).bytes(name);
  while (element.length % 4 > 0) element.u8(0);
  const extension = element.take();
  return new ByteWriter().u8(0x90).u8(0x80 | payloadType).u16(ssrc & 0xffff).u32(ssrc).u32(ssrc)
    .u16(0xbede).u16(extension.length / 4).bytes(extension).u16(0x1000).take();
}

Deno.test("sources and names of layers without end make no more layers than were agreed on", () => {
  const options = optionsFor("vp8");
  const tracks = [{ ...options.tracks[0]!, rids: ["h", "l"] }];
  const extensions = { ...options.extensions, rid: RID_ID };
  const media = new ReceivedMedia({ ...options, tracks, extensions });
  const verdicts = new Map<string, number>();
  for (let at = 0; at < 20_000; at++) {
    const rid = at % 3 === 0 ? `x${at % 1000}` : at % 3 === 1 ? "h" : "l";
    const type = at % 2 === 0 ? VIDEO_TYPE : REPAIR_TYPE;
    const verdict = media.takeRtp(packetOf(1000 + at, rid, type), at / 10);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    while (media.next() !== undefined);
    while (media.nextFeedback(at / 10) !== undefined);
  }
  assertEquals(media.describe().layers.map(({ rid }) => rid), ["h", "l"]);
  // Of each layer the first source, as others take it over only when it is silent for long.
  assert((verdicts.get("taken") ?? 0) <= 20, `${JSON.stringify([...verdicts])}`);
});
