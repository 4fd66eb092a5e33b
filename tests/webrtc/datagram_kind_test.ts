import { assertEquals } from "@std/assert";
import { type DatagramKind, datagramKind } from "../../src/webrtc/datagram_kind.ts";

/** What RFC 7983 7 and RFC 5761 4 say, byte by byte. */
function expected(first: number, second: number): DatagramKind {
  if (first <= 3) return "stun";
  if (first <= 19) return "unknown"; // ZRTP from 16 on
  if (first <= 63) return "dtls";
  if (first <= 127) return "unknown"; // TURN channels, QUIC
  if (first <= 191) return second >= 192 && second <= 223 ? "rtcp" : "rtp";
  return "unknown";
}

Deno.test("datagrams are told apart by their first two bytes", () => {
  const datagram = new Uint8Array(20);
  for (let first = 0; first < 256; first++) {
    for (const second of [0, 63, 111, 191, 192, 200, 207, 223, 224, 239, 255]) {
      datagram[0] = first;
      datagram[1] = second;
      assertEquals(datagramKind(datagram), expected(first, second), `${first} ${second}`);
    }
  }
});

Deno.test("datagrams too short for what they seem to be are unknown", () => {
  const cases = [[0, 0, 20], [22, 254, 13], [128, 111, 12], [128, 201, 8]] as const;
  for (const [first, second, shortest] of cases) {
    for (let length = 0; length < 24; length++) {
      const datagram = new Uint8Array(length);
      datagram.set([first, second].slice(0, length));
      assertEquals(datagramKind(datagram) === "unknown", length < shortest, `${first} ${length}`);
    }
  }
});
