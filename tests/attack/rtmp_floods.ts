/** What publishers send who want to cost a shard its time. */
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import {
  ClientMessages,
  publisherPreamble,
  SERVER_HANDSHAKE_LENGTH,
} from "../../testing/rtmp/client.ts";
import { Flood } from "./flood.ts";

/** Bytes of a payload: it is written as a whole. */
export const FLOOD_SIZE = 256 * 1024;

/** Publishers of streams of their own that send `payload` over and over. */
export function publisherFlood(
  { rtmpPort }: GatewayProcess,
  peers: number,
  { first = new Uint8Array(0), payload, chunkSize = 65_536 }: {
    /** Sent once, behind the answer to `publish`. */
    readonly first?: Uint8Array;
    readonly payload: Uint8Array<ArrayBuffer>;
    readonly chunkSize?: number;
  },
): Flood {
  const openings = Array.from({ length: peers }, (_, at) => {
    const preamble = publisherPreamble({ app: "live", name: `attacker${at}`, chunkSize });
    return new ByteWriter(16 * 1024).bytes(preamble).bytes(first).take();
  });
  return Flood.overTcp(rtmpPort, { openings, payload, answerBytes: SERVER_HANDSHAKE_LENGTH + 100 });
}

/** `piece` as often as it fits. */
export function repeated(piece: Uint8Array, size = FLOOD_SIZE): Uint8Array<ArrayBuffer> {
  const count = Math.max(1, Math.floor(size / piece.length));
  const all = new Uint8Array(count * piece.length);
  for (let at = 0; at < count; at++) all.set(piece, at * piece.length);
  return all;
}

/** One message by its own chunks. */
export function rawMessage(
  typeId: number,
  payload: Uint8Array,
  { chunkStreamId = 4, streamId = 1, chunkSize = 65_536 } = {},
): Uint8Array<ArrayBuffer> {
  const messages = new ClientMessages(payload.length + 64).chunkSize(chunkSize);
  messages.take();
  return messages.raw({ chunkStreamId, typeId, streamId, timestampMs: 0, payload }).take();
}
