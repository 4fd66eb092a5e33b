import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { writeCname, writeSenderReport } from "../../src/rtp/rtcp_writer.ts";
import { writeBye } from "../../testing/webrtc/rtcp_bye.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { toHex } from "../../testing/mutation.ts";

const CONTENT = {
  ssrc: 0xfedcba98,
  ntp: { seconds: 0xe8fe6ff0, fraction: 0x80000001 },
  rtpTimestamp: 0xffffffff,
  packetCount: 2 ** 32 + 2,
  octetCount: 3,
};

Deno.test("sender report: every field in its place, counts wrap", () => {
  const writer = new ByteWriter();
  writeSenderReport(writer, CONTENT);
  assertEquals(
    toHex(writer.take()),
    "80c80006fedcba98e8fe6ff080000001ffffffff0000000200000003",
  );
});

Deno.test("CNAME: ended by one to four zeros, whatever its length", () => {
  const cases: [string, string][] = [
    ["", "81ca 0002 00000007 0100 0000"],
    ["a", "81ca 0002 00000007 0101 61 00"],
    ["ab", "81ca 0003 00000007 0102 6162 00000000"],
    ["abc", "81ca 0003 00000007 0103 616263 000000"],
    ["é", "81ca 0003 00000007 0102 c3a9 00000000"],
  ];
  for (const [cname, hex] of cases) {
    const writer = new ByteWriter();
    writeCname(writer, 7, cname);
    assertEquals(toHex(writer.take()), hex.replaceAll(" ", ""));
  }
  for (const length of [252, 253, 254, 255]) {
    const writer = new ByteWriter();
    writeCname(writer, 7, "x".repeat(length));
    assertEquals(parseRtcp(writer.take()), [{ kind: "sourceDescription" }]);
  }
  const writer = new ByteWriter();
  assertThrows(() => writeCname(writer, 7, "é".repeat(128)), RtpError, "got 256");
  assertEquals(writer.length, 0);
});

Deno.test("BYE: up to 31 sources", () => {
  const writer = new ByteWriter();
  writeBye(writer, [7, 0xffffffff]);
  assertEquals(toHex(writer.take()), "82cb000200000007ffffffff");
  const many = Array.from({ length: 31 }, (_, at) => at);
  writeBye(writer, many);
  assertEquals(parseRtcp(writer.take()), [{ kind: "bye", ssrcs: many }]);
  assertThrows(() => writeBye(writer, [...many, 31]), RtpError, "got 32");
  assertEquals(writer.length, 0);
});

Deno.test("a compound reads as it was written", () => {
  const writer = new ByteWriter();
  writeSenderReport(writer, CONTENT);
  writeCname(writer, CONTENT.ssrc, "a1b2c3");
  writeBye(writer, [CONTENT.ssrc]);
  assertEquals(parseRtcp(writer.take()), [
    {
      kind: "senderReport",
      ssrc: CONTENT.ssrc,
      ntpSeconds: 0xe8fe6ff0,
      ntpFraction: 0x80000001,
      rtpTimestamp: 0xffffffff,
      packetCount: 2,
      octetCount: 3,
      blocks: [],
    },
    { kind: "sourceDescription" },
    { kind: "bye", ssrcs: [CONTENT.ssrc] },
  ]);
});
