import { assertEquals } from "@std/assert";
import { RtmpCheck } from "./rtmp_check.ts";
import { ClientMessages, SERVER_HANDSHAKE_LENGTH } from "../testing/rtmp/client.ts";

const HANDSHAKE = new Uint8Array(SERVER_HANDSHAKE_LENGTH);
const CONFIGURATION = Uint8Array.of(0x17, 0, 0, 0, 0, 1);

const picture = (start: number, size: number) => {
  const body = new Uint8Array(size);
  body.set([start, 1]);
  return body;
};

/** Chunks of two groups, in small chunks first and large ones then. */
function dialogue(): Uint8Array {
  return new ClientMessages()
    .video(0, CONFIGURATION)
    .video(0, picture(0x17, 3000)).audio(1, Uint8Array.of(0xaf, 1, 9))
    .chunkSize(60_000)
    .video(40, picture(0x27, 100_000)).audio(30, Uint8Array.of(0xaf, 1))
    .video(0x1_000_000, picture(0x17, 70_000))
    .audio(0x1_000_000, new Uint8Array(0))
    .take();
}

function check(bytes: Uint8Array, step = bytes.length): RtmpCheck {
  const check = new RtmpCheck();
  check.consume(HANDSHAKE, 0, HANDSHAKE.length);
  for (let at = 0; at < bytes.length; at += step) {
    check.consume(bytes, at, Math.min(bytes.length, at + step));
  }
  return check;
}

Deno.test("RtmpCheck: counts what came whole, however it is cut", () => {
  const bytes = dialogue();
  for (const step of [bytes.length, 1, 2, 3, 127, 4096]) {
    const { videoFrames, keyFrames, audioTags, gaps, errors, bytes: length } = check(bytes, step);
    assertEquals([videoFrames, keyFrames, audioTags, gaps, errors], [3, 2, 2, 1, 0], `${step}`);
    assertEquals(length, bytes.length);
  }
  assertEquals(check(bytes.subarray(0, -1)).videoFrames, 3);
  assertEquals(check(bytes.subarray(0, 2000)).videoFrames, 0);
});

Deno.test("RtmpCheck: finds what is wrong", () => {
  const faults: readonly (readonly [ClientMessages, string])[] = [
    [
      new ClientMessages().video(0, CONFIGURATION).video(0, picture(0x27, 9)),
      "first picture is no key frame",
    ],
    [new ClientMessages().video(0, picture(0x17, 9)), "picture before its configuration"],
    [
      new ClientMessages().audio(50, picture(0xaf, 9)).audio(40, picture(0xaf, 9)),
      "audio timestamp went back from 50 to 40 ms",
    ],
  ];
  for (const [messages, fault] of faults) assertEquals(check(messages.take()).firstError, fault);
});
