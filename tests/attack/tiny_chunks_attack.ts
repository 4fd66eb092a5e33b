import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import type { Attack } from "./attack.ts";
import { FLOOD_SIZE, publisherFlood } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A type 3 chunk on chunk stream 4, of one byte. */
const TINY_CHUNK = [0xc4, 0];

/** A message of a type that nobody knows, in chunks of one byte. */
function messageInTinyChunks(length: number): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(2 * length + 32);
  out.u8(4).u24(0).u24(length).u8(MESSAGE_TYPE.AUDIO).u32(0).u8(0xaf);
  for (let at = 1; at < length; at++) out.u8(TINY_CHUNK[0]!).u8(TINY_CHUNK[1]!);
  return out.take();
}

/** Messages that come in chunks of 1 byte, which each have a header. */
export const TINY_CHUNKS_ATTACK: Attack = threadAttack({
  name: "chunks of 1 byte",
  flood: (gateway, peers) =>
    publisherFlood(gateway, peers, {
      payload: messageInTinyChunks(FLOOD_SIZE / 2),
      chunkSize: 1,
    }),
});
