import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { frameForTcp, TcpFrameReader } from "../../../src/webrtc/ice/tcp_framing.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { everySplit, fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

function readFrames(pieces: Iterable<Uint8Array>, maxFrameLength?: number): string[] {
  const frames = new TcpFrameReader(maxFrameLength);
  const seen: string[] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
      seen.push(toHex(frame));
    }
  }
  return seen;
}

Deno.test("TCP framing: packets come out whole, however the stream is cut", () => {
  const stream = fromHex("0003 a1a2a3 0000 0001 b1 0002 c1c2 0002 d1");
  for (const pieces of everySplit(stream)) {
    assertEquals(readFrames(pieces), ["a1a2a3", "b1", "c1c2"]);
  }
});

Deno.test("TCP framing: a packet over the limit ends the stream before it is stored", () => {
  assertEquals(readFrames([fromHex("0003a1a2a3")], 3), ["a1a2a3"]);
  assertThrows(() => readFrames([fromHex("0004")], 3), WebrtcError, "must be up to 3 bytes, got 4");
});

Deno.test("TCP framing: what is written is read", () => {
  const long = new Uint8Array(0xffff).fill(7);
  const stream = new ByteWriter().bytes(frameForTcp(fromHex("0102"))).bytes(frameForTcp(long))
    .take();
  assertEquals(readFrames([stream], 0xffff), ["0102", toHex(long)]);
  assertThrows(() => frameForTcp(new Uint8Array(0x10000)), WebrtcError, "got 65536");
});

Deno.test("TCP framing: survives mutation", () => {
  surviveMutations([fromHex("0003a1a2a30001b1")], (bytes) => readFrames([bytes]), WebrtcError);
});
