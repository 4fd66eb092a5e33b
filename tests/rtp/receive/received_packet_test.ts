import { assert, assertEquals } from "@std/assert";
import {
  extensionElement,
  parseReceivedPacket,
  type ReceivedPacket,
} from "../../../src/rtp/receive/received_packet.ts";
import { originalPacket } from "../../../src/rtp/receive/repair.ts";
import { assertMalformed, NoError, wellFormed } from "../../../testing/malformed.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { RTP_SAMPLES } from "../../fuzz/rtp_targets.ts";

const PLAIN = "80e0 0001 00000002 fedcba98 419a2a";

function parse(hex: string): ReceivedPacket {
  return wellFormed(parseReceivedPacket(fromHex(hex))) as ReceivedPacket;
}

Deno.test("a received packet: header, sources, extension and padding", () => {
  const cases: [string, string, Partial<ReceivedPacket>, string, string][] = [
    ["plain", PLAIN, { isMarked: true, payloadType: 96, sequence: 1, timestamp: 2 }, "", "419a2a"],
    [
      "without a marker",
      "8060 ffff ffffffff 00000003 41",
      {
        isMarked: false,
        sequence: 65_535,
        timestamp: 0xffff_ffff,
        ssrc: 3,
      },
      "",
      "41",
    ],
    ["two sources", "8260 0001 00000002 00000003 0000000b 0000000c 41", {}, "", "41"],
    [
      "an extension",
      "9060 0001 00000002 00000003 bede0001 10aa0000 41",
      {
        extensionProfile: 0xbede,
      },
      "10aa0000",
      "41",
    ],
    ["an empty extension", "9060 0001 00000002 00000003 bede0000 41", {}, "", "41"],
    ["padding", "a060 0001 00000002 00000003 41 000003", {}, "", "41"],
    ["nothing but padding", "a060 0001 00000002 00000003 000003", {}, "", ""],
    ["no payload", "8060 0001 00000002 00000003", {}, "", ""],
    [
      "all of it",
      "b160 0001 00000002 00000003 0000000b bede0001 10aa0000 41 0002",
      {},
      "10aa0000",
      "41",
    ],
  ];
  for (const [name, hex, expected, extension, payload] of cases) {
    const packet = parse(hex);
    for (const [field, value] of Object.entries(expected)) {
      assertEquals(packet[field as keyof ReceivedPacket], value, `${name}: ${field}`);
    }
    assertEquals([toHex(packet.extension), toHex(packet.payload)], [extension, payload], name);
  }
  assertEquals(parse(PLAIN).ssrc, 0xfedcba98);
});

Deno.test("a received packet: what is malformed", () => {
  const cases: [string, string, string][] = [
    ["nothing", "", "header must fit"],
    ["another version", "40e0 0001 00000002 00000003 41", "version must be 2"],
    ["sources beyond the end", "8f60 0001 00000002 00000003 41", "header must fit"],
    ["an extension beyond the end", "9060 0001 00000002 00000003 bede0001 10aa", "header must fit"],
    ["half an extension's head", "9060 0001 00000002 00000003 bede", "header must fit"],
    ["no padding", "a060 0001 00000002 00000003 4100", "padding must be"],
    ["padding beyond the header", "a060 0001 00000002 00000003 4103", "padding must be"],
    ["padding of nothing", "a060 0001 00000002 00000003", "padding must be"],
  ];
  for (const [name, hex, text] of cases) {
    assertMalformed(parseReceivedPacket(fromHex(hex)), text, name);
  }
  const whole = fromHex("9160 0001 00000002 00000003 0000000b bede0001 10aa0000");
  for (let size = 0; size < whole.length; size++) {
    assertMalformed(parseReceivedPacket(whole.subarray(0, size)), "", `${size} bytes`);
  }
});

Deno.test("elements of a header's extension, of one byte and of two", () => {
  const oneByte = { extensionProfile: 0xbede, extension: fromHex("10aa 0000 21bbcc f011 30dd") };
  const twoByte = { extensionProfile: 0x1000, extension: fromHex("1000 00 2002bbcc ff01dd 03") };
  const cases: [string, Parameters<typeof extensionElement>[0], number, string | undefined][] = [
    ["the first", oneByte, 1, "aa"],
    ["behind padding", oneByte, 2, "bbcc"],
    ["behind the end mark", oneByte, 3, undefined],
    ["none", oneByte, 4, undefined],
    ["of two bytes: empty", twoByte, 0x10, ""],
    ["of two bytes: behind padding", twoByte, 0x20, "bbcc"],
    ["of two bytes: the highest id", twoByte, 0xff, "dd"],
    ["of two bytes: without its size", twoByte, 3, undefined],
    ["application bits", { ...twoByte, extensionProfile: 0x100f }, 0x20, "bbcc"],
    ["another profile", { ...oneByte, extensionProfile: 0xbedd }, 1, undefined],
    ["beyond the end", { extensionProfile: 0xbede, extension: fromHex("1faabb00") }, 1, undefined],
  ];
  for (const [name, packet, id, expected] of cases) {
    const found = extensionElement(packet, id);
    assertEquals(found && toHex(found), expected, name);
  }
});

Deno.test("a repair packet is the packet that was lost", () => {
  const repair = parse("80e1 0007 00000002 0000000a 1234 419a2a");
  const original = originalPacket(repair, 96, 9)!;
  assertEquals([original.sequence, original.payloadType, original.ssrc], [0x1234, 96, 9]);
  assertEquals([original.timestamp, original.isMarked, toHex(original.payload)], [
    2,
    true,
    "419a2a",
  ]);
  assertEquals(originalPacket(parse("8061 0007 00000002 0000000a 12"), 96, 9), undefined);
});

Deno.test("received packets: mutations throw nothing and stay within the datagram", () => {
  surviveMutations(RTP_SAMPLES, (bytes) => {
    const packet = parseReceivedPacket(bytes);
    if (packet.kind === "malformed") return;
    for (let id = 0; id < 256; id++) extensionElement(packet, id);
    assert(packet.payload.length + packet.extension.length + 12 <= bytes.length);
  }, NoError);
});
